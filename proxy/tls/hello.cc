// SPDX-License-Identifier: Apache-2.0
//
// See hello.h.
//
//   record     type(1) = 22  version(2) = 3.x  length(2)   fragment
//   handshake  type(1) = 1   length(3)
//   hello      version(2) random(32) session<1> suites<2> compression<1> extensions<2>
#include "proxy/tls/hello.h"

#include <algorithm>
#include <array>
#include <optional>

namespace weir::tls {
namespace {

constexpr std::size_t kRecordHead = 5;
constexpr std::size_t kHandshakeHead = 4;
constexpr std::size_t kFragmentMost = 16 * 1024;
constexpr std::uint8_t kFirstRecord = 20;
constexpr std::uint8_t kHandshakeRecord = 22;
constexpr std::uint8_t kLastRecord = 24;
constexpr std::uint8_t kClientHello = 1;
constexpr std::uint16_t kServerName = 0;
constexpr std::uint16_t kAlpn = 16;
constexpr std::uint16_t kEncryptedHello = 0xfe0d;

std::uint8_t byte_at(std::string_view in, std::size_t at) {
  return static_cast<std::uint8_t>(in[at]);
}

// Takes from the front of a text; once something is missing, everything is.
class Reader {
 public:
  explicit Reader(std::string_view in) : in_(in) {}

  std::size_t number(std::size_t bytes) {
    const std::string_view digits = take(bytes);
    std::size_t out = 0;
    for (const char c : digits) {
      out = out << 8 | static_cast<std::uint8_t>(c);
    }
    return out;
  }
  std::string_view take(std::size_t bytes) {
    if (bytes > in_.size()) {
      good_ = false;
      in_ = {};
      return {};
    }
    const std::string_view out = in_.substr(0, bytes);
    in_.remove_prefix(bytes);
    return out;
  }
  // A vector with its length in front, in so many bytes.
  std::string_view vector(std::size_t length_bytes) { return take(number(length_bytes)); }
  bool good() const { return good_; }
  bool empty() const { return in_.empty(); }

 private:
  std::string_view in_;
  bool good_ = true;
};

// The one host_name of a server_name extension (RFC 6066 3). Nothing else has ever been defined.
bool read_server_name(std::string_view extension, Hello& out) {
  Reader outer(extension);
  Reader list(outer.vector(2));
  while (list.good() && !list.empty()) {
    const std::size_t type = list.number(1);
    const std::string_view name = list.vector(2);
    if (type == 0) {
      if (!out.server_name.empty() || name.empty()) {
        return false;
      }
      out.server_name = name;
    }
  }
  return outer.good() && outer.empty() && list.good();
}

bool read_alpn(std::string_view extension, Hello& out) {
  Reader outer(extension);
  out.alpn = outer.vector(2);
  return outer.good() && outer.empty();
}

bool read_extensions(std::string_view extensions, Hello& out) {
  Reader in(extensions);
  bool named = false;
  while (in.good() && !in.empty()) {
    const std::size_t type = in.number(2);
    const std::string_view body = in.vector(2);
    if (!in.good()) {
      return false;
    }
    if (type == kServerName) {
      // Twice the same extension is forbidden (RFC 8446 4.2), and here it would be a way to show
      // one name to us and another to the server.
      if (named || !read_server_name(body, out)) {
        return false;
      }
      named = true;
    } else if (type == kAlpn && !read_alpn(body, out)) {
      return false;
    } else if (type == kEncryptedHello) {
      out.encrypted_hello = true;
    }
  }
  return in.good();
}

bool read_hello(std::string_view body, Hello& out) {
  Reader in(body);
  in.take(2 + 32);
  in.vector(1);
  in.vector(2);
  in.vector(1);
  if (!in.good()) {
    return false;
  }
  if (in.empty()) {
    return true;  // before extensions existed
  }
  const std::string_view extensions = in.vector(2);
  return in.good() && in.empty() && read_extensions(extensions, out);
}

// One record's head at `at`: its fragment's length, or nothing when it is no handshake record.
std::optional<std::size_t> fragment_length(std::string_view in, std::size_t at) {
  const std::size_t length = std::size_t{byte_at(in, at + 3)} << 8 | byte_at(in, at + 4);
  if (byte_at(in, at) != kHandshakeRecord || byte_at(in, at + 1) != 3 || length == 0 ||
      length > kFragmentMost) {
    return std::nullopt;
  }
  return length;
}

// A greeting in the form of SSL 2, which OpenSSL understands and RFC 6176 forbids: it has no room
// for a name. Its fourth byte settles it.
constexpr std::size_t kOldHelloKnown = 4;
bool may_be_old_hello(std::string_view in) {
  return (byte_at(in, 0) & 0x80) != 0 && (in.size() < 3 || byte_at(in, 2) == kClientHello) &&
         (in.size() < kOldHelloKnown || byte_at(in, 3) == 3);
}

// What the very first bytes already rule out. Servers skip records before the greeting that say
// nothing (OpenSSL an empty one, Go a warning) and are lenient about its version. So what begins
// like any record of TLS is TLS, and anything but a greeting there is a way around us.
HelloProgress first_look(std::string_view in) {
  if (in.empty()) {
    return HelloProgress::NeedMore;
  }
  const std::uint8_t type = byte_at(in, 0);
  if (may_be_old_hello(in)) {
    return in.size() < kOldHelloKnown ? HelloProgress::NeedMore : HelloProgress::Bad;
  }
  if (type < kFirstRecord || type > kLastRecord || (in.size() > 1 && byte_at(in, 1) >= 0x10)) {
    return HelloProgress::NotTls;
  }
  const bool bad = in.size() > 1 && (type != kHandshakeRecord || byte_at(in, 1) != 3);
  const bool other = in.size() > kRecordHead && byte_at(in, kRecordHead) != kClientHello;
  return bad || other ? HelloProgress::Bad : HelloProgress::NeedMore;
}

// The handshake message as it lies in its records. Walked anew with every arrival, so nothing is
// copied before all of it is there.
struct Message {
  HelloProgress progress = HelloProgress::NeedMore;
  std::size_t size = 0;   // with its head
  std::size_t first = 0;  // length of the first fragment
  std::size_t seen = 0;   // bytes of fragments so far
  std::array<char, kHandshakeHead> head{};

  // Counts a fragment in; true when the message is whole.
  bool add(std::string_view fragment) {
    for (std::size_t i = 0; i < fragment.size() && seen + i < head.size(); ++i) {
      head[seen + i] = fragment[i];
    }
    first = seen == 0 ? fragment.size() : first;
    seen += fragment.size();
    if (seen >= head.size()) {
      size = kHandshakeHead + Reader(std::string_view(head.data() + 1, 3)).number(3);
    }
    return size != 0 && seen >= size;
  }
};

Message walk(std::string_view in) {
  Message out;
  std::size_t at = 0;
  while (in.size() - at >= kRecordHead) {
    const auto length = fragment_length(in, at);
    if (!length) {
      out.progress = HelloProgress::Bad;
      return out;
    }
    const std::string_view fragment = in.substr(at + kRecordHead, *length);
    if (out.add(fragment)) {
      out.progress = HelloProgress::Done;
      return out;
    }
    if (fragment.size() < *length) {
      break;
    }
    at += kRecordHead + *length;
  }
  if (in.size() >= kHelloMost || out.size > kHelloMost) {
    out.progress = HelloProgress::Bad;
  }
  return out;
}

// The fragments of a complete message, put together.
std::string_view gather(std::string_view in, const Message& message, Arena& arena) {
  if (message.first >= message.size) {
    return in.substr(kRecordHead, message.size);
  }
  char* const out = arena.allocate(message.size);
  std::size_t have = 0;
  for (std::size_t at = 0; have < message.size;) {
    const std::size_t length = fragment_length(in, at).value_or(0);
    have += in.substr(at + kRecordHead, std::min(length, message.size - have))
                .copy(out + have, message.size - have);
    at += kRecordHead + length;
  }
  return {out, message.size};
}

}  // namespace

HelloProgress take_hello(std::string_view in, Arena& arena, Hello& out) {
  out = Hello{};
  if (const HelloProgress first = first_look(in); first != HelloProgress::NeedMore) {
    return first;
  }
  const Message message = walk(in);
  if (message.progress != HelloProgress::Done) {
    return message.progress;
  }
  const std::string_view whole = gather(in, message, arena);
  return read_hello(whole.substr(kHandshakeHead), out) ? HelloProgress::Done : HelloProgress::Bad;
}

}  // namespace weir::tls
