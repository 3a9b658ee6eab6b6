// SPDX-License-Identifier: Apache-2.0
//
// Which slot of the label "listener" a listener counts in. Slots go by name, so that listeners of
// one name count together and one that a reload takes away and brings back goes on where it was.
// Nothing is ever given back: names beyond the last slot but one share the last.
#pragma once

#include <algorithm>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "proxy/observe/metric_labels.h"

namespace weir {

class ListenerSlots {
 public:
  static constexpr std::size_t kMost = LabelSet<ListenerSlot>::kSlots;

  // Any thread.
  ListenerSlot slot(std::string_view name) {
    const std::lock_guard hold(mutex_);
    const auto found = std::ranges::find(names_, name);
    const auto at = static_cast<std::size_t>(found - names_.begin());
    if (found == names_.end() && at < kMost) {
      names_.emplace_back(at + 1 < kMost ? name : "others");
    }
    return static_cast<ListenerSlot>(std::min(at, kMost - 1));
  }

  // Any thread: by slot.
  std::vector<std::string> names() const {
    const std::lock_guard hold(mutex_);
    return names_;
  }

 private:
  mutable std::mutex mutex_;
  std::vector<std::string> names_;  // guarded by mutex_
};

}  // namespace weir
