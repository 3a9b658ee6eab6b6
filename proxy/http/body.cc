// SPDX-License-Identifier: Apache-2.0
//
// See body.h. The chunked coding as a small machine: payload is taken in runs, framing a byte at a
// time. Lines end in CRLF and nothing else (RFC 9112 7.1 and its erratum 7633).
#include "proxy/http/body.h"

#include <algorithm>

#include "proxy/base/ascii.h"
#include "proxy/base/assert.h"

namespace weir::http {

void BodyReader::begin(const Framing& framing) {
  left_ = framing.length;
  extension_bytes_ = 0;
  digits_ = 0;
  trailers_.clear();
  trailer_line_ = 0;
  switch (framing.kind) {
    case BodyKind::None:
      state_ = State::Over;
      break;
    case BodyKind::Length:
      state_ = left_ == 0 ? State::Over : State::Length;
      break;
    case BodyKind::Chunked:
      state_ = State::SizeFirst;
      left_ = 0;
      break;
    case BodyKind::UntilClose:
      state_ = State::UntilClose;
      break;
  }
}

std::uint64_t BodyReader::sure_payload() const {
  switch (state_) {
    case State::Length:
    case State::Data:
      return left_;
    case State::UntilClose:
      return UINT64_MAX;
    default:
      return 0;
  }
}

void BodyReader::skip(std::uint64_t n) {
  WEIR_ASSERT(n <= sure_payload());
  if (state_ == State::UntilClose || n == 0) {
    return;
  }
  left_ -= n;
  if (left_ == 0) {
    state_ = state_ == State::Length ? State::Over : State::DataCr;
  }
}

bool BodyReader::close() {
  if (state_ == State::UntilClose) {
    state_ = State::Over;
  }
  return state_ == State::Over;
}

BodyStep BodyReader::next(std::string_view in) {
  BodyStep out;
  while (out.used < in.size() && state_ < State::Over) {
    const std::uint64_t sure = sure_payload();
    if (sure == 0) {
      step_frame(in[out.used++]);
      continue;
    }
    const auto take = static_cast<std::size_t>(std::min<std::uint64_t>(sure, in.size() - out.used));
    out.payload = in.substr(out.used, take);
    out.used += take;
    skip(take);
    break;
  }
  out.over = state_ == State::Over;
  out.bad = state_ > State::Over;
  return out;
}

void BodyReader::step_frame(char c) {
  switch (state_) {
    case State::SizeFirst:
    case State::Size:
      size_digit(c);
      break;
    case State::SizeSpace:
      state_ = c == ';' ? State::Extension : c == ' ' || c == '\t' ? State::SizeSpace : State::Bad;
      extension_bytes_ += 1;
      break;
    case State::Extension:
      state_ = c == '\r' ? State::SizeLf : is(c, kFieldVchar) ? State::Extension : State::Bad;
      extension_bytes_ += 1;
      break;
    case State::SizeLf:
      if (c == '\n') {
        after_size_line();
      } else {
        state_ = State::Bad;
      }
      break;
    case State::DataCr:
      state_ = c == '\r' ? State::DataLf : State::Bad;
      break;
    case State::DataLf:
      state_ = c == '\n' ? State::SizeFirst : State::Bad;
      digits_ = 0;
      break;
    case State::Trailer:
    case State::TrailerLf:
      trailer_byte(c);
      break;
    default:
      break;
  }
  if (extension_bytes_ > kMaxExtensions) {
    state_ = State::Bad;
  }
}

void BodyReader::size_digit(char c) {
  if (is(c, kHexDigit)) {
    // One digit short of 64 bits keeps sums from wrapping; so many digits are nobody's chunk.
    if (++digits_ > kMaxSizeDigits || left_ > (UINT64_MAX >> 5)) {
      state_ = State::Bad;
      return;
    }
    left_ = left_ * 16 + hex_value(c);
    state_ = State::Size;
    return;
  }
  if (state_ == State::SizeFirst) {
    state_ = State::Bad;
    return;
  }
  after_size(c);
}

void BodyReader::after_size(char c) {
  if (c == '\r') {
    state_ = State::SizeLf;
  } else if (c == ';') {
    state_ = State::Extension;
  } else if (c == ' ' || c == '\t') {
    state_ = State::SizeSpace;
  } else {
    state_ = State::Bad;
  }
}

void BodyReader::after_size_line() {
  state_ = left_ == 0 ? State::Trailer : State::Data;
}

void BodyReader::trailer_byte(char c) {
  if (state_ == State::TrailerLf) {
    if (c != '\n') {
      state_ = State::BadTrailer;
      return;
    }
    const bool empty = trailers_.size() == trailer_line_;
    if (empty) {
      state_ = State::Over;
      return;
    }
    trailers_ += "\r\n";
    trailer_line_ = trailers_.size();
    state_ = State::Trailer;
    return;
  }
  if (c == '\r') {
    state_ = State::TrailerLf;
    return;
  }
  if (!is(c, kFieldVchar) || trailers_.size() >= kMaxTrailers) {
    state_ = State::BadTrailer;
    return;
  }
  trailers_ += c;
}

}  // namespace weir::http
