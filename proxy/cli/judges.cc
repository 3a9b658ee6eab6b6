// SPDX-License-Identifier: Apache-2.0
//
// See judges.h.
#include "proxy/cli/judges.h"

#include <numeric>
#include <utility>

#include "filters/lists/list_set.h"
#include "proxy/cli/onward.h"
#include "proxy/lists/load.h"

namespace weir::cli {
namespace {

std::size_t count_rules(std::span<const filters::ListReport> reports) {
  return std::accumulate(reports.begin(), reports.end(), std::size_t{0},
                         [](std::size_t sum, const auto& report) { return sum + report.rules; });
}

// The given lists as one set; there is no policy around it.
class SetJudge final : public Judge {
 public:
  SetJudge(std::unique_ptr<const filters::ListSets> sets, std::size_t rules)
      : sets_(std::move(sets)), rules_(rules) {}

  void introduce(filters::Subject& subject) override { subject.groups = 0; }
  void decide(filters::Subject& subject, Arena& arena) override {
    subject.destination = subject.host_address;
    verdict_.clear();
    sets_->judge(0, subject, false, arena, verdict_);
  }
  Said said() const override;
  std::size_t lists_bytes() const override { return sets_->memory(); }
  void forget_texts() const override { sets_->forget_texts(); }
  std::size_t rules() const override { return rules_; }
  bool judges_text() const override { return true; }

 private:
  std::unique_ptr<const filters::ListSets> sets_;
  std::size_t rules_;
  filters::ListVerdict verdict_;
};

Said SetJudge::said() const {
  Said out;
  out.block = verdict_.block;
  out.hit = verdict_.by;
  out.gave_up = verdict_.gave_up;
  out.excepted = verdict_.exception;
  if (verdict_.block) {
    out.ruled_by_line = true;
    out.redirect = verdict_.redirect;
  } else {
    out.rewrite = verdict_.edits.url;
  }
  return out;
}

class PolicyJudge final : public Judge {
 public:
  explicit PolicyJudge(std::shared_ptr<const filters::Policy> policy)
      : policy_(std::move(policy)),
        judges_addresses_(policy_->has_phase(filters::Phase::Address)) {}

  void introduce(filters::Subject& subject) override {
    subject.groups = policy_->groups_of(subject.client, subject.user, subject.listener);
  }
  void decide(filters::Subject& subject, Arena& arena) override;
  Said said() const override;
  std::size_t lists_bytes() const override { return policy_->lists().memory(); }
  void forget_texts() const override { policy_->lists().forget_texts(); }
  std::size_t rules() const override { return count_rules(policy_->list_reports()); }
  bool judges_text() const override { return false; }

 private:
  std::string_view rule_id(std::uint32_t rule) const {
    return rule == UINT32_MAX ? std::string_view() : std::string_view(policy_->rule(rule).id);
  }

  std::shared_ptr<const filters::Policy> policy_;
  bool judges_addresses_;
  filters::Verdict verdict_;
  Onward onward_;
};

void PolicyJudge::decide(filters::Subject& subject, Arena& arena) {
  verdict_.clear();
  subject.destination.reset();
  policy_->judge(filters::Phase::Request, subject, arena, verdict_);
  if (judges_addresses_) {
    subject.destination = subject.host_address;  // known without asking anybody
  }
  if (subject.destination || verdict_.waits) {  // else nobody will tell it
    policy_->judge(filters::Phase::Address, subject, arena, verdict_);
  }
  const bool changes = verdict_.adjustment_count != 0 || !verdict_.edits.url.empty();
  onward_ = changes ? onward(*policy_, subject, verdict_, arena) : Onward{};
}

Said PolicyJudge::said() const {
  Said out;
  out.block = verdict_.blocks();
  out.decision = filters::decision_name(verdict_.decision);
  out.rule = rule_id(verdict_.rule);
  out.hit = verdict_.hit;
  out.gave_up = verdict_.gave_up;
  if (verdict_.decision == filters::Decision::Redirect && verdict_.action != nullptr) {
    out.redirect = verdict_.action->to;
  } else if (out.block) {
    out.redirect = verdict_.redirect;
  }
  out.rewrite = onward_.url;
  out.connect_to = onward_.connect_to;
  if (verdict_.would_rule != UINT32_MAX) {
    out.would = filters::decision_name(verdict_.would);
    out.would_rule = rule_id(verdict_.would_rule);
  }
  return out;
}

tl::expected<std::unique_ptr<Judge>, Complaints> make_set_judge(const Source& source) {
  const filters::PolicyDocument document = policy_of_lists(source.lists);
  auto lists = read_lists(document);
  if (!lists) {
    return tl::unexpected(std::move(lists.error()));
  }
  std::vector<std::uint16_t> all(lists->size());
  std::iota(all.begin(), all.end(), std::uint16_t{0});
  auto built =
      filters::ListSets::build(std::move(*lists), {std::move(all)}, source.third_party_hosts);
  give_memory_back();
  if (built.sets == nullptr) {
    return tl::unexpected(std::move(built.errors));
  }
  return std::make_unique<SetJudge>(std::move(built.sets), count_rules(built.reports));
}

}  // namespace

tl::expected<std::unique_ptr<Judge>, Complaints> make_judge(const Source& source,
                                                            Complaints& warnings) {
  if (!source.lists.empty()) {
    return make_set_judge(source);
  }
  auto rules = load_rules(source);
  if (!rules) {
    return tl::unexpected(std::move(rules.error()));
  }
  warnings = std::move(rules->warnings);
  return std::make_unique<PolicyJudge>(std::move(rules->policy));
}

}  // namespace weir::cli
