// SPDX-License-Identifier: Apache-2.0
//
// A policy back to JSON that reads to the same policy; one object a line, because a policy on one
// line is for nobody. What has its default is left out.
#pragma once

#include <string>
#include <vector>

#include "filters/document.h"

namespace weir {

std::string show_policy(const std::vector<filters::GroupDocument>& groups);
std::string show_policy(const std::vector<filters::ScheduleDocument>& schedules);
std::string show_policy(const std::vector<filters::ListDocument>& lists);
std::string show_policy(const std::vector<filters::RuleDocument>& rules);

// One `when` (of kind All) and one `then`.
std::string show_when(const filters::Condition& when);
std::string show_then(const std::vector<filters::Action>& actions);

}  // namespace weir
