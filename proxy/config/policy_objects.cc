// SPDX-License-Identifier: Apache-2.0
//
// See read.h: the objects of the policy and the values that only they have. Their members are rows
// of the table of settings; what a rule says is read by policy_read.h.
#include <algorithm>

#include "proxy/config/policy_read.h"
#include "proxy/config/policy_text.h"
#include "proxy/config/read.h"

namespace weir {

using filters::GroupDocument;
using filters::ListDocument;
using filters::RuleDocument;

namespace {

// Each object of a list into a new item; `finish` looks at the whole object.
template <class Item, class Finish>
void read_objects(const Reading& in, std::vector<Item>& out, Finish finish) {
  const std::string prefix = std::string(in.row.path) + "[].";
  std::vector<Item> found;
  each_item(in, [&](const Value& value, const std::string& path) {
    if (value.kind != ValueKind::Object) {
      return report(in, value, path, "an object");
    }
    Item& item = found.emplace_back();
    read_members(value, prefix, path, &item, in.problems);
    finish(item, value, path);
  });
  out = std::move(found);
}

// A list of texts through `parse`, which the row's rule has made sure of.
template <class Item, class Parse>
void read_parsed(const Reading& in, std::vector<Item>& out, Parse parse) {
  std::vector<std::string> texts;
  read_into(in, texts);
  out.clear();
  for (const std::string& text : texts) {
    if (const auto item = parse(text)) {
      out.push_back(*item);
    }
  }
}

void check_list(const ListDocument& list, const Value& value, const std::string& path,
                Problems& problems) {
  if (!problems.spares(path + ".")) {
    return;
  }
  if (list.file.empty() == list.url.empty()) {
    problems.add(value.offset, path,
                 list.file.empty() ? "says neither \"file\" nor \"url\"."
                                   : "says both \"file\" and \"url\".",
                 list.file.empty() ? "Add one of the two." : "Keep one of the two.");
  }
  if (list.file.empty() || !list.url.empty()) {
    return;
  }
  for (const char* name : {"interval", "timeout"}) {
    if (const Value* given = value.find(name)) {
      problems.add(given->offset, step(path, name), "only a list with a url is downloaded.",
                   "Leave it out.");
    }
  }
  for (const char* name : {"max_shrink", "max_grow"}) {
    if (const Value* given = value.find(name)) {
      problems.add(given->offset, step(path, name),
                   "only versions that are downloaded are compared; a file is used as it is.",
                   "Leave it out; \"canaries\" hold for a file, too.");
    }
  }
}

void check_group(const GroupDocument& group, const Value& value, const std::string& path,
                 Problems& problems) {
  const bool nobody = group.clients.empty() && group.macs.empty() && group.devices.empty() &&
                      group.users.empty() && group.listeners.empty();
  if (nobody && problems.spares(path)) {
    problems.add(value.offset, path, "nobody is in this group.",
                 "Add \"clients\", \"macs\", \"devices\", \"users\" or \"listeners\".");
  }
}

}  // namespace

void read_into(const Reading& in, std::uint8_t& out) {
  std::vector<std::uint8_t> days;
  read_parsed(in, days, parse_days);
  unsigned bits = 0;
  for (const std::uint8_t day : days) {
    bits |= day;
  }
  if (days.empty() && in.problems.spares(in.path)) {
    return report(in, in.value, in.path, "at least one day");
  }
  out = static_cast<std::uint8_t>(bits);
}

void read_into(const Reading& in, std::uint16_t& out) {
  std::string text;
  read_into(in, text);
  out = parse_time(text).value_or(out);
}

void read_into(const Reading& in, filters::ListFormat& out) {
  if (const auto index = read_word(in)) {
    out = static_cast<filters::ListFormat>(*index);
  }
}

void read_into(const Reading& in, std::vector<MacAddress>& out) {
  read_parsed(in, out, parse_mac);
}

void read_into(const Reading& in, std::vector<ScheduleDocument::Date>& out) {
  read_parsed(in, out, parse_date);
}

void read_into(const Reading& in, std::vector<ScheduleDocument::Interval>& out) {
  read_objects(in, out, [&in](const auto& interval, const Value& value, const std::string& path) {
    if (!in.problems.spares(path + ".")) {
      return;
    }
    if (interval.from == interval.to) {
      in.problems.add(value.offset, path, "from and to are the same.",
                      "Leave both out for the whole day.");
    } else if (interval.from == 1440) {
      in.problems.add(value.offset, path, "begins when the day is over.",
                      "Write \"00:00\" of the next day.");
    }
  });
  if (out.empty() && in.problems.spares(in.path)) {
    report(in, in.value, in.path, "a list of at least one entry");
  }
}

void read_into(const Reading& in, std::vector<GroupDocument>& out) {
  read_objects(in, out, [&in](const auto& group, const Value& value, const std::string& path) {
    check_group(group, value, path, in.problems);
  });
}

void read_into(const Reading& in, std::vector<ScheduleDocument>& out) {
  read_objects(in, out, [](ScheduleDocument& schedule, const Value& value, const std::string&) {
    schedule.line = value.offset;
  });
}

void read_into(const Reading& in, std::vector<ListDocument>& out) {
  read_objects(in, out, [&in](const auto& list, const Value& value, const std::string& path) {
    check_list(list, value, path, in.problems);
  });
}

// A rule's line, and a schedule's, is its offset until the part it stands in has been read
// (policy_files.h).
void read_into(const Reading& in, std::vector<RuleDocument>& out) {
  read_objects(in, out, [](RuleDocument& rule, const Value& value, const std::string&) {
    rule.line = value.offset;
  });
}

void read_into(const Reading& in, filters::Condition& out) {
  read_when(Slot{in.value, in.path, in.problems, in.row.example}, 1, out);
}

void read_into(const Reading& in, std::vector<filters::Action>& out) {
  read_then(Slot{in.value, in.path, in.problems, in.row.example}, out);
}

}  // namespace weir
