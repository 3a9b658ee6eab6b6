// SPDX-License-Identifier: Apache-2.0
//
// See check_block.h.
#include "proxy/cli/check_block.h"

#include "proxy/cli/as_sent.h"
#include "proxy/cli/as_written.h"

namespace weir::cli {
namespace {

constexpr std::size_t kLinesMost = 64;
constexpr std::size_t kTextMost = 256 * 1024;  // bytes of lines, after which no more are read
constexpr std::size_t kArenaBlock = 64 * 1024;
constexpr std::string_view kWriteObject =
    R"(Write one JSON object a line, such as {"i":0,"url":"http://example.com/","method":"GET"}.)";

}  // namespace

CheckBlock::CheckBlock(Judge& judge, WallTime at)
    : judge_(judge),
      at_(at),
      clock_cost_(clock_cost_ns()),
      texts_(kArenaBlock),
      arena_(kArenaBlock),
      lines_(kLinesMost) {}

LineReader::Got CheckBlock::read(LineReader& in) {
  texts_.reset();
  arena_.reset();
  count_ = 0;
  std::size_t bytes = 0;
  while (count_ < kLinesMost && bytes < kTextMost) {
    std::string_view text;
    const LineReader::Got got = in.next(text);
    if (got == LineReader::Got::End || got == LineReader::Got::Failed) {
      return got;
    }
    const bool too_long = got == LineReader::Got::TooLong;
    if (text.empty() && !too_long) {
      continue;
    }
    CheckedLine& line = lines_[count_++];
    line.number = in.number();
    line.fault.clear();
    line.passes_nowhere = false;
    line.remedy = kWriteObject;
    if (too_long) {
      line.asked.clear();
      line.fault = "the line is longer than 1 MiB";
    } else {
      take(texts_.copy(text), line);
      bytes += text.size();
    }
  }
  return LineReader::Got::Line;
}

void CheckBlock::take(std::string_view text, CheckedLine& line) {
  if (const auto read = read_asked(text, texts_, line.asked); !read) {
    line.fault = read.error();
  } else if (!introduce(line)) {
    line.fault = "its client is no address";
    line.remedy = "Write one such as \"192.168.1.20\".";
  }
}

bool CheckBlock::introduce(CheckedLine& line) {
  const Asked& asked = line.asked;
  line.subject = {};
  if (asked.client != known_client_) {
    const auto address = IpAddress::parse(asked.client);
    if (!asked.client.empty() && !address) {
      return false;
    }
    known_client_ = asked.client;
    known_address_ = address.value_or(IpAddress::v4(0x7f000001));
  }
  line.subject.client = known_address_;
  line.subject.user = asked.user;
  line.subject.listener = asked.listener;
  line.subject.now = at_;
  judge_.introduce(line.subject);
  return true;
}

Nanos CheckBlock::decide(CheckedLine& line, bool& described) {
  const Nanos begin = now_ns();
  described = judge_.judges_text()
                  ? describe_as_written(line.asked, arena_, line.subject)
                  : describe(line.asked, arena_, line.subject) &&
                        (line.subject.host_only || is_proxied_scheme(line.subject.scheme));
  if (described) {
    judge_.decide(line.subject, arena_);
  }
  return now_ns() - begin - clock_cost_;
}

void CheckBlock::judge(Durations& durations) {
  for (CheckedLine& line : std::span(lines_).first(count_)) {
    if (!line.fault.empty()) {
      continue;
    }
    cpu_.mark();
    bool described = false;
    const Nanos took = decide(line, described);
    if (described) {
      durations.add(cpu_.bounded(took));
      line.said = judge_.said();
      continue;
    }
    const bool tunnel = line.asked.method == "CONNECT";
    line.passes_nowhere = true;
    line.fault = tunnel ? "its url is not host:port" : "its url is no http URL";
    line.remedy = tunnel ? "Write one such as \"example.com:443\"."
                         : "Write one such as \"http://example.com/path\", with its host in ASCII "
                           "and addresses in full.";
  }
}

}  // namespace weir::cli
