// SPDX-License-Identifier: Apache-2.0
//
// See host_rules.h.
#include "filters/lists/host_rules.h"

namespace weir::filters {

BadNames bad_names(std::span<const List> lists) {
  BadNames out;
  for (const List& list : lists) {
    if (list.format == ListFormat::Adblock) {
      each_rule(list, "badfilter", [&out](const adblock::Rule& rule) {
        if (rule.badfilter && rule.shape == adblock::Shape::Host) {
          out.emplace(rule.pattern);
        }
      });
    }
  }
  return out;
}

// Blocks the host, perhaps only for some, and does nothing else that a rule for a parent would not.
bool blocks_host(const adblock::Rule& rule) {
  return rule.shape == adblock::Shape::Host && !rule.exception && !rule.important &&
         !rule.badfilter && rule.modifier == adblock::Modifier::None;
}

bool blocks_whole(const adblock::Rule& rule) {
  return blocks_host(rule) && rule.kinds == adblock::kTypeless &&
         rule.party == adblock::PartyLimit::Any && rule.from.empty() && rule.to.empty() &&
         rule.denyallow.empty() && rule.methods == 0 && rule.not_methods == 0;
}

}  // namespace weir::filters
