// SPDX-License-Identifier: Apache-2.0
//
// An explanation as one JSON object, with everything the text has.
#include "filters/classify.h"
#include "proxy/cli/action_words.h"
#include "proxy/cli/explanation.h"
#include "proxy/cli/time_text.h"
#include "proxy/observe/json_writer.h"

namespace weir::cli {
namespace {

using filters::Decision;
using filters::RuleTrace;

std::string_view result_word(RuleTrace::Result result) {
  using Result = RuleTrace::Result;
  switch (result) {
    case Result::Held:
      return "held";
    case Result::Failed:
      return "failed";
    case Result::NotYet:
      return "not_yet";
    case Result::DryRun:
      return "dry_run";
    case Result::AfterDecision:
      return "after_decision";
  }
  return "failed";
}

class Writer {
 public:
  Writer(JsonWriter& json, const Explanation& explanation) : json_(json), e_(explanation) {}

  void all();

 private:
  void request();
  void asker();
  void names(std::string_view name, std::span<const std::string_view> names);
  void facts(std::string_view name, const std::vector<Fact>& facts);
  void rules();
  void decision();
  void trial();
  void changes();
  void edits();
  void open_rules();
  void becomes();
  void hit(const filters::ListHit& hit);
  void text(std::string_view name, std::string_view value) { json_.name(name).text(value); }
  void known(std::string_view name, std::string_view value) {
    if (!value.empty()) {
      text(name, value);
    }
  }
  const std::string& id(std::uint32_t rule) const { return e_.rules->policy->rule(rule).id; }

  JsonWriter& json_;
  const Explanation& e_;
};

void Writer::hit(const filters::ListHit& hit) {
  if (hit) {
    text("list", hit.list_name);
    json_.name("line").number(hit.line);
    text("text", hit.text());
  }
}

void Writer::request() {
  const filters::Subject& subject = e_.subject;
  json_.name("request").open_object();
  text("method", subject.method);
  text("scheme", subject.scheme);
  text("host", subject.host);
  known("host_as_written", e_.written_host);
  json_.name("port").number(subject.port);
  json_.name("host_only").flag(subject.host_only);
  if (!subject.host_only) {
    text("url", subject.url);
    text("kind", filters::kind_name(subject.kind));
    known("page_host", subject.page_host);
    text("party", subject.party == filters::Party::Third ? "third" : "first");
  }
  if (subject.destination) {
    text("destination", subject.destination->text());
  }
  json_.close_object();
  if (subject.status != 0) {
    json_.name("response").open_object();
    json_.name("status").number(subject.status);
    known("media_type", subject.media_type);
    names("file_names", subject.file_names);
    json_.close_object();
  }
}

void Writer::names(std::string_view name, std::span<const std::string_view> names) {
  json_.name(name).open_list();
  for (const std::string_view each : names) {
    json_.text(each);
  }
  json_.close_list();
}

void Writer::asker() {
  json_.name("asker").open_object();
  text("client", e_.subject.client.text());
  known("mac", e_.device.mac ? mac_text(*e_.device.mac) : std::string());
  known("name", e_.device.name);
  known("user", e_.subject.user);
  known("listener", e_.subject.listener);
  text("time", utc_text(e_.subject.now));
  names("groups", e_.groups);
  names("schedules", e_.schedules);
  json_.close_object();
}

void Writer::facts(std::string_view name, const std::vector<Fact>& facts) {
  json_.name(name).open_list();
  for (const Fact& fact : facts) {
    json_.open_object();
    text("about", fact.about);
    text("says", fact.says);
    if (fact.failure != Failure::None) {
      text("failure", word(fact.failure));
    }
    json_.close_object();
  }
  json_.close_list();
}

void Writer::rules() {
  json_.name("rules").open_list();
  for (const RuleTrace& trace : e_.trace.rules) {
    const filters::RuleDocument& rule = e_.rules->policy->rule(trace.rule);
    json_.open_object();
    text("id", rule.id);
    known("description", rule.description);
    known("file", rule.file);
    if (rule.line != 0) {
      json_.name("file_line").number(rule.line);
    }
    text("result", result_word(trace.result));
    known("condition", trace.condition);
    hit(trace.hit);
    if (trace.exception) {
      json_.name("exception").open_object();
      hit(trace.exception);
      json_.close_object();
    }
    if (trace.gave_up) {
      json_.name("gave_up").flag(true);
    }
    json_.close_object();
  }
  json_.close_list();
}

void Writer::decision() {
  const filters::Verdict& verdict = e_.verdict;
  const filters::PolicyDocument& policy = e_.rules->policy->document();
  json_.name("decision").open_object();
  text("decision", filters::decision_name(verdict.decision));
  json_.name("block").flag(verdict.blocks());
  if (verdict.rule != UINT32_MAX) {
    text("rule", id(verdict.rule));
    known("description", e_.rules->policy->rule(verdict.rule).description);
  } else {
    json_.name("by_default").flag(true);
    json_.name("open").flag(verdict.decision == Decision::Default && !policy.allow_by_default);
  }
  hit(verdict.hit);
  if (verdict.action != nullptr && !stands_in(e_)) {
    known("how", action_value(*verdict.action));
  }
  if (stands_in(e_)) {
    json_.name("status").number(200);
    text("neutral_resource", verdict.redirect);
  }
  open_rules();
  if (e_.ends) {
    text("until", utc_text(e_.ends->at));
  }
  json_.close_object();
}

void Writer::trial() {
  const filters::Verdict& verdict = e_.verdict;
  if (verdict.would_rule != UINT32_MAX) {
    json_.name("on_trial").open_object();
    text("decision", filters::decision_name(verdict.would));
    text("rule", id(verdict.would_rule));
    hit(verdict.would_hit);
    json_.close_object();
  }
  if (verdict.trial_count > 0) {
    json_.name("on_trial_adjusting").open_list();
    for (std::uint32_t i = 0; i < verdict.trial_count; ++i) {
      json_.text(id(verdict.trials[i]));
    }
    json_.close_list();
  }
}

void Writer::edits() {
  const filters::ListEdits& edits = e_.verdict.edits;
  if (!edits.url.empty()) {
    json_.open_object();
    text("action", "rewrite_url");
    text("value", edits.url);
    hit(edits.url_by);
    json_.close_object();
  }
  for (std::uint32_t i = 0; i < edits.count; ++i) {
    json_.open_object();
    text("action", "list_edit");
    text("value", edit_words(edits.edits[i]));
    hit(edits.edits[i].by);
    json_.close_object();
  }
}

void Writer::open_rules() {
  if (e_.open.empty()) {
    return;
  }
  json_.name("open_rules").open_list();
  for (const RuleTrace* trace : e_.open) {
    json_.open_object();
    text("id", id(trace->rule));
    text("condition", trace->condition);
    json_.close_object();
  }
  json_.close_list();
}

void Writer::becomes() {
  const Onward& onward = e_.onward;
  if (!onward) {
    return;
  }
  json_.name("becomes").open_object();
  known("url", onward.url);
  known("connect_to", onward.connect_to);
  if (!onward.field.empty()) {
    text("field", std::string(onward.field) + ": " + std::string(onward.field_value));
  }
  json_.close_object();
}

void Writer::changes() {
  const filters::Verdict& verdict = e_.verdict;
  json_.name("changes").open_list();
  for (std::uint32_t i = 0; i < verdict.adjustment_count; ++i) {
    const auto& [rule, action] = verdict.adjustments[i];
    json_.open_object();
    text("action", action_name(action->kind));
    text("value", action_value(*action));
    text("rule", id(rule));
    json_.close_object();
  }
  edits();
  json_.close_list();
  becomes();
  if (verdict.adjustments_lost != 0) {
    json_.name("changes_not_applied").number(verdict.adjustments_lost);
  }
}

void Writer::all() {
  json_.open_object();
  request();
  asker();
  facts("before_rules", e_.before);
  rules();
  decision();
  trial();
  changes();
  facts("behind_rules", e_.after);
  if (e_.refused() != Failure::None) {
    text("refused", word(e_.refused()));
  }
  json_.name("passes").flag(!e_.refuses());
  if (e_.tunnel != nullptr) {
    json_.name("tunnel");
    Writer(json_, *e_.tunnel).all();
  }
  json_.close_object();
}

}  // namespace

std::string explanation_json(const Explanation& explanation) {
  JsonWriter json(true);
  Writer(json, explanation).all();
  return json.written() + "\n";
}

}  // namespace weir::cli
