// SPDX-License-Identifier: Apache-2.0
//
// From conditions as written to nodes and their tables. Everything that is wrong is told at once,
// each with a remedy; what could not be made is left out, since the policy is refused anyway.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "filters/policy/compiled.h"

namespace weir::filters {

class ConditionCompiler {
 public:
  // `out` has its document, schedules and list sets are being filled.
  ConditionCompiler(Policy::Compiled& out, std::vector<Policy::Problem>& problems)
      : out_(out), problems_(problems) {}

  // Sets the nodes of out_.rules[index].
  void compile(std::uint32_t index);

 private:
  void problem(std::string message);
  std::pair<std::uint32_t, std::uint32_t> children(const std::vector<Condition>& conditions,
                                                   unsigned depth);
  Node node(const Condition& condition, unsigned depth);
  void values(const Condition& condition, Node& node);
  void names(const Condition& condition, Node& node);
  void words(const Condition& condition, Node& node);
  void ranges(const Condition& condition, Node& node);
  void networks(const Condition& condition, Node& node);
  void hosts(const Condition& condition, Node& node);
  void patterns(const Condition& condition, Node& node);
  void matches(const Condition& condition, Node& node);
  void list(const Condition& condition, Node& node);
  void fixed_words(const Condition& condition, Node& node);

  Policy::Compiled& out_;
  std::vector<Policy::Problem>& problems_;
  const RuleDocument* rule_ = nullptr;
};

// The condition's name in a policy: "response_field".
std::string_view condition_name(ConditionKind kind);
Phase condition_phase(ConditionKind kind);
// `known` as "a, b and c", for remedies; of many the first few.
std::string one_of(const std::vector<std::string>& known);

}  // namespace weir::filters
