// SPDX-License-Identifier: Apache-2.0
//
// BodyReader against a decoder so plain that it is plainly right: it holds the whole body and cuts
// it with find(). Random bodies, valid and damaged, under random cuts; and the promise that payload
// may go by unseen (sure_payload, skip) without changing anything.
#include <gtest/gtest.h>

#include <optional>
#include <random>
#include <string>

#include "proxy/http/body.h"
#include "tests/unit/every_cut.h"

namespace weir::test {
namespace {

using http::BodyReader;
using Random = std::mt19937;

constexpr http::Framing kChunked = {http::BodyKind::Chunked, 0};

std::size_t below(Random& random, std::size_t n) {
  return random() % n;
}

struct Decoded {
  std::string payload;
  std::string trailers;
  std::size_t used = 0;
  bool operator==(const Decoded&) const = default;
};

bool field_text(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) {
    return c == '\t' || (static_cast<unsigned char>(c) >= 0x20 && c != 0x7f);
  });
}

// The size of a size line without its CRLF.
std::optional<std::size_t> naive_size(std::string_view line) {
  const std::size_t semicolon = line.find(';');
  std::string size(line.substr(0, semicolon));
  if (semicolon != std::string_view::npos) {
    if (!field_text(line.substr(semicolon))) {
      return std::nullopt;
    }
    size.erase(size.find_last_not_of(" \t") + 1);
  }
  if (size.empty() || size.size() > 16 ||
      size.find_first_not_of("0123456789abcdefABCDEF") != std::string::npos) {
    return std::nullopt;
  }
  return std::stoull(size, nullptr, 16);
}

// The whole body at the start of `in`, or nothing when it is damaged or incomplete.
std::optional<Decoded> naive(std::string_view in) {
  Decoded out;
  std::size_t at = 0;
  for (;;) {
    const std::size_t end = in.find("\r\n", at);
    const auto size =
        end == std::string_view::npos ? std::nullopt : naive_size(in.substr(at, end - at));
    if (!size) {
      return std::nullopt;
    }
    at = end + 2;
    if (*size == 0) {
      break;
    }
    if (*size > in.size() - at || in.substr(at + *size, 2) != "\r\n") {
      return std::nullopt;
    }
    out.payload += in.substr(at, *size);
    at += *size + 2;
  }
  for (;;) {
    const std::size_t end = in.find("\r\n", at);
    if (end == std::string_view::npos || !field_text(in.substr(at, end - at))) {
      return std::nullopt;
    }
    const std::string_view line = in.substr(at, end + 2 - at);
    at = end + 2;
    if (line == "\r\n") {
      out.used = at;
      return out;
    }
    out.trailers += line;
  }
}

// The body as BodyReader sees it when `in` arrives in random pieces and payload goes by unseen now
// and then.
std::optional<Decoded> cut_up(std::string_view in, Random& random, bool skipping) {
  BodyReader reader;
  reader.begin(kChunked);
  Decoded out;
  std::size_t arrived = 0;
  while (!reader.over()) {
    if (out.used == arrived) {
      if (arrived == in.size()) {
        return std::nullopt;
      }
      arrived += 1 + below(random, std::min<std::size_t>(in.size() - arrived, 40));
    }
    const std::uint64_t sure = reader.sure_payload();
    if (skipping && sure > 0 && below(random, 2) == 0) {
      const auto n = 1 + below(random, std::min<std::size_t>(sure, arrived - out.used));
      out.payload += in.substr(out.used, n);
      out.used += n;
      reader.skip(n);
      continue;
    }
    const http::BodyStep step = reader.next(in.substr(out.used, arrived - out.used));
    if (step.bad) {
      return std::nullopt;
    }
    EXPECT_GT(step.used, 0U);
    out.payload += step.payload;
    out.used += step.used;
  }
  out.trailers = reader.trailers();
  return out;
}

std::string random_text(Random& random, std::size_t most, std::string_view letters) {
  std::string out(below(random, most + 1), ' ');
  for (char& c : out) {
    c = letters[below(random, letters.size())];
  }
  return out;
}

std::string random_body(Random& random) {
  constexpr std::string_view kBytes("\r\n0;:a \t\0\xff", 10);
  constexpr std::string_view kText = "abc=;\"\\ \t0";
  std::string out;
  for (std::size_t chunks = below(random, 5); chunks > 0; --chunks) {
    const std::string payload = "x" + random_text(random, 30, kBytes);
    char size[20];
    std::snprintf(size, sizeof size, below(random, 2) == 0 ? "%zx" : "0%zX", payload.size());
    out += size;
    if (below(random, 3) == 0) {
      out += random_text(random, 2, " \t") + ";" + random_text(random, 9, kText);
    }
    out += "\r\n" + payload + "\r\n";
  }
  out += "0\r\n";
  while (below(random, 3) == 0) {
    out += "A: " + random_text(random, 9, kText) + "\r\n";
  }
  return out + "\r\n";
}

// One byte changed, removed or added, or the end cut off.
void damage(std::string& body, Random& random) {
  constexpr std::string_view kBytes("\r\n0f;: \t\0\x7f\xff", 11);
  const std::size_t at = below(random, body.size());
  const char byte = kBytes[below(random, kBytes.size())];
  switch (below(random, 4)) {
    case 0:
      body[at] = byte;
      break;
    case 1:
      body.erase(at, 1);
      break;
    case 2:
      body.insert(at, 1, byte);
      break;
    default:
      body.resize(at);
  }
}

TEST(BodyReader, AgreesWithANaiveDecoderUnderRandomCuts) {
  Random random(7);
  for (int round = 0; round < 4000; ++round) {
    const std::string body = random_body(random);
    const auto want = naive(body);
    ASSERT_TRUE(want) << shown(body);
    ASSERT_EQ(want->used, body.size());
    const std::string with_tail = body + random_text(random, 9, "0\r\n");
    ASSERT_EQ(cut_up(with_tail, random, false), want) << shown(body);
    ASSERT_EQ(cut_up(with_tail, random, true), want) << "skipping: " << shown(body);
  }
}

TEST(BodyReader, AgreesWithANaiveDecoderOnDamagedBodies) {
  Random random(8);
  int refused = 0;
  for (int round = 0; round < 20000; ++round) {
    std::string body = random_body(random);
    damage(body, random);
    const auto want = naive(body);
    refused += want ? 0 : 1;
    ASSERT_EQ(cut_up(body, random, round % 2 == 0), want) << shown(body);
  }
  EXPECT_GT(refused, 5000);
  EXPECT_LT(refused, 19000);
}

TEST(BodyReader, MayHaveItsCountedPayloadSkipped) {
  for (const auto kind : {http::BodyKind::Length, http::BodyKind::UntilClose}) {
    BodyReader reader;
    reader.begin({kind, UINT64_C(6) << 30});
    EXPECT_EQ(reader.counted(), kind == http::BodyKind::Length);
    reader.skip(UINT64_C(6) << 30);
    EXPECT_EQ(reader.over(), kind == http::BodyKind::Length);
    EXPECT_TRUE(reader.close());
    EXPECT_FALSE(reader.counted());
  }
  BodyReader reader;
  reader.begin(kChunked);
  reader.next("180000000\r\n");
  EXPECT_EQ(reader.sure_payload(), UINT64_C(0x180000000));
  EXPECT_FALSE(reader.counted());
  reader.skip(UINT64_C(0x17fffffff));
  EXPECT_EQ(reader.next("x\r\n0\r\n\r\n").payload, "x");
  reader.next("\r\n0\r\n\r\n");
  EXPECT_TRUE(reader.over());
}

}  // namespace
}  // namespace weir::test
