// SPDX-License-Identifier: Apache-2.0
//
// See framing.h.
#include "proxy/http/framing.h"

#include "proxy/base/ascii.h"

namespace weir::http {
namespace {

// The largest body we count: one bit below 64, so that sums of lengths cannot wrap.
constexpr std::uint64_t kMaxLength = INT64_MAX;

enum class Coding : std::uint8_t { None, Chunked, Unknown, Malformed };

// Transfer-Encoding must be the single word chunked on a single line. A list that ends in chunked
// is a coding we do not speak; anything where chunked is not last and alone, or named twice, is
// malformed.
Coding transfer_coding(const Fields& fields) {
  const std::size_t lines = fields.count(FieldId::TransferEncoding);
  if (lines == 0) {
    return Coding::None;
  }
  const std::string_view value = fields.value(FieldId::TransferEncoding);
  if (lines == 1 && same_ignoring_case(value, "chunked")) {
    return Coding::Chunked;
  }
  std::size_t chunked = 0;
  std::size_t elements = 0;
  bool last_is_chunked = false;
  for (const Field& line : fields.lines) {
    if (line.id == FieldId::TransferEncoding) {
      each_element(line.value, [&](std::string_view element) {
        last_is_chunked = same_ignoring_case(element, "chunked");
        chunked += last_is_chunked ? 1 : 0;
        ++elements;
        return true;
      });
    }
  }
  const bool plain_unknown = chunked == 0 && elements > 0;
  return plain_unknown || (chunked == 1 && last_is_chunked && elements > 1) ? Coding::Unknown
                                                                            : Coding::Malformed;
}

}  // namespace

ContentLength content_length(const Fields& fields) {
  ContentLength out;
  for (const Field& line : fields.lines) {
    if (line.id != FieldId::ContentLength) {
      continue;
    }
    const auto value = parse_decimal(line.value, kMaxLength);
    if (!value || (out.present && *value != out.value)) {
      out.present = true;
      out.valid = false;
      return out;
    }
    out.present = true;
    out.value = *value;
  }
  return out;
}

Result<Framing> request_framing(const RequestHead& head) {
  const Coding coding = transfer_coding(head.fields);
  const ContentLength length = content_length(head.fields);
  if (coding != Coding::None) {
    if (length.present) {
      return fail(Failure::LengthAndCoding);  // RFC 9112 6.1: the mark of a smuggled request
    }
    if (head.minor == 0 || coding == Coding::Malformed) {
      return fail(Failure::BadTransferEncoding);
    }
    if (coding == Coding::Unknown) {
      return fail(Failure::UnknownTransferCoding);
    }
    return Framing{BodyKind::Chunked, 0};
  }
  if (!length.valid) {
    return fail(Failure::BadContentLength);
  }
  if (length.present) {
    return Framing{BodyKind::Length, length.value};
  }
  // HTTP/1.0 has no way to send a body without its length (RFC 1945 7.2.2).
  if (head.minor == 0 && (head.method_id == Method::Post || head.method_id == Method::Put)) {
    return fail(Failure::LengthRequired);
  }
  return Framing{BodyKind::None, 0};
}

Result<Framing> response_framing(const ResponseHead& head, bool to_head) {
  const Coding coding = transfer_coding(head.fields);
  const ContentLength length = content_length(head.fields);
  if (coding != Coding::None && (length.present || head.minor == 0)) {
    return fail(Failure::OriginBadFraming);
  }
  if (!length.valid || coding == Coding::Malformed) {
    return fail(Failure::OriginBadFraming);
  }
  if (coding == Coding::Unknown) {
    return fail(Failure::OriginBadCoding);
  }
  if (bodiless(to_head, head.status)) {
    return Framing{BodyKind::None, 0};
  }
  if (coding == Coding::Chunked) {
    return Framing{BodyKind::Chunked, 0};
  }
  if (length.present) {
    return Framing{BodyKind::Length, length.value};
  }
  return Framing{BodyKind::UntilClose, 0};
}

}  // namespace weir::http
