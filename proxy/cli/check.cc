// SPDX-License-Identifier: Apache-2.0
//
// See check.h.
#include "proxy/cli/check.h"

#include <sysexits.h>
#include <unistd.h>

#include <cstdio>

#include "proxy/base/clock.h"
#include "proxy/cli/check_block.h"
#include "proxy/cli/time_text.h"
#include "proxy/observe/json_writer.h"

namespace weir::cli {
namespace {

constexpr std::uint64_t kComplaintsMost = 20;
constexpr std::uint64_t kProgressEvery = 64;  // blocks of lines between two looks about
constexpr Nanos kProgressInterval = 200'000'000;
constexpr double kMiB = 1024.0 * 1024.0;

struct Loading {
  double cpu_ms = 0;
  double wall_ms = 0;
  std::uint64_t resident_before = 0;
  std::uint64_t resident_after = 0;
};

// One run over all requests.
class Run {
 public:
  Run(Judge& judge, LineReader& in, LineWriter& out, WallTime at)
      : judge_(judge), in_(in), out_(out), block_(judge, at) {}

  // False when the requests could not be read to their end.
  bool all();
  std::uint64_t errors() const { return errors_; }
  std::string summary(const Loading& loading) const;

 private:
  void refuse(const CheckedLine& line);
  void answer(const CheckedLine& line);
  void put_index(const CheckedLine& line);
  void show_progress();

  Judge& judge_;
  LineReader& in_;
  LineWriter& out_;
  CheckBlock block_;
  JsonWriter json_;
  Durations durations_;
  std::uint64_t blocks_ = 0;
  std::uint64_t requests_ = 0;
  std::uint64_t blocked_ = 0;
  std::uint64_t excepted_ = 0;
  std::uint64_t rewritten_ = 0;
  std::uint64_t gave_up_ = 0;
  std::uint64_t errors_ = 0;
  const bool progress_ = ::isatty(STDERR_FILENO) == 1;
  Nanos shown_at_ = 0;
};

bool Run::all() {
  LineReader::Got got = LineReader::Got::Line;
  while (got == LineReader::Got::Line) {
    got = block_.read(in_);
    block_.judge(durations_);
    for (const CheckedLine& line : block_.lines()) {
      if (line.fault.empty()) {
        answer(line);
      } else {
        refuse(line);
      }
    }
    if (++blocks_ % kProgressEvery == 0) {
      judge_.forget_texts();
      show_progress();
    }
  }
  judge_.forget_texts();
  if (progress_) {
    std::fputs("\r\033[K", stderr);
  }
  return got == LineReader::Got::End;
}

void Run::put_index(const CheckedLine& line) {
  json_.clear();
  json_.open_object();
  json_.name("i");
  if (line.asked.index.empty()) {
    json_.number(line.number - 1);
  } else {
    json_.raw(line.asked.index);
  }
}

void Run::refuse(const CheckedLine& line) {
  if (++errors_ <= kComplaintsMost) {
    complain("line " + std::to_string(line.number) + ": " + line.fault + ". " +
             std::string(line.remedy));
  }
  put_index(line);
  if (line.passes_nowhere) {
    json_.name("block").flag(true);
  }
  json_.name("error").text(line.fault);
  json_.close_object();
  out_.put(json_.written());
}

void Run::answer(const CheckedLine& line) {
  const Said& said = line.said;
  ++requests_;
  blocked_ += said.block ? 1U : 0U;
  excepted_ += said.excepted ? 1U : 0U;
  rewritten_ += said.rewrite.empty() ? 0U : 1U;
  gave_up_ += said.gave_up ? 1U : 0U;
  put_index(line);
  json_.name("block").flag(said.block);
  const auto optional = [this](std::string_view name, std::string_view value) {
    if (!value.empty()) {
      json_.name(name).text(value);
    }
  };
  const auto text = said.hit.text();
  optional("decision", said.decision);
  optional("rule", said.ruled_by_line ? text : said.rule);
  if (said.hit) {
    json_.name("list").text(said.hit.list_name);
    json_.name("line").number(said.hit.line);
    json_.name("text").text(text);
  }
  if (said.gave_up) {
    json_.name("gave_up").flag(true);
  }
  optional("excepted", said.excepted.text());
  optional("rewrite", said.rewrite);
  optional("connect_to", said.connect_to);
  optional("redirect", said.redirect);
  optional("would", said.would);
  optional("would_rule", said.would_rule);
  json_.close_object();
  out_.put(json_.written());
}

void Run::show_progress() {
  if (!progress_) {
    return;
  }
  const Nanos now = now_ns();
  if (now - shown_at_ < kProgressInterval) {
    return;
  }
  shown_at_ = now;
  std::fprintf(stderr, "\r%llu requests, %llu blocked, %.2f us each",
               static_cast<unsigned long long>(requests_),
               static_cast<unsigned long long>(blocked_), durations_.mean_us());
  if (in_.size() != 0) {
    std::fprintf(stderr, ", %.0f %%",
                 100.0 * static_cast<double>(in_.bytes()) / static_cast<double>(in_.size()));
  }
  std::fputs("\033[K", stderr);
}

std::string Run::summary(const Loading& loading) const {
  JsonWriter json;
  const auto mib = [](std::uint64_t bytes) { return static_cast<double>(bytes) / kMiB; };
  json.open_object();
  json.name("load_ms").real(loading.cpu_ms, 1);
  json.name("load_wall_ms").real(loading.wall_ms, 1);
  json.name("rules").number(judge_.rules());
  json.name("requests").number(requests_);
  json.name("blocked").number(blocked_);
  json.name("excepted").number(excepted_);
  json.name("rewritten").number(rewritten_);
  json.name("gave_up").number(gave_up_);
  json.name("errors").number(errors_);
  json.name("decide_us_mean").real(durations_.mean_us(), 3);
  json.name("decide_us_p50").real(durations_.percentile_us(0.5), 3);
  json.name("decide_us_p99").real(durations_.percentile_us(0.99), 3);
  json.name("rss_mb").real(mib(resident_bytes()), 1);
  json.name("rss_before_lists_mb").real(mib(loading.resident_before), 1);
  json.name("rss_after_lists_mb").real(mib(loading.resident_after), 1);
  json.name("lists_mb").real(mib(judge_.lists_bytes()), 1);
  json.close_object();
  return json.written();
}

tl::expected<std::unique_ptr<Judge>, Complaints> load(const Source& source, Loading& loading) {
  loading.resident_before = resident_bytes();
  const Nanos cpu = cpu_ns();
  const Nanos wall = now_ns();
  Complaints warnings;
  auto judge = make_judge(source, warnings);
  loading.cpu_ms = static_cast<double>(cpu_ns() - cpu) / 1e6;
  loading.wall_ms = static_cast<double>(now_ns() - wall) / 1e6;
  loading.resident_after = resident_bytes();
  complain(warnings);
  return judge;
}

}  // namespace

int check(const CheckOptions& options) {
  const auto at = options.at.empty() ? wall_now() : parse_time(options.at);
  if (!at) {
    return fail("--at: write a time such as 2026-11-21T15:00:00Z.", EX_USAGE);
  }
  auto in = LineReader::open(options.requests);
  if (!in) {
    return fail(in.error(), EX_NOINPUT);
  }
  Loading loading;
  auto judge = load(options.source, loading);
  if (!judge) {
    complain(judge.error());
    return EX_CONFIG;
  }
  auto out = LineWriter::open(options.decisions);
  if (!out) {
    return fail(out.error(), EX_CANTCREAT);
  }
  Run run(**judge, *in, *out, *at);
  const bool whole = run.all();
  if (const auto finished = out->finish(); !finished) {
    return fail(finished.error(), EX_IOERR);
  }
  std::fprintf(stderr, "%s\n", run.summary(loading).c_str());
  if (!whole) {
    return fail(in->error(), EX_IOERR);
  }
  return run.errors() == 0 ? EX_OK : EX_DATAERR;
}

}  // namespace weir::cli
