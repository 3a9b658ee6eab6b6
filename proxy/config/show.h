// SPDX-License-Identifier: Apache-2.0
//
// From a setting's value back to JSON that reads to the same value; the inverse of read.h. Secrets
// are shown as "***".
#pragma once

#include <map>
#include <string>
#include <vector>

#include "proxy/config/settings_table.h"

namespace weir {

std::string show_value(const SettingRow& row, bool value);
std::string show_value(const SettingRow& row, std::uint32_t value);
std::string show_value(const SettingRow& row, std::uint64_t value);
std::string show_value(const SettingRow& row, Micros value);
std::string show_value(const SettingRow& row, const std::string& value);
std::string show_value(const SettingRow& row, ForwardedFor value);
std::string show_value(const SettingRow& row, HostVerify value);
std::string show_value(const SettingRow& row, Unnamed value);
std::string show_value(const SettingRow& row, const std::vector<std::string>& value);
std::string show_value(const SettingRow& row, const std::vector<std::uint16_t>& value);
std::string show_value(const SettingRow& row, const std::vector<Prefix>& value);
std::string show_value(const SettingRow& row, const std::vector<Endpoint>& value);
std::string show_value(const SettingRow& row,
                       const std::map<std::string, std::vector<IpAddress>>& value);
std::string show_value(const SettingRow& row, const std::vector<Settings::Listener>& value);
std::string show_value(const SettingRow& row, const std::vector<Settings::Parent>& value);
std::string show_value(const SettingRow& row, const std::vector<Settings::Route>& value);
std::string show_value(const SettingRow& row, const std::vector<filters::GroupDocument>& value);
std::string show_value(const SettingRow& row, const std::vector<filters::ScheduleDocument>& value);
std::string show_value(const SettingRow& row, const std::vector<filters::ListDocument>& value);
std::string show_value(const SettingRow& row, const std::vector<filters::RuleDocument>& value);

}  // namespace weir
