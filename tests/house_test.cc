// SPDX-License-Identifier: Apache-2.0
//
// The rules of the house that a machine can check by reading the source: which layer may include
// which, who may wait, how long a file or a function may be, that every failure is used and
// documented. Needs nothing but GoogleTest. A rule that turns out wrong is changed here, with a
// reason, and not worked around elsewhere. What is found is approximate on purpose: it reads text,
// it does not parse C++.
#include <gtest/gtest.h>

#include <algorithm>
#include <cctype>
#include <filesystem>
#include <fstream>
#include <map>
#include <regex>
#include <set>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

namespace fs = std::filesystem;

namespace {

using Lines = std::vector<std::string>;
using Names = std::set<std::string, std::less<>>;

constexpr std::size_t kFileCeiling = 600;
constexpr std::size_t kFunctionCeiling = 60;

// What a layer may include besides itself. The layer of a file is the longest prefix that fits.
const std::map<std::string, Names> kLayers = {
    {"filters/", {"proxy/base/"}},
    {"proxy/base/", {}},
    {"proxy/http/", {"proxy/base/"}},
    {"proxy/tls/", {"proxy/base/"}},
    {"proxy/cache/", {"proxy/base/", "proxy/http/"}},
    {"proxy/store/", {"proxy/base/", "proxy/http/", "proxy/cache/", "proxy/net/"}},
    {"proxy/observe/", {"proxy/base/", "proxy/http/"}},
    {"proxy/config/",
     {"proxy/base/", "filters/document.h", "filters/conditions.def", "filters/actions.def"}},
    {"proxy/lists/", {"proxy/base/", "proxy/observe/metrics.h", "filters/"}},
    {"proxy/cli/",
     {"proxy/base/", "proxy/http/", "proxy/observe/", "proxy/config/", "proxy/lists/", "filters/",
      "proxy/tls/authority.h", "proxy/tls/contexts.h", "proxy/tls/make_authority.h",
      "proxy/net/destination.h", "proxy/net/devices.h", "proxy/net/lease_files.h",
      "proxy/pipeline/password_file.h", "proxy/pipeline/route.h", "proxy/pipeline/snapshot.h"}},
    {"proxy/net/",
     {"proxy/base/", "proxy/http/", "proxy/observe/", "proxy/tls/", "proxy/config/settings.h"}},
    {"proxy/pipeline/",
     {"proxy/base/", "proxy/http/", "proxy/observe/", "proxy/config/", "proxy/net/", "proxy/lists/",
      "proxy/tls/", "proxy/cache/", "proxy/store/", "filters/"}},
    {"proxy/admin/",
     {"proxy/base/", "proxy/http/", "proxy/observe/", "proxy/config/", "proxy/net/",
      "proxy/lists/report.h", "proxy/pipeline/", "proxy/cache/", "proxy/store/"}},
    {"proxy/service/", {"proxy/base/", "proxy/net/"}},
    {"proxy/main.cc",
     {"proxy/base/", "proxy/service/", "proxy/http/", "proxy/observe/", "proxy/config/",
      "proxy/net/", "proxy/pipeline/", "proxy/lists/", "proxy/admin/", "proxy/cache/",
      "proxy/store/", "proxy/cli/", "filters/"}},
};

// Headers of libraries, by how their names begin, and the only places that may know them.
const std::map<std::string, Names> kLibraries = {
    {"asio", {"proxy/net/offload.cc", "proxy/pipeline/server.cc"}},
    {"boost/", {}},
    {"openssl/",
     {"proxy/lists/digest.cc", "proxy/pipeline/password_hash.cc", "proxy/pipeline/remembered.cc",
      "proxy/tls/authority.cc", "proxy/tls/contexts.cc", "proxy/tls/engine.cc",
      "proxy/tls/handles.h", "proxy/tls/make_authority.cc", "proxy/tls/pem.cc"}},
    {"ares", {"proxy/net/dns_channel.cc"}},
    {"nlohmann/", {"proxy/config/tree.cc"}},
    {"absl/", {"proxy/net/", "proxy/pipeline/", "proxy/store/", "filters/"}},
    {"re2/", {"filters/"}},
    {"spdlog/", {"proxy/base/diag.cc"}},
    {"fmt/", {"proxy/base/diag.cc"}},
    {"CLI/", {"proxy/cli/arguments.cc"}},
    {"libpsl.h", {"filters/classify.cc"}},
    {"idn2.h", {"filters/lists/read_name.cc"}},
    {"zlib.h", {"filters/"}},
    {"brotli/", {"filters/body/"}},
    {"zstd.h", {"filters/body/"}},
    {"curl/", {"proxy/lists/curl_calls.h"}},
    {"crypt.h", {"proxy/pipeline/password_hash.cc"}},
};

// The only files that may wait. Everything else decides (await rule 1).
const Names kAwaiting = {
    "proxy/admin/connection.cc",
    "proxy/net/connect.cc",
    "proxy/net/resolver.cc",
    "proxy/pipeline/arrive.cc",
    "proxy/pipeline/connect_tunnel.cc",
    "proxy/pipeline/credentials.cc",
    "proxy/pipeline/deliver.cc",
    "proxy/pipeline/deliver_stored.cc",
    "proxy/pipeline/fetch.cc",
    "proxy/pipeline/fill.cc",
    "proxy/pipeline/handshake.cc",
    "proxy/pipeline/identify.cc",
    "proxy/pipeline/inside.cc",
    "proxy/pipeline/inspect.cc",
    "proxy/pipeline/obtain.cc",
    "proxy/pipeline/peek.cc",
    "proxy/pipeline/police.cc",
    "proxy/pipeline/relay.cc",
    "proxy/pipeline/send.cc",
    "proxy/pipeline/session.cc",
    "proxy/pipeline/sniff_answer.cc",
    "proxy/pipeline/spoken.cc",
    "proxy/pipeline/stored_wait.cc",
    "proxy/pipeline/tunnel.cc",
    "proxy/pipeline/wait_for_cache.cc",
};

// Rows of failures.def whose stage is yet to be built.
const Names kReserved = {};

fs::path root() {
  return WEIR_SOURCE_DIR;
}

std::string read(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  std::ostringstream out;
  out << in.rdbuf();
  return out.str();
}

// Paths below the given folders, relative to the tree, sorted.
std::vector<std::string> files(const std::vector<std::string>& folders, const Names& extensions) {
  std::vector<std::string> out;
  for (const auto& folder : folders) {
    if (!fs::exists(root() / folder)) {
      continue;
    }
    for (const auto& entry : fs::recursive_directory_iterator(root() / folder)) {
      if (entry.is_regular_file() && extensions.contains(entry.path().extension().string())) {
        out.push_back(fs::relative(entry.path(), root()).generic_string());
      }
    }
  }
  std::ranges::sort(out);
  return out;
}

std::vector<std::string> product() {
  return files({"proxy", "filters"}, {".cc", ".h", ".def", ".inc"});
}

Lines lines_of(const std::string& text) {
  Lines out;
  std::istringstream in(text);
  for (std::string line; std::getline(in, line);) {
    out.push_back(line);
  }
  return out;
}

bool word_char(char c) {
  return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_';
}

// Skips one string or character literal that begins at `at`; returns the place behind it.
std::size_t behind_literal(const std::string& text, std::size_t at) {
  const bool raw = text[at] == '"' && at > 0 && text[at - 1] == 'R';
  if (raw) {
    const auto open = text.find('(', at);
    const auto end = text.find(")" + text.substr(at + 1, open - at - 1) + "\"", open);
    return end == std::string::npos ? text.size() : end + open - at + 1;
  }
  const char quote = text[at];
  for (++at; at < text.size() && text[at] != quote; ++at) {
    at += text[at] == '\\' ? 1U : 0U;
  }
  return std::min(at + 1, text.size());
}

// The place behind a comment or literal that begins at `at`, or `at` when none does.
std::size_t behind_prose(const std::string& text, std::size_t at) {
  if (text.compare(at, 2, "//") == 0) {
    return std::min(text.find('\n', at), text.size());
  }
  if (text.compare(at, 2, "/*") == 0) {
    const auto end = text.find("*/", at + 2);
    return end == std::string::npos ? text.size() : end + 2;
  }
  const bool digit_mark = text[at] == '\'' && at > 0 && std::isxdigit(text[at - 1]) != 0 &&
                          at + 1 < text.size() && std::isxdigit(text[at + 1]) != 0;
  const bool literal = text[at] == '"' || (text[at] == '\'' && !digit_mark);
  return literal ? behind_literal(text, at) : at;
}

// The text with comments, literals and preprocessor lines blanked out; lines stay where they are.
std::string code_of(const std::string& text) {
  std::string out = text;
  const auto blank = [&out](std::size_t from, std::size_t to) {
    for (; from < to; ++from) {
      out[from] = out[from] == '\n' ? '\n' : ' ';
    }
  };
  bool line_start = true;
  for (std::size_t at = 0; at < text.size();) {
    std::size_t end = behind_prose(text, at);
    if (end == at && line_start && text[at] == '#') {
      end = text.find('\n', at);
      while (end != std::string::npos && text[end - 1] == '\\') {
        end = text.find('\n', end + 1);
      }
      end = std::min(end, text.size());
    }
    blank(at, end);
    line_start =
        text[at] == '\n' || (line_start && std::isspace(static_cast<unsigned char>(text[at])));
    at = std::max(end, at + 1);
  }
  return out;
}

std::size_t line_number(const std::string& text, std::size_t at) {
  return 1 + static_cast<std::size_t>(
                 std::count(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(at), '\n'));
}

std::string place(const std::string& path, const std::string& text, std::size_t at) {
  return path + ":" + std::to_string(line_number(text, at));
}

bool begins_with_any(const std::string& text, const Names& prefixes) {
  return std::ranges::any_of(prefixes, [&](const auto& p) { return text.starts_with(p); });
}

std::string joined(const Lines& offenders) {
  std::string out;
  for (const auto& each : offenders) {
    out += "\n  " + each;
  }
  return out;
}

// Includes of a file as written between the quotes or brackets.
Lines includes_of(const std::string& path) {
  static const std::regex pattern(R"re(^\s*#\s*include\s*[<"]([^>"]+)[>"])re");
  Lines out;
  for (const auto& line : lines_of(read(root() / path))) {
    std::smatch found;
    if (std::regex_search(line, found, pattern)) {
      out.push_back(found[1]);
    }
  }
  return out;
}

std::size_t behind_word(const std::string& code, std::string_view word, std::size_t from) {
  for (auto at = code.find(word, from); at != std::string::npos; at = code.find(word, at + 1)) {
    const auto end = at + word.size();
    if ((at == 0 || !word_char(code[at - 1])) && (end == code.size() || !word_char(code[end]))) {
      return end;
    }
  }
  return std::string::npos;
}

// Does the awaited expression that begins at `at` hold a brace or a lambda? (Await rule 2.)
bool risky_await(const std::string& code, std::size_t at) {
  int depth = 0;
  char before = ' ';
  for (; at < code.size(); ++at) {
    const char c = code[at];
    if (c == ';' || (c == ')' && depth == 0)) {
      return false;
    }
    depth += c == '(' ? 1 : c == ')' ? -1 : 0;
    const bool index = word_char(before) || before == ')' || before == ']';
    if (c == '{' || (c == '[' && !index)) {
      return true;
    }
    before = std::isspace(static_cast<unsigned char>(c)) != 0 ? before : c;
  }
  return false;
}

// Does the statement around `at` choose whether to wait, by ?:, && or ||? g++ 12 then frees the
// awaited task too early.
bool chosen_await(const std::string& code, std::size_t at) {
  const auto before = code.find_last_of(";{}", at);
  const auto from = before == std::string::npos ? 0 : before + 1;
  const std::string statement = code.substr(from, code.find_first_of(";{", at) - from);
  static const std::regex choice(R"(\?|\|\||[^a-z>]\s*&&|^\s*(while|for)\b)");
  return std::regex_search(statement, choice);
}

enum class Scope { Outer, Body, Table };

// What the brace opens, judged by the text since the last `;`, `{` or `}`.
Scope scope_of(const std::string& head) {
  static const std::regex outer(R"(\b(namespace|class|struct|union|enum|extern)\b)");
  const bool type = std::regex_search(head, outer) && head.find('(') == std::string::npos;
  if (type || head.find("namespace") != std::string::npos) {
    return Scope::Outer;
  }
  const auto equals = head.find('=');
  const auto round = head.find('(');
  return equals != std::string::npos && (round == std::string::npos || equals < round)
             ? Scope::Table
             : Scope::Body;
}

// Functions longer than the ceiling: every block directly inside a namespace or a class.
Lines long_functions(const std::string& path) {
  const std::string code = code_of(read(root() / path));
  Lines out;
  std::vector<Scope> open;
  std::size_t since = 0;
  std::size_t body_at = 0;
  for (std::size_t at = 0; at < code.size(); ++at) {
    const char c = code[at];
    const bool outside = open.empty() || open.back() == Scope::Outer;
    if (c == '{') {
      open.push_back(outside ? scope_of(code.substr(since, at - since)) : open.back());
      body_at = outside ? at : body_at;
    } else if (c == '}' && !open.empty()) {
      const Scope closed = open.back();
      open.pop_back();
      const bool whole = open.empty() || open.back() == Scope::Outer;
      const std::size_t length = line_number(code, at) - line_number(code, body_at) + 1;
      if (whole && closed == Scope::Body && length > kFunctionCeiling) {
        out.push_back(place(path, code, body_at) + ": " + std::to_string(length) + " lines");
      }
    }
    since = c == '{' || c == '}' || c == ';' ? at + 1 : since;
  }
  return out;
}

Lines failure_rows() {
  static const std::regex pattern(R"re(^FAILURE\((\w+), .*?"[^"]*", "(\w+)")re");
  Lines out;
  for (const auto& line : lines_of(read(root() / "proxy/base/failures.def"))) {
    std::smatch found;
    if (std::regex_search(line, found, pattern)) {
      out.push_back(found[1]);
      out.push_back(found[2]);
    }
  }
  return out;  // identifier, word, identifier, word ...
}

TEST(House, ALayerIncludesOnlyWhatLiesBelowIt) {
  Lines offenders;
  for (const auto& path : product()) {
    const auto layer =
        std::ranges::find_if(kLayers, [&](const auto& l) { return path.starts_with(l.first); });
    if (layer == kLayers.end()) {
      offenders.push_back(path + " belongs to no layer");
      continue;
    }
    for (const auto& included : includes_of(path)) {
      const bool ours = included.starts_with("proxy/") || included.starts_with("filters/");
      if (ours && !included.starts_with(layer->first) &&
          !begins_with_any(included, layer->second)) {
        offenders.push_back(path + " includes " + included);
      }
    }
  }
  EXPECT_TRUE(offenders.empty()) << joined(offenders);
}

TEST(House, ALibraryIsKnownOnlyInItsPlaces) {
  Lines offenders;
  for (const auto& path : product()) {
    for (const auto& included : includes_of(path)) {
      for (const auto& [library, places] : kLibraries) {
        if (included.starts_with(library) && !begins_with_any(path, places)) {
          offenders.push_back(path + " includes " + included);
        }
      }
    }
  }
  EXPECT_TRUE(offenders.empty()) << joined(offenders);
}

TEST(House, ProductCodeIncludesNoTests) {
  Lines offenders;
  for (const auto& path : product()) {
    for (const auto& included : includes_of(path)) {
      if (included.starts_with("tests/") || included.starts_with("gtest/") ||
          included.find("..") != std::string::npos) {
        offenders.push_back(path + " includes " + included);
      }
    }
  }
  EXPECT_TRUE(offenders.empty()) << joined(offenders);
}

TEST(House, OnlyTheNamedFilesWait) {
  Lines offenders;
  Names waiting;
  for (const auto& path : product()) {
    const std::string code = code_of(read(root() / path));
    for (const auto* word : {"co_await", "co_return", "co_yield"}) {
      const auto at = behind_word(code, word, 0);
      if (at != std::string::npos) {
        waiting.insert(path);
        if (!kAwaiting.contains(path)) {
          offenders.push_back(place(path, code, at) + ": " + word);
        }
      }
    }
  }
  for (const auto& path : kAwaiting) {
    if (!waiting.contains(path)) {
      offenders.push_back(path + " is on the list and never waits");
    }
  }
  EXPECT_TRUE(offenders.empty()) << joined(offenders);
}

TEST(House, AnAwaitedExpressionHoldsNoBraceAndNoLambda) {
  Lines offenders;
  for (const auto& path : product()) {
    const std::string code = code_of(read(root() / path));
    for (auto at = behind_word(code, "co_await", 0); at != std::string::npos;
         at = behind_word(code, "co_await", at)) {
      if (risky_await(code, at)) {
        offenders.push_back(place(path, code, at));
      }
    }
  }
  EXPECT_TRUE(offenders.empty()) << joined(offenders);
}

TEST(House, NoChoiceIsMadeInsideAnAwaitedExpression) {
  Lines offenders;
  for (const auto& path : product()) {
    const std::string code = code_of(read(root() / path));
    for (auto at = behind_word(code, "co_await", 0); at != std::string::npos;
         at = behind_word(code, "co_await", at)) {
      if (chosen_await(code, at)) {
        offenders.push_back(place(path, code, at));
      }
    }
  }
  EXPECT_TRUE(offenders.empty()) << joined(offenders);
}

TEST(House, TheAwaitRulesSeeWhatTheyShould) {
  const auto chosen = [](const std::string& text) {
    return chosen_await(text, text.find("co_await") + 8);
  };
  EXPECT_TRUE(chosen("a = b; co_return x ? co_await f(x) : co_await g(x);"));
  EXPECT_TRUE(chosen("if (ready() && co_await f(x)) {"));
  EXPECT_TRUE(chosen("while (ready() || co_await f(x)) {"));
  EXPECT_TRUE(chosen("a = b; while (co_await f(x)) {"));
  EXPECT_FALSE(chosen("while (a) { co_await f(x); }"));
  EXPECT_FALSE(chosen("if (a && b) { why = co_await f(x, y); } c = d ? 1 : 2;"));
  EXPECT_FALSE(chosen("auto&& x = co_await f(std::move(y));"));
  const auto risky = [](const std::string& text) {
    return risky_await(text, text.find("co_await") + 8);
  };
  EXPECT_TRUE(risky("co_await send(Head{1});"));
  EXPECT_TRUE(risky("co_await send({1, 2});"));
  EXPECT_TRUE(risky("co_await run([&] { go(); });"));
  EXPECT_TRUE(risky("co_await run(a, [x] { go(); });"));
  EXPECT_FALSE(risky("co_await send(list[i], std::move(x), f(y)[2]);"));
  EXPECT_FALSE(risky("if (co_await send(x)) { a = {1}; }"));
}

TEST(House, FilesKeepBelowTheCeiling) {
  Lines offenders;
  const Names kinds = {".cc", ".h", ".def", ".inc", ".py", ".sh", ".txt", ".play"};
  for (const auto& path : files({"proxy", "filters", "tests", "docker", "iptables"}, kinds)) {
    const auto length = lines_of(read(root() / path)).size();
    if (length > kFileCeiling) {
      offenders.push_back(path + ": " + std::to_string(length) + " lines");
    }
  }
  EXPECT_TRUE(offenders.empty()) << joined(offenders);
}

TEST(House, FunctionsKeepBelowTheCeiling) {
  Lines offenders;
  for (const auto& path : files({"proxy", "filters"}, {".cc", ".h"})) {
    std::ranges::copy(long_functions(path), std::back_inserter(offenders));
  }
  EXPECT_TRUE(offenders.empty()) << joined(offenders);
}

TEST(House, EveryFileSaysItsLicenceAndWhatItIsFor) {
  Lines offenders;
  for (const auto& path :
       files({"proxy", "filters", "tests"}, {".cc", ".h", ".def", ".inc", ".py"})) {
    Lines lines = lines_of(read(root() / path));
    if (!lines.empty() && lines[0].starts_with("#!")) {
      lines.erase(lines.begin());
    }
    const bool licensed =
        !lines.empty() && lines[0].find("SPDX-License-Identifier: Apache-2.0") != std::string::npos;
    bool told = false;
    for (std::size_t n = 1; n < std::min<std::size_t>(lines.size(), 4); ++n) {
      told = told || std::regex_search(lines[n], std::regex(R"(^(//|#|""").*[a-z]{3})"));
    }
    if (!licensed || !told) {
      offenders.push_back(path + (licensed ? ": no opening comment" : ": no SPDX line"));
    }
  }
  EXPECT_TRUE(offenders.empty()) << joined(offenders);
}

TEST(House, EveryFailureIsUsedSomewhere) {
  Names used;
  static const std::regex pattern(R"(\bFailure::(\w+))");
  for (const auto& path : product()) {
    if (path.starts_with("proxy/base/failure")) {
      continue;
    }
    const std::string code = code_of(read(root() / path));
    for (std::sregex_iterator it(code.begin(), code.end(), pattern), end; it != end; ++it) {
      used.insert((*it)[1]);
    }
  }
  Lines offenders;
  const Lines rows = failure_rows();
  ASSERT_GT(rows.size(), 20U);
  for (std::size_t n = 0; n < rows.size(); n += 2) {
    if (used.contains(rows[n]) == kReserved.contains(rows[n])) {
      offenders.push_back(
          rows[n] + (used.contains(rows[n]) ? " is used: no longer reserved" : " is never used"));
    }
  }
  EXPECT_TRUE(offenders.empty()) << joined(offenders);
}

TEST(House, EveryFailureIsInTheDocumentation) {
  if (!fs::exists(root() / "ARCHITECTURE.md")) {
    GTEST_SKIP() << "there is no ARCHITECTURE.md yet";
  }
  std::string documentation;
  for (const auto& entry : fs::directory_iterator(root())) {
    documentation += entry.path().extension() == ".md" ? read(entry.path()) : "";
  }
  for (const auto& path : files({"docs"}, {".md"})) {
    documentation += read(root() / path);
  }
  Lines offenders;
  const Lines rows = failure_rows();
  for (std::size_t n = 1; n < rows.size(); n += 2) {
    if (behind_word(documentation, rows[n], 0) == std::string::npos) {
      offenders.push_back(rows[n]);
    }
  }
  EXPECT_TRUE(offenders.empty()) << "not in any document:" << joined(offenders);
}

TEST(House, NothingNamesThePlaceWhereItWasBuilt) {
  // In two halves, so that this file does not find itself.
  const Lines words = {std::string("/work") + "/main", std::string("/work") + "/shared",
                       std::string("/bash") + "_jobs", std::string("/root") + "/."};
  Lines offenders;
  const Names kinds = {".cc",  ".h",  ".def",  ".inc",  ".py", ".sh",
                       ".txt", ".md", ".play", ".json", ".yml"};
  auto all = files({"proxy", "filters", "tests", "docker", "iptables", "docs", ".ci"}, kinds);
  for (const auto* top : {"dev", ".ci/run", "CMakeLists.txt", "CMakePresets.json", "README.md",
                          "ARCHITECTURE.md", "SECURITY.md"}) {
    all.emplace_back(top);
  }
  for (const auto& path : all) {
    const std::string text = read(root() / path);
    for (const auto& word : words) {
      if (const auto at = text.find(word); at != std::string::npos) {
        offenders.push_back(place(path, text, at));
      }
    }
  }
  EXPECT_TRUE(offenders.empty()) << joined(offenders);
}

}  // namespace
