// SPDX-License-Identifier: Apache-2.0
//
// See inflate.h. The output grows by doubling and never past the bound, so a small bomb costs no
// more than an honest list of the same limit.
#include "filters/lists/inflate.h"

#include <zlib.h>

#include <algorithm>

namespace weir::filters {
namespace {

constexpr std::size_t kFirstPiece = 64 * 1024;
constexpr std::size_t kInputPiece = 1U << 30;  // zlib counts in unsigned int

// zlib's state, given back whatever happens.
class Inflater {
 public:
  Inflater() { ready_ = inflateInit2(&stream_, 16 + MAX_WBITS) == Z_OK; }
  ~Inflater() {
    if (ready_) {
      inflateEnd(&stream_);
    }
  }
  Inflater(const Inflater&) = delete;
  Inflater& operator=(const Inflater&) = delete;
  bool ready() const { return ready_; }
  z_stream& stream() { return stream_; }

 private:
  z_stream stream_{};
  bool ready_ = false;
};

enum class Step { More, MemberEnd, Bad };

// Inflates into out[used..], as far as room and input go.
Step inflate_some(z_stream& stream, std::string_view& in, std::string& out, std::size_t& used) {
  const std::size_t give = std::min(in.size(), kInputPiece);
  const std::size_t room = std::min(out.size() - used, kInputPiece);
  // zlib never writes through next_in; its old interface merely does not say so.
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(in.data()));
  stream.avail_in = static_cast<uInt>(give);
  stream.next_out = reinterpret_cast<Bytef*>(out.data() + used);
  stream.avail_out = static_cast<uInt>(room);
  const int code = inflate(&stream, Z_NO_FLUSH);
  in.remove_prefix(give - stream.avail_in);
  used += room - stream.avail_out;
  if (code == Z_STREAM_END) {
    return Step::MemberEnd;
  }
  return code == Z_OK || code == Z_BUF_ERROR ? Step::More : Step::Bad;
}

}  // namespace

std::string too_large(std::uint64_t most) {
  constexpr std::uint64_t kKilo = 1024;
  constexpr std::uint64_t kMega = kKilo * kKilo;
  const bool mega = most >= kMega && most % kMega == 0;
  const bool kilo = most >= kKilo && most % kKilo == 0;
  const std::uint64_t unit = mega ? kMega : kilo ? kKilo : 1;
  return "it is larger than " + std::to_string(most / unit) +
         (mega   ? " MiB"
          : kilo ? " KiB"
                 : " bytes");
}

tl::expected<std::string, std::string> inflate_gzip(std::string_view bytes, std::uint64_t most) {
  using Error = tl::unexpected<std::string>;
  Inflater inflater;
  if (!inflater.ready()) {
    return Error("there is no memory to inflate it");
  }
  std::string out;
  std::size_t used = 0;
  // One byte more than allowed is room enough to see that there is too much.
  const auto bound = static_cast<std::size_t>(std::min<std::uint64_t>(most, SIZE_MAX / 4)) + 1;
  for (;;) {
    if (used == out.size()) {
      out.resize(std::min(bound, std::max(kFirstPiece, out.size() * 2)));
    }
    const Step step = inflate_some(inflater.stream(), bytes, out, used);
    if (used == bound) {
      return Error(too_large(most) + " when inflated");
    }
    if (step == Step::Bad) {
      return Error("its gzip data is broken");
    }
    if (step == Step::MemberEnd) {
      // What is no further member is padding or dirt behind the data, which gzip ignores too.
      if (!is_gzip(bytes)) {
        break;
      }
      inflateReset(&inflater.stream());
    } else if (bytes.empty() && used < out.size()) {
      return Error("its gzip data is cut short");
    }
  }
  out.resize(used);
  return out;
}

}  // namespace weir::filters
