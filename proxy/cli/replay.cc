// SPDX-License-Identifier: Apache-2.0
//
// See replay.h. A record is judged by what the log kept of its request, which is less than the
// proxy saw. A change is told only where nothing that the log lacks could make another decision;
// that nothing changes, also where it is so if all was as usual. The rest is counted, with the rule
// and its condition that would have to be known.
#include "proxy/cli/replay.h"

#include <sysexits.h>

#include "filters/file_names.h"
#include "proxy/cli/asked.h"
#include "proxy/cli/changes.h"
#include "proxy/cli/lines.h"
#include "proxy/cli/log_record.h"
#include "proxy/cli/printable.h"
#include "proxy/cli/surroundings.h"

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
  void describe_answer(const LogRecord& record);
  void judge();
  filters::GroupMask unknown_groups(const LogRecord& record) const;
  filters::Unknown unknown(const LogRecord& record, bool presume) const;
  bool foresee(const LogRecord& record, filters::Foreseen& seen);
  Outcome outcome_of(filters::Fate fate) const;
  Outcome outcome_of(const LogRecord& record) const;
  std::string doubt(const filters::Foreseen& seen) const;
  std::string_view doubt_about(const LogRecord& record, Outcome outcome) const;
  void count(const LogRecord& record, const filters::Foreseen& seen);
  std::string rule_name(const LogRecord& record, std::uint32_t rule, Outcome outcome) const;

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
  if (record.refused_otherwise) {
    return "it was refused because of the rules, but by none of them";
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
  Device device;
  device.mac = parse_mac(record.mac);
  device.name = record.device;
  subject_.groups = policy_.groups_of(subject_.client, subject_.user, subject_.listener, device);
  if (!describe(asked_, arena_, subject_)) {
    return false;
  }
  describe_answer(record);
  return true;
}

// What came of it, as far as the log says so, and what is usual where it does not.
void Replay::describe_answer(const LogRecord& record) {
  subject_.destination = record.destination ? record.destination : subject_.host_address;
  if (record.answered != Answered::No) {
    subject_.status = record.status;
    subject_.media_type = record.media_type;
  }
  if (!subject_.host_only) {
    filters::set_file_names(subject_, arena_);
  }
  if (!subject_.host_address && (subject_.host_only || subject_.scheme == "https")) {
    subject_.server_name = subject_.host;
  }
  const bool bodiless = subject_.method == "GET" || subject_.method == "HEAD";
  subject_.request_length = bodiless ? std::optional<std::uint64_t>(0) : std::nullopt;
}

// By rules on trial, and to find the list's line.
void Replay::judge() {
  verdict_.clear();
  filters::Subject subject = subject_;
  subject.server_name = {};
  subject.destination.reset();
  policy_.judge(Phase::Request, subject, arena_, verdict_);
  subject.destination = subject_.destination;
  if (subject.destination && !verdict_.ends()) {
    policy_.judge(Phase::Address, subject, arena_, verdict_);
  }
  if (subject.status != 0 && !subject.host_only && !verdict_.ends()) {
    policy_.judge(Phase::Response, subject, arena_, verdict_);
  }
}

// Groups by what the log does not hold of the client.
filters::GroupMask Replay::unknown_groups(const LogRecord& record) const {
  filters::GroupMask out = 0;
  const auto& groups = policy_.document().groups;
  for (std::size_t i = 0; i < groups.size(); ++i) {
    const bool device = !groups[i].macs.empty() || !groups[i].devices.empty();
    const bool listener = !groups[i].listeners.empty() && subject_.listener.empty();
    out |= (device && !record.holds.device) || listener ? filters::GroupMask{1} << i : 0;
  }
  return out;
}

// What the proxy knew of this record's request and we do not; less, if what is usual is presumed.
filters::Unknown Replay::unknown(const LogRecord& record, bool presume) const {
  using Kind = filters::ConditionKind;
  filters::Unknown out;
  const auto any = [&out](Kind kind, bool open = true) {
    out.answers |= open ? filters::Unknown::bit(kind) : 0;
  };
  const bool answered = record.answered == Answered::Yes;
  any(Kind::RequestField);
  any(Kind::Kind, !presume || !answered);
  any(Kind::RequestSize, !presume || !subject_.request_length);
  any(Kind::ResponseField);
  any(Kind::ResponseSize);
  any(Kind::FileName, !presume || !answered);
  any(Kind::Status, !answered);
  any(Kind::MediaType, !answered || !record.holds.media_type);
  const bool greets = subject_.host_only || subject_.scheme == "https";
  any(Kind::ServerName, greets && (!presume || subject_.server_name.empty()));
  any(Kind::Listener, subject_.listener.empty());
  // Nothing was dialled for what passed and has none.
  const bool never = record.holds.destination && record.outcome == Outcome::Allowed;
  any(Kind::Destination, !subject_.destination && !never);
  const auto wrongly_denied = [&out](Kind kind, bool open) {
    out.denials |= open ? filters::Unknown::bit(kind) : 0;
  };
  const bool nameless = subject_.host_only && (!presume || subject_.server_name.empty());
  const bool cut = !presume && !subject_.host_only && !rules_.settings.access_log.query_strings;
  wrongly_denied(Kind::MediaType, !presume);
  wrongly_denied(Kind::Host, nameless);
  // A list may have blocked it for the page alone, which the record does not name.
  const bool by_list =
      record.outcome == Outcome::Blocked && (!record.holds.decision || !record.list.empty());
  const bool pageless = !presume && record.referer.empty() && by_list;
  wrongly_denied(Kind::List, nameless || pageless);
  any(Kind::Query, cut);
  any(Kind::Url, cut);
  out.kind = out.page = !presume;
  out.page = out.page && record.referer.empty();
  if (record.holds.referer) {
    out.fields_known.emplace_back("referer");
  }
  if (record.holds.user_agent) {
    out.fields_known.emplace_back("user-agent");
  }
  out.groups = unknown_groups(record);
  return out;
}

// Whether the record can be judged: surely, or by what is usual if that is what happened.
bool Replay::foresee(const LogRecord& record, filters::Foreseen& seen) {
  const bool answered = record.answered != Answered::No || record.outcome != Outcome::Allowed;
  filters::Unknown lacks = unknown(record, false);
  seen = policy_.foresee(subject_, lacks, answered, arena_);
  if (seen.retyped) {  // the log has the type that the client was told, rules saw the server's
    lacks.answers |= filters::Unknown::bit(filters::ConditionKind::MediaType);
    seen = policy_.foresee(subject_, lacks, answered, arena_);
  }
  if (seen.sure()) {
    return true;
  }
  const auto usual = policy_.foresee(subject_, unknown(record, true), answered, arena_);
  if (!usual.sure()) {
    seen = usual;
    return false;
  }
  if (outcome_of(usual.fate()) != outcome_of(record)) {
    return false;
  }
  ++changes_.presumed;
  seen = usual;
  return true;
}

std::string Replay::doubt(const filters::Foreseen& seen) const {
  return seen.open_rule == UINT32_MAX ? "the log does not hold what its rules ask for"
                                      : "rule " + policy_.rule(seen.open_rule).id + " asks for " +
                                            seen.open_condition + ", which the log does not hold";
}

// A CONNECT cannot be sent elsewhere: it is refused.
Outcome Replay::outcome_of(filters::Fate fate) const {
  return fate == filters::Fate::Passes                          ? Outcome::Allowed
         : fate == filters::Fate::Blocked || subject_.host_only ? Outcome::Blocked
                                                                : Outcome::Redirected;
}

Outcome Replay::outcome_of(const LogRecord& record) const {
  return subject_.host_only && record.outcome == Outcome::Redirected ? Outcome::Blocked
                                                                     : record.outcome;
}

// Where the log's format does not tell who refused or redirected.
std::string_view Replay::doubt_about(const LogRecord& record, Outcome outcome) const {
  if (record.holds.decision || outcome == outcome_of(record)) {
    return {};
  }
  if (record.outcome == Outcome::Blocked) {
    for (const Fact& fact : facts_before_rules(rules_.settings, subject_)) {
      if (fact.failure != Failure::None && fact.failure != Failure::AuthRequired) {
        return "it was refused before any rule was asked";
      }
    }
    if (!record.holds.media_type || record.status != 403 || !subject_.host_address) {
      return "the log does not tell whether a rule refused it";
    }
    const auto said = destination_verdict(rules_.settings, subject_, *subject_.host_address);
    return said.allowed() ? std::string_view() : "its address was refused, by no rule";
  }
  const bool elsewhere = record.status >= 300 && record.status < 400 && !record.holds.media_type;
  return elsewhere && outcome == Outcome::Redirected
             ? "the log does not tell whether a rule redirected it"
             : std::string_view();
}

// The rule to look at: what blocks or sends elsewhere now, or what did so then.
std::string Replay::rule_name(const LogRecord& record, std::uint32_t rule, Outcome outcome) const {
  if (outcome == Outcome::Allowed && !record.rule.empty()) {
    return std::string(record.rule);
  }
  if (rule == UINT32_MAX) {
    return "(default)";
  }
  const std::string& id = policy_.rule(rule).id;
  return verdict_.rule == rule && verdict_.hit
             ? id + " (" + std::string(verdict_.hit.list_name) + ")"
             : id;
}

void Replay::count(const LogRecord& record, const filters::Foreseen& seen) {
  const Outcome outcome = outcome_of(seen.fate());
  const Outcome before = outcome_of(record);
  ++changes_.records;
  ++changes_.judged;
  changes_.without_page += record.referer.empty() && !subject_.host_only ? 1U : 0U;
  if (verdict_.would_rule != UINT32_MAX) {
    changes_.on_trial.add(policy_.rule(verdict_.would_rule).id);
  }
  for (std::uint32_t i = 0; i < verdict_.trial_count; ++i) {
    changes_.on_trial.add(policy_.rule(verdict_.trials[i]).id);
  }
  if (outcome == before) {
    return;
  }
  const std::string change =
      std::string(outcome_word(before)) + " to " + std::string(outcome_word(outcome));
  changes_.kinds.add(change);
  changes_.by_rule.add(change + "\t" + rule_name(record, seen.rule, outcome));
  changes_.by_host.add(change + "\t" + std::string(subject_.host));
  changes_.by_client.add(change + "\t" + subject_.client.text());
}

void Replay::line(std::string_view text) {
  arena_.reset();
  LogRecord record;
  if (!read_log_line(format_, text, arena_, record)) {
    return skip("the line is not of the format");
  }
  ++changes_.readable;
  if (const std::string_view why = obstacle(record); !why.empty()) {
    return skip(why);
  }
  if (!describe_record(record)) {
    return skip("its URL is not valid");
  }
  filters::Foreseen seen;
  if (!foresee(record, seen)) {
    return skip(doubt(seen));
  }
  if (const auto why = doubt_about(record, outcome_of(seen.fate())); !why.empty()) {
    return skip(why);
  }
  judge();
  count(record, seen);
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
  if (replay.changes().records != 0 && replay.changes().readable == 0) {
    return fail(options.log + ": no line of it is a record in " +
                    (options.format == "auto" ? "the format squid, combined or json"
                                              : "the format " + options.format) +
                    "; others cannot be replayed.",
                EX_NOINPUT);
  }
  return print(options.json ? changes_json(replay.changes(), options.limit)
                            : changes_text(replay.changes(), options.limit));
}

}  // namespace weir::cli
