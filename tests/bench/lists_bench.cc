// SPDX-License-Identifier: Apache-2.0
//
// What lists cost: a list of a million names read from a file, compiled and asked; five thousand
// RE2 patterns asked. Everything is made up from a fixed seed. Prints one line of JSON: load_s and
// mib of the names (resident memory after loading, less that before; peak_mib at the worst moment),
// ns a question for the set of names and for a whole judgement, us a decision for the patterns,
// each the middle one of five passes.
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <fstream>
#include <random>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "filters/domain_set.h"
#include "filters/lists/list_set.h"
#include "filters/lists/read_list.h"
#include "filters/url.h"

namespace {

using namespace weir;
using namespace weir::filters;

constexpr std::size_t kNames = 1'000'000;
constexpr std::size_t kPatterns = 5'000;
constexpr std::size_t kQuestions = 200'000;

double cpu_seconds() {
  rusage used{};
  getrusage(RUSAGE_SELF, &used);
  const auto seconds = [](const timeval& t) {
    return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) / 1e6;
  };
  return seconds(used.ru_utime) + seconds(used.ru_stime);
}

double peak_mib() {
  rusage used{};
  getrusage(RUSAGE_SELF, &used);
  return static_cast<double>(used.ru_maxrss) / 1024;
}

double resident_mib() {
  std::ifstream file("/proc/self/statm");
  long whole = 0;
  long resident = 0;
  file >> whole >> resident;
  return static_cast<double>(resident) * static_cast<double>(sysconf(_SC_PAGESIZE)) / (1 << 20);
}

std::string word(std::mt19937_64& random, std::size_t least, std::size_t span) {
  std::string out(least + random() % span, ' ');
  std::ranges::generate(out, [&random] { return static_cast<char>('a' + random() % 26); });
  return out;
}

std::string made_up_name(std::mt19937_64& random) {
  constexpr const char* kEnds[] = {".com", ".net", ".co.uk", ".de", ".example.org"};
  return word(random, 6, 10) + kEnds[random() % 5];
}

void write_names(const char* path) {
  std::mt19937_64 random(1);
  std::ofstream file(path);
  for (std::size_t n = 0; n < kNames; ++n) {
    file << made_up_name(random) << '\n';
  }
}

// Questions in one text, in the order in which they are asked. Whoever judges a request has just
// read it: its host is in the cache, and waiting for it is no part of what a list costs.
class Questions {
 public:
  explicit Questions(const std::vector<std::string>& all) {
    for (const std::string& one : all) {
      ends_.push_back(text_.append(one).size());
    }
  }
  std::size_t size() const { return ends_.size(); }
  template <class Use>
  void each(Use use) const {
    std::size_t begin = 0;
    for (const std::size_t end : ends_) {
      use(std::string_view(text_).substr(begin, end - begin));
      begin = end;
    }
  }

 private:
  std::string text_;
  std::vector<std::size_t> ends_;
};

// One in five is in the list, as a name below one of its names.
Questions make_hosts() {
  std::mt19937_64 listed(1);
  std::mt19937_64 random(2);
  std::vector<std::string> out;
  for (std::size_t n = 0; n < kQuestions; ++n) {
    const std::string name = made_up_name(listed);
    out.push_back("www." + (n % 5 == 0 ? name : word(random, 1, 3) + "-" + name));
  }
  std::ranges::shuffle(out, random);
  return Questions(out);
}

template <class Ask>
double pass_ns(const Questions& questions, Ask& ask) {
  std::size_t hits = 0;
  const double before = cpu_seconds();
  questions.each([&](std::string_view question) { hits += ask(question) ? 1U : 0U; });
  const double took = cpu_seconds() - before;
  if (hits == 0 || hits == questions.size()) {
    std::fprintf(stderr, "lists_bench: %zu hits: the questions are wrong\n", hits);
  }
  return took * 1e9 / static_cast<double>(questions.size());
}

// The middle one of some passes: what else runs on the machine is no part of what a list costs.
template <class Ask>
double each_ns(const Questions& questions, Ask ask) {
  std::array<double, 5> passes{};
  std::ranges::generate(passes, [&] { return pass_ns(questions, ask); });
  std::ranges::sort(passes);
  return passes[passes.size() / 2];
}

bool judge(const ListSets& sets, std::string_view host, Arena& arena) {
  arena.reset();
  Subject subject;
  subject.method = "CONNECT";
  subject.scheme = "https";
  subject.host = host;
  subject.port = 443;
  subject.host_only = true;
  ListVerdict verdict;
  sets.judge(0, subject, false, arena, verdict);
  return verdict.block;
}

void bench_names() {
  const std::string path = "/tmp/weir-names-" + std::to_string(getpid());
  write_names(path.c_str());
  const double memory = resident_mib();
  const double before = cpu_seconds();
  auto list = read_list_file(path, ListFormat::Auto, 64 << 20);
  unlink(path.c_str());
  const auto built = ListSets::build({std::move(*list)}, {{0}}, false);
  const double load = cpu_seconds() - before;
  const double peak = peak_mib() - memory;
  const double mib = resident_mib() - memory;
  const auto hosts = make_hosts();
  Arena arena;
  const double whole =
      each_ns(hosts, [&](std::string_view host) { return judge(*built.sets, host, arena); });
  DomainSet::Builder builder;
  std::mt19937_64 random(1);
  for (std::size_t n = 0; n < kNames; ++n) {
    builder.add(made_up_name(random), 1);
  }
  const DomainSet names = std::move(builder).build();
  const double alone = each_ns(hosts, [&](std::string_view host) { return names.covers(host); });
  std::printf(
      "{\"names\":%zu,\"load_s\":%.3f,\"mib\":%.1f,\"peak_mib\":%.1f,\"set_mib\":%.1f,"
      "\"set_ns\":%.0f,\"judge_ns\":%.0f,",
      kNames, load, mib, peak, static_cast<double>(built.sets->memory()) / (1 << 20), alone, whole);
}

// Patterns such as people write: hosts, paths, alternatives, a few without any literal.
std::string made_up_pattern(std::mt19937_64& random) {
  const std::string a = word(random, 5, 6);
  const std::string b = word(random, 3, 4);
  switch (random() % 8) {
    case 0:
      return "^https?://([^/]*\\.)?" + a + "\\.(com|net)/";
    case 1:
      return "/" + a + "[0-9]+\\.(gif|png)";
    case 2:
      return "(?i)/(" + a + "|" + b + ")/";
    case 3:
      return "[?&]" + a + "=[0-9a-f]{8}";
    case 4:
      return "^https?://[^/]+/.*" + b + "-" + a + "\\.js$";
    case 5:
      return "/" + b + "/.*/" + a;
    case 6:
      return "\\." + a + "\\.com:[0-9]+/";
    default:
      return random() % 50 == 0 ? "/[a-f0-9]{40,}$" : a + ".*" + b + "\\.html";
  }
}

void bench_patterns() {
  std::mt19937_64 random(3);
  std::string text;
  for (std::size_t n = 0; n < kPatterns; ++n) {
    text += made_up_pattern(random) + "\n";
  }
  const double memory = resident_mib();
  const double before = cpu_seconds();
  const auto built =
      ListSets::build({*read_list_text(text, ListFormat::Patterns, 1 << 24)}, {{0}}, false);
  const double load = cpu_seconds() - before;
  std::vector<std::string> urls;
  for (std::size_t n = 0; n < kQuestions / 4; ++n) {
    const char* const ends[] = {".js", ".html", "12.gif", "?id=0123456789abcdef", "/"};
    urls.push_back("https://www." + word(random, 5, 6) + ".com/" + word(random, 3, 4) + "/" +
                   word(random, 5, 20) + "/" + word(random, 4, 12) + "-" + word(random, 4, 8) +
                   ends[n % 5]);
  }
  urls.push_back("https://a.test/" + std::string(48, 'a'));
  Arena arena;
  const double ns = each_ns(Questions(urls), [&](std::string_view url) {
    arena.reset();
    Subject subject;
    subject.method = "GET";
    (void)parse_url(url, subject, arena);
    ListVerdict verdict;
    built.sets->judge(0, subject, false, arena, verdict);
    return verdict.block;
  });
  std::printf(
      "\"patterns\":%u,\"patterns_load_s\":%.3f,\"patterns_mib\":%.1f,\"patterns_us\":%.2f}\n",
      built.reports[0].rules, load, resident_mib() - memory, ns / 1000);
}

}  // namespace

int main() {
  bench_names();
  bench_patterns();
  return 0;
}
