// SPDX-License-Identifier: Apache-2.0
//
// See replay.h. A record is judged by what the log kept of its request, which is less than the
// proxy saw: what is missing for a judgement is counted, and what makes one weaker is said.
#include "proxy/cli/replay.h"

#include <sysexits.h>

#include "proxy/cli/asked.h"
#include "proxy/cli/changes.h"
#include "proxy/cli/lines.h"
#include "proxy/cli/log_record.h"
#include "proxy/cli/printable.h"

namespace weir::cli {
namespace {

using filters::Phase;

class Replay {
 public:
  Replay(const Rules& rules, LogFormat format)
      : rules_(rules), policy_(*rules.policy), format_(format) {}

  void line(std::string_view text);
  void too_long() { skip("the line is longer than 1 MiB"); }
  const Changes& changes() const { return changes_; }

 private:
  void skip(std::string_view why) {
    ++changes_.records;
    changes_.unjudged.add(why);
  }
  std::string_view obstacle(const LogRecord& record) const;
  std::string_view listener_name(const LogRecord& record) const;
  bool describe_record(const LogRecord& record);
  void judge(const LogRecord& record);
  void count(const LogRecord& record);
  std::string rule_name(const LogRecord& record, Outcome outcome) const;

  const Rules& rules_;
  const filters::Policy& policy_;
  const LogFormat format_;
  Arena arena_{16 * 1024};
  Asked asked_;
  filters::Subject subject_;
  filters::Verdict verdict_;
  Changes changes_;
};

// Why the record cannot be judged; empty when it can.
std::string_view Replay::obstacle(const LogRecord& record) const {
  if (record.refused_before_rules) {
    return "it was refused before any rule was asked";
  }
  if (record.method.empty()) {
    return "its method is missing";
  }
  if (record.url.empty() || record.url.starts_with("error:")) {
    return "its URL is missing";
  }
  if (!IpAddress::parse(record.client)) {
    return "its client is not an address";
  }
  if (!record.time) {
    return "its time is missing";
  }
  if (record.method == "CONNECT") {
    return {};
  }
  const std::size_t scheme = record.url.find("://");
  if (scheme == std::string_view::npos) {
    return "its URL is not absolute";
  }
  if (record.url.find('/', scheme + 3) == std::string_view::npos) {
    return "its path is missing";  // the log was told to keep hosts only
  }
  const bool cut = record.url.size() > 8000 && record.url.ends_with("...");
  return cut ? "its URL was cut when it was logged" : std::string_view();
}

// Rules have the listener's name, older logs its address only.
std::string_view Replay::listener_name(const LogRecord& record) const {
  if (!record.listener_name.empty()) {
    return record.listener_name;
  }
  const auto& listeners = rules_.settings.listeners;
  const auto at = Endpoint::parse(record.listener);
  for (const Settings::Listener& listener : listeners) {
    if (at && listener.at == *at) {
      return listener.name;
    }
  }
  return listeners.size() == 1 ? std::string_view(listeners.front().name) : std::string_view();
}

bool Replay::describe_record(const LogRecord& record) {
  asked_.clear();
  asked_.method = record.method;
  asked_.url = record.url;
  if (!record.referer.empty()) {
    asked_.fields.push_back({"Referer", record.referer});
  }
  if (!record.user_agent.empty()) {
    asked_.fields.push_back({"User-Agent", record.user_agent});
  }
  subject_ = {};
  subject_.client = *IpAddress::parse(record.client);
  subject_.user = record.user;
  subject_.listener = listener_name(record);
  subject_.now = *record.time;
  subject_.groups = policy_.groups_of(subject_.client, subject_.user, subject_.listener);
  return describe(asked_, arena_, subject_);
}

void Replay::judge(const LogRecord& record) {
  verdict_.clear();
  policy_.judge(Phase::Request, subject_, arena_, verdict_);
  subject_.destination = record.destination ? record.destination : subject_.host_address;
  if (subject_.destination && !verdict_.blocks()) {
    policy_.judge(Phase::Address, subject_, arena_, verdict_);
  }
  // What was said instead of the origin's answer tells nothing about it.
  if (record.outcome == Outcome::Allowed && record.status != 0 && !subject_.host_only &&
      !verdict_.blocks()) {
    subject_.status = record.status;
    subject_.media_type = record.media_type;
    policy_.judge(Phase::Response, subject_, arena_, verdict_);
  }
}

// The rule to look at: what blocks or sends elsewhere now, or what did so then.
std::string Replay::rule_name(const LogRecord& record, Outcome outcome) const {
  if (outcome == Outcome::Allowed && !record.rule.empty()) {
    return std::string(record.rule);
  }
  if (verdict_.rule == UINT32_MAX) {
    return "(default)";
  }
  const std::string& id = policy_.rule(verdict_.rule).id;
  return verdict_.hit ? id + " (" + std::string(verdict_.hit.list_name) + ")" : id;
}

void Replay::count(const LogRecord& record) {
  const bool redirects = verdict_.decision == filters::Decision::Redirect;
  const Outcome outcome = verdict_.blocks() ? Outcome::Blocked
                          : redirects       ? Outcome::Redirected
                                            : Outcome::Allowed;
  ++changes_.records;
  ++changes_.judged;
  changes_.without_page += record.referer.empty() && !subject_.host_only ? 1U : 0U;
  if (verdict_.would_rule != UINT32_MAX) {
    changes_.on_trial.add(policy_.rule(verdict_.would_rule).id);
  }
  if (outcome == record.outcome) {
    return;
  }
  const std::string change =
      std::string(outcome_word(record.outcome)) + " to " + std::string(outcome_word(outcome));
  changes_.kinds.add(change);
  changes_.by_rule.add(change + "\t" + rule_name(record, outcome));
  changes_.by_host.add(change + "\t" + std::string(subject_.host));
  changes_.by_client.add(change + "\t" + subject_.client.text());
}

void Replay::line(std::string_view text) {
  arena_.reset();
  LogRecord record;
  if (!read_log_line(format_, text, arena_, record)) {
    return skip("the line is not of the format");
  }
  if (const std::string_view why = obstacle(record); !why.empty()) {
    return skip(why);
  }
  if (!describe_record(record)) {
    return skip("its URL is not valid");
  }
  judge(record);
  count(record);
}

}  // namespace

int replay(const ReplayOptions& options) {
  const auto format = parse_log_format(options.format);
  if (!format) {
    return fail("--format: write squid, combined, json or auto.", EX_USAGE);
  }
  const auto rules = load_rules(options.source);
  if (!rules) {
    complain(rules.error());
    return EX_CONFIG;
  }
  complain(rules->warnings);
  auto in = LineReader::open(options.log);
  if (!in) {
    return fail(in.error(), EX_NOINPUT);
  }
  Replay replay(*rules, *format);
  std::string_view line;
  LineReader::Got got = in->next(line);
  for (; got == LineReader::Got::Line || got == LineReader::Got::TooLong; got = in->next(line)) {
    if (got == LineReader::Got::TooLong) {
      replay.too_long();
    } else if (!line.empty()) {
      replay.line(line);
    }
  }
  if (got == LineReader::Got::Failed) {
    return fail(in->error(), EX_IOERR);
  }
  return print(options.json ? changes_json(replay.changes(), options.limit)
                            : changes_text(replay.changes(), options.limit));
}

}  // namespace weir::cli
