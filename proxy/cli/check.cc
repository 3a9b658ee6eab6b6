// SPDX-License-Identifier: Apache-2.0
//
// See check.h. What is timed is what the proxy does for each request: put the URL in order, find
// out what it is for and which page it belongs to, and judge it. Reading and writing JSON is not.
#include "proxy/cli/check.h"

#include <sysexits.h>
#include <unistd.h>

#include <cstdio>

#include "proxy/base/clock.h"
#include "proxy/cli/as_sent.h"
#include "proxy/cli/as_written.h"
#include "proxy/cli/asked.h"
#include "proxy/cli/judges.h"
#include "proxy/cli/lines.h"
#include "proxy/cli/stopwatch.h"
#include "proxy/cli/time_text.h"
#include "proxy/observe/json_writer.h"

namespace weir::cli {
namespace {

constexpr std::uint64_t kComplaintsMost = 20;
constexpr std::uint64_t kProgressEvery = 4096;  // lines between two looks about
constexpr Nanos kProgressInterval = 200'000'000;
constexpr std::string_view kWriteObject =
    R"(Write one JSON object a line, such as {"i":0,"url":"http://example.com/","method":"GET"}.)";
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
      : judge_(judge), in_(in), out_(out), at_(at), clock_cost_(clock_cost_ns()) {}

  // False when the requests could not be read to their end.
  bool all();
  std::uint64_t errors() const { return errors_; }
  std::string summary(const Loading& loading) const;

 private:
  void one(std::string_view line);
  bool decide_timed();
  Nanos decide_once();
  bool introduce();
  // `remedy`: a sentence for people, behind the clause that says what is wrong. A URL that no proxy
  // can be asked for counts as blocked; a line that says less has no answer.
  enum class Passes : std::uint8_t { Unknown, Nowhere };
  void refuse(const std::string& why, std::string_view remedy, Passes passes = Passes::Unknown);
  void answer();
  void put_index();
  void show_progress();

  Judge& judge_;
  LineReader& in_;
  LineWriter& out_;
  WallTime at_;
  Nanos clock_cost_;
  Arena texts_{16 * 1024};  // of the line
  Arena arena_{16 * 1024};  // of the decision
  Asked asked_;
  filters::Subject subject_;
  std::string known_client_;
  IpAddress known_address_ = IpAddress::v4(0x7f000001);
  JsonWriter json_;
  Durations durations_;
  CpuBound cpu_;
  bool described_ = false;
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
  std::string_view line;
  while (true) {
    const LineReader::Got got = in_.next(line);
    if (got == LineReader::Got::End || got == LineReader::Got::Failed) {
      judge_.forget_texts();
      if (progress_) {
        std::fputs("\r\033[K", stderr);
      }
      return got == LineReader::Got::End;
    }
    texts_.reset();
    if (got == LineReader::Got::TooLong) {
      asked_.clear();
      refuse("the line is longer than 1 MiB", kWriteObject);
    } else if (!line.empty()) {
      one(line);
    }
    if (in_.number() % kProgressEvery == 0) {
      judge_.forget_texts();
      show_progress();
    }
  }
}

void Run::one(std::string_view line) {
  if (const auto read = read_asked(line, texts_, asked_); !read) {
    return refuse(read.error(), kWriteObject);
  }
  if (!introduce()) {
    return refuse("its client is no address", "Write one such as \"192.168.1.20\".");
  }
  if (!decide_timed()) {
    const bool tunnel = asked_.method == "CONNECT";
    return refuse(tunnel ? "its url is not host:port" : "its url is no http URL",
                  tunnel ? "Write one such as \"example.com:443\"."
                         : "Write one such as \"http://example.com/path\", with its host in ASCII "
                           "and addresses in full.",
                  Passes::Nowhere);
  }
  answer();
}

bool Run::introduce() {
  subject_ = {};
  if (asked_.client != known_client_) {
    const auto address = IpAddress::parse(asked_.client);
    if (!asked_.client.empty() && !address) {
      return false;
    }
    known_client_ = asked_.client;
    known_address_ = address.value_or(IpAddress::v4(0x7f000001));
  }
  subject_.client = known_address_;
  subject_.user = asked_.user;
  subject_.listener = asked_.listener;
  subject_.now = at_;
  judge_.introduce(subject_);
  return true;
}

Nanos Run::decide_once() {
  arena_.reset();
  const Nanos begin = now_ns();
  described_ = judge_.judges_text()
                   ? describe_as_written(asked_, arena_, subject_)
                   : describe(asked_, arena_, subject_) &&
                         (subject_.host_only || is_proxied_scheme(subject_.scheme));
  if (described_) {
    judge_.decide(subject_, arena_);
  }
  return now_ns() - begin - clock_cost_;
}

bool Run::decide_timed() {
  cpu_.mark();
  const Nanos took = decide_once();
  if (described_) {
    durations_.add(cpu_.bounded(took));
  }
  return described_;
}

void Run::put_index() {
  json_.clear();
  json_.open_object();
  json_.name("i");
  if (asked_.index.empty()) {
    json_.number(in_.number() - 1);
  } else {
    json_.raw(asked_.index);
  }
}

void Run::refuse(const std::string& why, std::string_view remedy, Passes passes) {
  if (++errors_ <= kComplaintsMost) {
    complain("line " + std::to_string(in_.number()) + ": " + why + ". " + std::string(remedy));
  }
  put_index();
  if (passes == Passes::Nowhere) {
    json_.name("block").flag(true);
  }
  json_.name("error").text(why);
  json_.close_object();
  out_.put(json_.written());
}

void Run::answer() {
  const Said said = judge_.said();
  ++requests_;
  blocked_ += said.block ? 1U : 0U;
  excepted_ += said.excepted.empty() ? 0U : 1U;
  rewritten_ += said.rewrite.empty() ? 0U : 1U;
  gave_up_ += said.gave_up ? 1U : 0U;
  put_index();
  json_.name("block").flag(said.block);
  const auto optional = [this](std::string_view name, std::string_view value) {
    if (!value.empty()) {
      json_.name(name).text(value);
    }
  };
  optional("decision", said.decision);
  optional("rule", said.rule);
  if (said.hit) {
    json_.name("list").text(said.hit.list_name);
    json_.name("line").number(said.hit.line);
    json_.name("text").text(said.hit.text());
  }
  if (said.gave_up) {
    json_.name("gave_up").flag(true);
  }
  optional("excepted", said.excepted);
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
