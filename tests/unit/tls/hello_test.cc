// SPDX-License-Identifier: Apache-2.0
//
// The ClientHello, put together byte by byte, in every cut and in many records.
#include "proxy/tls/hello.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

namespace weir::tls {
namespace {

std::string number(std::size_t value, int bytes) {
  std::string out;
  for (int shift = 8 * (bytes - 1); shift >= 0; shift -= 8) {
    out += static_cast<char>(value >> shift & 0xff);
  }
  return out;
}

std::string vector(const std::string& text, int length_bytes) {
  return number(text.size(), length_bytes) + text;
}

std::string extension(std::size_t type, const std::string& body) {
  return number(type, 2) + vector(body, 2);
}

std::string server_name(const std::string& name) {
  return extension(0, vector(std::string(1, '\0') + vector(name, 2), 2));
}

std::string handshake(const std::string& extensions, std::size_t session = 32) {
  const std::string body = "\x03\x03" + std::string(32, 'r') +
                           vector(std::string(session, 's'), 1) + vector("\x13\x01\x13\x02", 2) +
                           vector(std::string(1, '\0'), 1) + vector(extensions, 2);
  return "\x01" + vector(body, 3);
}

std::string records(const std::string& message, std::size_t each = 16384) {
  std::string out;
  for (std::size_t at = 0; at < message.size(); at += each) {
    out += "\x16\x03\x01" + vector(message.substr(at, each), 2);
  }
  return out;
}

struct Seen {
  HelloProgress progress = HelloProgress::NeedMore;
  std::string name;
  std::string alpn;
  bool encrypted = false;
  bool operator==(const Seen&) const = default;
};

Seen see(std::string_view bytes) {
  Arena arena;
  Hello hello;
  const std::string exact(bytes);  // a sanitizer sees a look behind the end
  const HelloProgress progress = take_hello(exact, arena, hello);
  return {progress, std::string(hello.server_name), std::string(hello.alpn), hello.encrypted_hello};
}

const std::string kAlpnBody = vector(vector("h2", 1) + vector("http/1.1", 1), 2);
const std::string kPlain = server_name("www.example.com") + extension(16, kAlpnBody);

TEST(Hello, NamesTheServerAndTheProtocols) {
  const Seen seen = see(records(handshake(kPlain)));
  EXPECT_EQ(seen.progress, HelloProgress::Done);
  EXPECT_EQ(seen.name, "www.example.com");
  EXPECT_EQ(seen.alpn, std::string("\x02h2\x08http/1.1"));
  EXPECT_FALSE(seen.encrypted);
}

TEST(Hello, SaysTheSameHoweverItIsCutIntoRecords) {
  const std::string message = handshake(kPlain);
  const Seen whole = see(records(message));
  for (std::size_t each = 1; each <= message.size(); ++each) {
    EXPECT_EQ(see(records(message, each)), whole) << each;
  }
}

TEST(Hello, AsksForMoreAtEveryCutAndIgnoresWhatFollows) {
  for (const std::size_t each : {std::size_t{16384}, std::size_t{7}}) {
    const std::string bytes = records(handshake(kPlain), each);
    for (std::size_t cut = 0; cut < bytes.size(); ++cut) {
      EXPECT_EQ(see(bytes.substr(0, cut)).progress, HelloProgress::NeedMore) << cut;
    }
    EXPECT_EQ(see(bytes + "\x17\x03\x03 early data"), see(bytes));
  }
}

TEST(Hello, OfPostQuantumSizeWithGreaseIsRead) {
  const std::string grease = extension(0x1a1a, "") + extension(51, std::string(1800, 'k'));
  const Seen seen = see(records(handshake(grease + kPlain + extension(0xfe0d, "ech")), 512));
  EXPECT_EQ(seen.progress, HelloProgress::Done);
  EXPECT_EQ(seen.name, "www.example.com");
  EXPECT_TRUE(seen.encrypted);
}

TEST(Hello, WithoutAServerNameIsOneAllTheSame) {
  const Seen seen = see(records(handshake(extension(16, kAlpnBody))));
  EXPECT_EQ(seen.progress, HelloProgress::Done);
  EXPECT_EQ(seen.name, "");
}

TEST(Hello, OtherProtocolsAreNotTls) {
  for (const std::string bytes : {"GET / HTTP/1.1\r\n", "SSH-2.0-OpenSSH", "\x19\x03\x01",
                                  "\x80\x2e\x02", "\x80\x2e\x01\x01\x03", "\x16\x40\x01"}) {
    EXPECT_EQ(see(bytes).progress, HelloProgress::NotTls) << bytes;
  }
}

TEST(Hello, InTheFormOfSsl2IsBadHoweverItIsCut) {
  for (const std::string bytes : {"\x80", "\x80\x2e", "\x80\x2e\x01"}) {
    EXPECT_EQ(see(bytes).progress, HelloProgress::NeedMore) << bytes.size();
  }
  for (const std::string bytes : {"\x80\x2e\x01\x03", "\x80\x2e\x01\x03\x03 and more"}) {
    EXPECT_EQ(see(bytes).progress, HelloProgress::Bad) << bytes;
  }
}

TEST(Hello, BehindRecordsThatServersSkipIsBad) {
  const std::string hello = records(handshake(kPlain));
  const std::string empty("\x16\x03\x01\x00\x00", 5);
  const std::string warning("\x15\x03\x01\x00\x02\x01\x5a", 7);
  const std::string change("\x14\x03\x03\x00\x01\x01", 6);
  const std::string data("\x17\x03\x01\x00\x00", 5);
  for (const auto& before : {empty, warning, change, data}) {
    EXPECT_EQ(see(before + hello).progress, HelloProgress::Bad) << int{before[0]};
  }
  for (const char version : {'\x00', '\x02', '\x04'}) {
    std::string odd = hello;
    odd[1] = version;
    EXPECT_EQ(see(odd).progress, HelloProgress::Bad) << int{version};
  }
  const std::string finished = records("\x14" + vector(std::string(12, 'x'), 3));
  EXPECT_EQ(see(finished).progress, HelloProgress::Bad);
}

TEST(Hello, MalformedOnesAreBad) {
  const std::string twice = server_name("a.example") + server_name("b.example");
  const std::string two_names =
      extension(0, vector(std::string(1, '\0') + vector("a.example", 2) + std::string(1, '\0') +
                              vector("b.example", 2),
                          2));
  const std::string empty_name = extension(0, vector(std::string(1, '\0') + vector("", 2), 2));
  const std::string short_list = extension(0, number(99, 2) + "x");
  for (const auto& extensions :
       {twice, two_names, empty_name, short_list, std::string("\x00", 1)}) {
    EXPECT_EQ(see(records(handshake(extensions))).progress, HelloProgress::Bad);
  }
}

TEST(Hello, LargerThanTheBoundIsBadBeforeItIsThere) {
  const std::string huge = "\x01" + number(kHelloMost + 1, 3);
  EXPECT_EQ(see(records(huge)).progress, HelloProgress::Bad);
  std::string endless;
  while (endless.size() < kHelloMost) {
    endless += records(std::string(1, endless.empty() ? '\x01' : '\0'));
  }
  EXPECT_EQ(see(endless).progress, HelloProgress::Bad);
}

TEST(Hello, EmptyRecordsAreRefused) {
  const std::string message = handshake(kPlain);
  EXPECT_EQ(see(records(message.substr(0, 8)) + std::string("\x16\x03\x01\x00\x00", 5)).progress,
            HelloProgress::Bad);
}

}  // namespace
}  // namespace weir::tls
