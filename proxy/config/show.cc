// SPDX-License-Identifier: Apache-2.0
//
// See show.h.
#include "proxy/config/show.h"

#include <string_view>

#include "proxy/base/arena.h"
#include "proxy/base/host.h"
#include "proxy/config/policy_show.h"
#include "proxy/config/show_object.h"
#include "proxy/config/units.h"

namespace weir {
namespace {

std::string member(std::string_view name, const std::string& value) {
  return json_text(name) + ": " + value;
}

std::string texts(const std::vector<std::string>& items) {
  return shown_list(items, [](const std::string& text) { return json_text(text); });
}

}  // namespace

std::string show_value(const SettingRow& row, bool value) {
  if (row.kind == SettingKind::Word) {
    return json_text(words_of(row)[value ? 0 : 1]);
  }
  return value ? "true" : "false";
}

std::string show_value(const SettingRow& row, std::uint32_t value) {
  return show_value(row, std::uint64_t{value});
}

std::string show_value(const SettingRow& row, std::uint64_t value) {
  return row.kind == SettingKind::Size ? json_text(bytes_text(value)) : std::to_string(value);
}

std::string show_value(const SettingRow&, Micros value) {
  return json_text(duration_text(value));
}

std::string show_value(const SettingRow& row, const std::string& value) {
  return json_text(row.secret && !value.empty() ? "***" : value);
}

std::string show_value(const SettingRow& row, ForwardedFor value) {
  return json_text(words_of(row)[static_cast<std::size_t>(value)]);
}

std::string show_value(const SettingRow& row, HostVerify value) {
  return json_text(words_of(row)[static_cast<std::size_t>(value)]);
}

std::string show_value(const SettingRow& row, Unnamed value) {
  return json_text(words_of(row)[static_cast<std::size_t>(value)]);
}

std::string show_value(const SettingRow&, const std::vector<std::string>& value) {
  return texts(value);
}

std::string show_value(const SettingRow&, const std::vector<std::uint16_t>& value) {
  return shown_list(value, [](std::uint16_t port) { return std::to_string(port); });
}

std::string show_value(const SettingRow&, const std::vector<Prefix>& value) {
  return shown_list(value, [](const Prefix& prefix) { return json_text(prefix.text()); });
}

std::string show_value(const SettingRow&, const std::vector<Endpoint>& value) {
  return shown_list(value, [](const Endpoint& at) { return json_text(at.text()); });
}

std::string show_value(const SettingRow&,
                       const std::map<std::string, std::vector<IpAddress>>& value) {
  const auto addresses = [](const std::vector<IpAddress>& items) {
    return shown_list(items, [](const IpAddress& address) { return json_text(address.text()); });
  };
  std::string out;
  for (const auto& [name, items] : value) {
    out += (out.empty() ? "" : ", ") + member(name, addresses(items));
  }
  return "{" + out + "}";
}

std::string show_value(const SettingRow&, const std::vector<Settings::Listener>& value) {
  return shown_list(value, [](const Settings::Listener& listener) {
    const std::string at = json_text(listener.at.text());
    const Settings::Listener usual;
    if (listener.name == usual.name && listener.mode == usual.mode) {
      return at;
    }
    std::string out = "{" + member("at", at) + ", " + member("name", json_text(listener.name));
    if (listener.mode != usual.mode) {
      const std::string_view mode = listener.mode == ListenMode::Tproxy ? "tproxy" : "redirect";
      out += ", " + member("mode", json_text(mode));
    }
    return out + "}";
  });
}

std::string show_value(const SettingRow&, const std::vector<Settings::Parent>& value) {
  return shown_list(value, [](const Settings::Parent& parent) {
    Arena arena;
    std::string out = member("name", json_text(parent.name)) + ", " +
                      member("host", json_text(authority_text(parent.host, parent.port, 0, arena)));
    if (!parent.authorization.empty()) {
      out += ", " + member("user", json_text("***")) + ", " + member("password", json_text("***"));
    }
    return "{" + out + "}";
  });
}

std::string show_value(const SettingRow&, const std::vector<Settings::Route>& value) {
  return shown_list(value, [](const Settings::Route& route) {
    return "{" + member("hosts", texts(route.hosts)) + ", " +
           member("parents", texts(route.parents)) + "}";
  });
}

std::string show_value(const SettingRow&, const std::vector<filters::GroupDocument>& value) {
  return show_policy(value);
}

std::string show_value(const SettingRow&, const std::vector<filters::ScheduleDocument>& value) {
  return show_policy(value);
}

std::string show_value(const SettingRow&, const std::vector<filters::ListDocument>& value) {
  return show_policy(value);
}

std::string show_value(const SettingRow&, const std::vector<filters::RuleDocument>& value) {
  return show_policy(value);
}

}  // namespace weir
