// SPDX-License-Identifier: Apache-2.0
//
// See codec.h. zlib for gzip (several members in a row, RFC 1952 2.2) and deflate (with the zlib
// head that RFC 9110 wants, or bare as some servers send it), brotli, and zstd (frames in a row,
// windows of at most 8 MiB: RFC 9659; the standard's format alone).
#include "filters/body/codec.h"

#include <brotli/decode.h>
#include <zlib.h>
#include <zstd.h>

#include <algorithm>
#include <climits>

namespace weir::filters {
namespace {

constexpr int kZstdWindowLog = 23;

uInt bounded(std::size_t n) {
  return static_cast<uInt>(std::min<std::size_t>(n, UINT_MAX));
}

// One zlib stream.
class Inflater {
 public:
  explicit Inflater(int window_bits) : ready_(inflateInit2(&stream_, window_bits) == Z_OK) {}
  Inflater(const Inflater&) = delete;
  Inflater& operator=(const Inflater&) = delete;
  ~Inflater() {
    if (ready_) {
      inflateEnd(&stream_);
    }
  }
  bool ready() const { return ready_; }
  bool again() { return inflateReset(&stream_) == Z_OK; }

  Codec::Result undo(std::string_view in, std::span<char> to) {
    // zlib promises not to write there.
    stream_.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(in.data()));
    stream_.avail_in = bounded(in.size());
    stream_.next_out = reinterpret_cast<Bytef*>(to.data());
    stream_.avail_out = bounded(to.size());
    const int code = inflate(&stream_, Z_NO_FLUSH);
    Codec::Result out;
    out.flow.used = bounded(in.size()) - stream_.avail_in;
    out.flow.made = bounded(to.size()) - stream_.avail_out;
    out.ended = code == Z_STREAM_END;
    out.bad = code != Z_OK && code != Z_BUF_ERROR && code != Z_STREAM_END;
    return out;
  }

 private:
  z_stream stream_{};
  bool ready_;
};

class Gzip final : public Codec {
 public:
  bool ready() const { return inflater_.ready(); }

  Result undo(std::string_view in, std::span<char> to) override {
    if (between_) {
      return next_member(in);
    }
    Result out = inflater_.undo(in, to);
    if (out.ended) {
      out.ended = false;
      between_ = true;
      matched_ = 0;
    }
    return out;
  }
  bool may_end() const override { return between_; }

 private:
  // Behind a member: another one begins with two marks; anything else is not ours.
  Result next_member(std::string_view in) {
    constexpr std::string_view kMarks = "\x1f\x8b";
    Result out;
    while (out.flow.used < in.size()) {
      if (in[out.flow.used] != kMarks[matched_]) {
        out.ended = true;
        return out;
      }
      ++out.flow.used;
      if (++matched_ == kMarks.size()) {
        char nothing = 0;
        between_ = false;
        out.bad = !inflater_.again() || inflater_.undo(kMarks, {&nothing, 1}).bad;
        return out;
      }
    }
    return out;
  }

  Inflater inflater_{15 + 16};
  bool between_ = false;
  std::size_t matched_ = 0;
};

class Deflate final : public Codec {
 public:
  Result undo(std::string_view in, std::span<char> to) override {
    if (inflater_ != nullptr) {
      return inflater_->undo(in, to);
    }
    Result out;
    while (seen_ < head_.size() && out.flow.used < in.size()) {
      head_[seen_++] = in[out.flow.used++];
    }
    if (seen_ == head_.size()) {
      begin(to, out);
    }
    return out;
  }

 private:
  void begin(std::span<char> to, Result& out) {
    const unsigned first = static_cast<unsigned char>(head_[0]);
    const unsigned second = static_cast<unsigned char>(head_[1]);
    const bool has_head = (first & 0x0f) == 8 && (first * 256 + second) % 31 == 0;
    inflater_ = std::make_unique<Inflater>(has_head ? 15 : -15);
    if (!inflater_->ready()) {
      out.bad = true;
      return;
    }
    // Without a head, two bytes can hold one byte of payload, and there is room for one.
    const Result head = inflater_->undo({head_.data(), head_.size()}, to);
    out.flow.made = head.flow.made;
    out.bad = head.bad;
    out.ended = head.ended;
  }

  std::unique_ptr<Inflater> inflater_;
  std::array<char, 2> head_{};
  std::size_t seen_ = 0;
};

class Brotli final : public Codec {
 public:
  Brotli() : state_(BrotliDecoderCreateInstance(nullptr, nullptr, nullptr)) {}
  Brotli(const Brotli&) = delete;
  Brotli& operator=(const Brotli&) = delete;
  ~Brotli() override { BrotliDecoderDestroyInstance(state_); }
  bool ready() const { return state_ != nullptr; }

  Result undo(std::string_view in, std::span<char> to) override {
    std::size_t in_left = in.size();
    std::size_t out_left = to.size();
    const auto* next_in = reinterpret_cast<const std::uint8_t*>(in.data());
    auto* next_out = reinterpret_cast<std::uint8_t*>(to.data());
    const BrotliDecoderResult code =
        BrotliDecoderDecompressStream(state_, &in_left, &next_in, &out_left, &next_out, nullptr);
    Result out;
    out.flow = {in.size() - in_left, to.size() - out_left};
    out.ended = code == BROTLI_DECODER_RESULT_SUCCESS;
    out.bad = code == BROTLI_DECODER_RESULT_ERROR;
    return out;
  }

 private:
  BrotliDecoderState* state_;
};

// A frame's head is handed over byte by byte: the library takes what follows a part of a head for
// the beginning of a frame when it looks for one that it can undo at once.
class Zstd final : public Codec {
 public:
  Zstd() : stream_(ZSTD_createDStream()) {
    if (stream_ != nullptr) {
      ZSTD_DCtx_setParameter(stream_, ZSTD_d_windowLogMax, kZstdWindowLog);
    }
  }
  Zstd(const Zstd&) = delete;
  Zstd& operator=(const Zstd&) = delete;
  ~Zstd() override { ZSTD_freeDStream(stream_); }
  bool ready() const { return stream_ != nullptr; }

  Result undo(std::string_view in, std::span<char> to) override {
    Result out;
    while (seen_ < kLongestHead && out.flow.used < in.size()) {
      if (!can_follow(in[out.flow.used])) {
        out.bad = true;
        return out;
      }
      if (!hand_over(in.substr(out.flow.used, 1), to, out)) {
        return out;
      }
    }
    if (seen_ != 0) {
      hand_over(in.substr(out.flow.used), to, out);
    }
    return out;
  }
  bool may_end() const override { return seen_ == 0; }

 private:
  static constexpr std::size_t kLongestHead = 18;

  // False when neither a frame nor one to be skipped begins so (RFC 8878 3.1). The library would
  // undo the formats from before the standard, too, without the limit on the window.
  bool can_follow(char byte) {
    constexpr std::string_view kFrame = "\x28\xb5\x2f\xfd";
    constexpr std::string_view kSkipped = "\x50\x2a\x4d\x18";
    if (seen_ == 0) {
      skipped_ = (byte & 0xf0) == 0x50;
      return skipped_ || byte == kFrame[0];
    }
    return seen_ >= kFrame.size() || byte == (skipped_ ? kSkipped : kFrame)[seen_];
  }

  // False when nothing was taken: there is no room, or a fault.
  bool hand_over(std::string_view in, std::span<char> to, Result& out) {
    ZSTD_inBuffer from{in.data(), in.size(), 0};
    ZSTD_outBuffer into{to.data(), to.size(), out.flow.made};
    const std::size_t code = ZSTD_decompressStream(stream_, &into, &from);
    out.bad = ZSTD_isError(code) != 0;
    out.flow.used += from.pos;
    out.flow.made = into.pos;
    seen_ = code == 0 ? 0 : seen_ + from.pos;
    return !out.bad && from.pos != 0;
  }

  ZSTD_DStream* stream_;
  std::size_t seen_ = 0;  // bytes of the frame
  bool skipped_ = false;  // the frame is one that holds nothing to show
};

template <class Kind>
std::unique_ptr<Codec> ready_or_null() {
  auto codec = std::make_unique<Kind>();
  return codec->ready() ? std::move(codec) : nullptr;
}

}  // namespace

std::unique_ptr<Codec> make_codec(ContentCoding coding) {
  switch (coding) {
    case ContentCoding::Gzip:
      return ready_or_null<Gzip>();
    case ContentCoding::Deflate:
      return std::make_unique<Deflate>();
    case ContentCoding::Brotli:
      return ready_or_null<Brotli>();
    case ContentCoding::Zstd:
      return ready_or_null<Zstd>();
  }
  return nullptr;
}

}  // namespace weir::filters
