// SPDX-License-Identifier: Apache-2.0
//
// An explanation for people, in sections: the request, who asks, each rule, the decision, what it
// changes, and the rest of the way. What strangers wrote (URLs, list lines) is made printable.
#include <algorithm>

#include "filters/classify.h"
#include "proxy/cli/action_words.h"
#include "proxy/cli/explanation.h"
#include "proxy/cli/printable.h"
#include "proxy/cli/time_text.h"

namespace weir::cli {
namespace {

using filters::Decision;
using filters::RuleTrace;

constexpr std::size_t kNameWidth = 14;
constexpr std::size_t kIdMost = 32;

constexpr std::string_view kBold = "\033[1m";
constexpr std::string_view kRed = "\033[31m";
constexpr std::string_view kGreen = "\033[32m";
constexpr std::string_view kDim = "\033[2m";
constexpr std::string_view kPlain = "\033[0m";

class TextWriter {
 public:
  TextWriter(const Explanation& explanation, bool colour) : e_(explanation), colour_(colour) {}

  std::string all();

 private:
  void request();
  void asker();
  void facts(std::string_view title, const std::vector<Fact>& facts);
  void rules();
  void rule(const RuleTrace& trace, std::size_t width);
  void decision();
  void changes();

  void section(std::string_view title) {
    out_ += out_.empty() ? "" : "\n";
    put(kBold, title);
    out_ += "\n";
  }
  void row(std::string_view name, const std::string& value, std::string_view paint = {});
  void put(std::string_view paint, std::string_view text);
  const std::string& id(std::uint32_t rule) const { return e_.rules->policy->rule(rule).id; }
  std::string decided_by() const;

  const Explanation& e_;
  const bool colour_;
  std::string out_;
};

void TextWriter::put(std::string_view paint, std::string_view text) {
  const bool painted = colour_ && !paint.empty();
  out_ += painted ? paint : "";
  out_ += text;
  out_ += painted ? kPlain : "";
}

void TextWriter::row(std::string_view name, const std::string& value, std::string_view paint) {
  out_ += "  " + padded(name, kNameWidth);
  put(paint, printable(value));
  out_ += "\n";
}

std::string joined_names(const std::vector<std::string_view>& names) {
  std::string out;
  for (const std::string_view name : names) {
    out += (out.empty() ? "" : ", ") + std::string(name);
  }
  return out.empty() ? "none" : out;
}

void TextWriter::request() {
  const filters::Subject& subject = e_.subject;
  section("Request");
  row("method", std::string(subject.method));
  row(subject.host_only ? "tunnel to" : "url",
      subject.host_only ? std::string(subject.host) + ":" + std::to_string(subject.port)
                        : std::string(subject.url));
  row("host",
      std::string(subject.host) + (subject.host_address ? " (an address)" : "") +
          (e_.written_host.empty() ? ""
                                   : " (as browsers send " + std::string(e_.written_host) + ")"));
  if (subject.host_only) {
    row("seen", "the host alone; path, kind and page are inside the tunnel");
    return;
  }
  row("kind", std::string(filters::kind_name(subject.kind)));
  const bool third = subject.party == filters::Party::Third;
  row("page", (subject.page_host.empty() ? "not known" : std::string(subject.page_host)) +
                  (third ? ", third party" : ", first party"));
  if (subject.status != 0) {
    std::string line = std::to_string(subject.status) + " " + std::string(subject.media_type);
    for (const std::string_view name : subject.file_names) {
      line +=
          (name.data() == subject.file_names.front().data() ? ", " : " or ") + std::string(name);
    }
    row("response", line);
  }
}

void TextWriter::asker() {
  section("Asked by");
  row("client", e_.subject.client.text());
  if (e_.device.mac || !e_.device.name.empty()) {
    const std::string mac = e_.device.mac ? mac_text(*e_.device.mac) : std::string();
    const std::string_view between = mac.empty() || e_.device.name.empty() ? "" : ", ";
    row("device", mac + std::string(between) + std::string(e_.device.name));
  }
  if (!e_.subject.user.empty()) {
    row("user", std::string(e_.subject.user));
  }
  if (!e_.subject.listener.empty()) {
    row("listener", std::string(e_.subject.listener));
  }
  row("time", local_text(e_.subject.now));
  row("groups", joined_names(e_.groups));
  row("schedules", joined_names(e_.schedules));
}

void TextWriter::facts(std::string_view title, const std::vector<Fact>& facts) {
  section(title);
  for (const Fact& fact : facts) {
    const bool refuses = fact.failure != Failure::None;
    row(fact.about, fact.says + (refuses ? " [" + std::string(word(fact.failure)) + "]" : ""),
        refuses ? kRed : std::string_view());
  }
}

void TextWriter::rules() {
  section("Rules");
  if (e_.trace.rules.empty()) {
    out_ += "  there are none\n";
  }
  std::size_t width = 0;
  for (const RuleTrace& trace : e_.trace.rules) {
    width = std::max(width, std::min(id(trace.rule).size(), kIdMost));
  }
  for (const RuleTrace& trace : e_.trace.rules) {
    rule(trace, width);
  }
}

void TextWriter::rule(const RuleTrace& trace, std::size_t width) {
  using Result = RuleTrace::Result;
  const bool held = trace.result == Result::Held || trace.result == Result::DryRun;
  const std::string_view result = trace.result == Result::Held     ? "holds"
                                  : trace.result == Result::DryRun ? "holds, on trial"
                                  : trace.result == Result::Failed ? "no"
                                  : trace.result == Result::NotYet ? "not known yet"
                                                                   : "not asked";
  out_ += "  " + padded(id(trace.rule), width + 2);
  put(held ? kGreen : kDim, result);
  if (!held && !trace.condition.empty()) {
    out_ += ": " + printable(trace.condition);
  } else if (trace.result == Result::AfterDecision) {
    out_ += ": decided above";
  }
  out_ += "\n";
  const std::string indent(width + 4, ' ');
  if (trace.hit) {
    // What a list says without being heard is on trial.
    const bool unheard = trace.result == Result::Failed && !trace.exception;
    out_ += indent + (unheard ? "on trial: " : "") + printable(hit_words(trace.hit)) + "\n";
  }
  if (trace.gave_up) {
    out_ += indent + "gave up there: asking the lists about this URL would cost too much\n";
  }
  if (trace.exception) {
    out_ += indent + "lifted by " + printable(hit_words(trace.exception)) + "\n";
  }
}

std::string TextWriter::decided_by() const {
  const filters::Verdict& verdict = e_.verdict;
  if (verdict.rule != UINT32_MAX) {
    return "by rule " + id(verdict.rule);
  }
  if (verdict.decision == Decision::Block) {
    return "by default: no rule decided";
  }
  return e_.rules->policy->document().allow_by_default
             ? "by default: no rule decided"
             : "so far: rules that let it pass wait for what is not known yet; else it is blocked";
}

void TextWriter::decision() {
  const filters::Verdict& verdict = e_.verdict;
  section("Decision");
  const bool passes = verdict.decision == Decision::Default;
  out_ += "  ";
  put(verdict.blocks() ? kRed : kGreen,
      passes ? std::string_view("allow") : filters::decision_name(verdict.decision));
  out_ += " " + decided_by() + "\n";
  if (verdict.rule != UINT32_MAX && !e_.rules->policy->rule(verdict.rule).description.empty()) {
    row("because", e_.rules->policy->rule(verdict.rule).description);
  }
  if (verdict.hit) {
    row("list", hit_words(verdict.hit));
  }
  if (verdict.action != nullptr && !stands_in(e_) && !action_value(*verdict.action).empty()) {
    row("how", action_value(*verdict.action));
  }
  if (stands_in(e_)) {
    row("answered with", "status 200, the neutral resource " + std::string(verdict.redirect));
  }
  for (const RuleTrace* trace : e_.open) {
    const bool decided = verdict.rule != UINT32_MAX;
    const bool asked = !verdict.ends() && (!verdict.waits || trace->asks_address);
    row("but", "rule " + id(trace->rule) +
                   (!decided ? " may still decide: "
                    : asked  ? " stands before it and may still decide: "
                             : " stands before it and is not asked any more: ") +
                   trace->condition);
  }
  if (e_.ends) {
    row("until", clock_text(e_.ends->at, e_.ends->utc_offset));
  }
  if (e_.refused() != Failure::None && !verdict.blocks()) {
    row("but", "the settings refuse it: " + std::string(word(e_.refused())), kRed);
  }
  if (verdict.would_rule != UINT32_MAX) {
    row("on trial", "rule " + id(verdict.would_rule) + " would have decided: " +
                        std::string(filters::decision_name(verdict.would)) +
                        (verdict.would_hit ? " (" + hit_words(verdict.would_hit) + ")" : ""));
  }
  for (std::uint32_t i = 0; i < verdict.trial_count; ++i) {
    row("on trial", "rule " + id(verdict.trials[i]) + " would have adjusted");
  }
}

void TextWriter::changes() {
  const filters::Verdict& verdict = e_.verdict;
  if (verdict.adjustment_count == 0 && verdict.edits.count == 0 && verdict.edits.url.empty()) {
    return;
  }
  section("Changes");
  for (std::uint32_t i = 0; i < verdict.adjustment_count; ++i) {
    const auto& [rule, action] = verdict.adjustments[i];
    row(action_name(action->kind), " " + action_value(*action) + " (rule " + id(rule) + ")");
  }
  if (!verdict.edits.url.empty()) {
    row("url", std::string(verdict.edits.url) + " (" + hit_words(verdict.edits.url_by) + ")");
  }
  for (std::uint32_t i = 0; i < verdict.edits.count; ++i) {
    const auto& edit = verdict.edits.edits[i];
    row("list", edit_words(edit) + " (" + hit_words(edit.by) + ")");
  }
  if (!e_.onward.url.empty()) {
    row("goes on as", std::string(e_.onward.url));
  }
  if (!e_.onward.connect_to.empty()) {
    row("leads to", std::string(e_.onward.connect_to));
  }
  if (!e_.onward.field.empty()) {
    row("carries", std::string(e_.onward.field) + ": " + std::string(e_.onward.field_value));
  }
  if (verdict.adjustments_lost != 0) {
    row("not applied", std::to_string(verdict.adjustments_lost) + " more");
  }
}

std::string TextWriter::all() {
  request();
  asker();
  facts("Before the rules", e_.before);
  rules();
  decision();
  changes();
  facts(e_.verdict.blocks() ? "If it were let through" : "Behind the rules", e_.after);
  return std::move(out_);
}

}  // namespace

std::string explanation_text(const Explanation& explanation, bool colour) {
  std::string out = TextWriter(explanation, colour).all();
  if (explanation.tunnel != nullptr) {
    out += "\nThe tunnel that comes first, and is all that is seen without interception:\n\n" +
           TextWriter(*explanation.tunnel, colour).all();
  }
  return out;
}

}  // namespace weir::cli
