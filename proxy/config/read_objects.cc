// SPDX-License-Identifier: Apache-2.0
//
// See read.h. Objects: the settings as a whole, their sections, and the objects in lists. Names
// are looked up in the table, so a new row is known here at once. Secrets are read from their
// files here and nowhere else.
#include <filesystem>
#include <fstream>

#include "proxy/config/read.h"
#include "proxy/config/text_rules.h"

namespace weir {
namespace {

constexpr std::size_t kSecretMost = 4096;

// The first part of what follows `prefix` in a row's path, if the row lies below it.
std::string_view name_below(const SettingRow& row, std::string_view prefix) {
  if (!row.path.starts_with(prefix)) {
    return {};
  }
  const std::string_view rest = row.path.substr(prefix.size());
  return rest.find("[]") == std::string_view::npos ? rest.substr(0, rest.find('.')) : "";
}

std::vector<std::string_view> names_below(std::string_view prefix) {
  std::vector<std::string_view> out;
  for (const SettingRow& row : setting_rows()) {
    const std::string_view name = name_below(row, prefix);
    if (!name.empty() && (out.empty() || out.back() != name)) {
      out.push_back(name);
    }
  }
  return out;
}

// "timeouts.head" for `head` written in the wrong place; empty if no row ends so.
std::string elsewhere(std::string_view name) {
  const std::string ending = "." + std::string(name);
  for (const SettingRow& row : setting_rows()) {
    if (row.path.ends_with(ending) && !is_item(row)) {
      return std::string(row.path);
    }
  }
  return find_setting(name) != nullptr || find_section(name) != nullptr ? std::string(name) : "";
}

void report_unknown(const Member& member, std::string_view prefix, const std::string& path,
                    Problems& problems) {
  const auto names = names_below(prefix);
  const std::string_view near = nearest(member.name, names);
  const std::string other = elsewhere(member.name);
  std::string remedy;
  if (!near.empty()) {
    remedy = "Did you mean " + quote(near) + "?";
  } else if (!other.empty()) {
    remedy = "Did you mean " + other + "?";
  } else {
    for (const std::string_view name : names) {
      remedy += (remedy.empty() ? "Known here: " : ", ") + std::string(name);
    }
    remedy += ".";
  }
  problems.add(member.offset, path, "there is no setting of this name.", remedy);
}

void report_missing(const Value& object, std::string_view prefix, const std::string& path,
                    Problems& problems) {
  for (const SettingRow& row : setting_rows()) {
    const std::string_view name = name_below(row, prefix);
    if (!name.empty() && row.fallback.empty() && object.find(name) == nullptr) {
      problems.add(
          object.offset, path, quote(name) + " is missing.",
          "Add for example " + json_text(name) + ": " + std::string(example_of(row)) + ".");
    }
  }
}

// The first line of a small regular file. Nothing if there is no such file or it is no secret's.
std::optional<std::string> read_secret(const std::string& path) {
  std::error_code error;
  if (!std::filesystem::is_regular_file(path, error)) {
    return std::nullopt;
  }
  std::ifstream file(path, std::ios::binary);
  std::string text(kSecretMost + 1, '\0');
  file.read(text.data(), static_cast<std::streamsize>(text.size()));
  text.resize(static_cast<std::size_t>(file.gcount()));
  text.resize(std::min(text.size(), text.find_first_of("\r\n")));
  const bool good = !text.empty() && text.size() <= kSecretMost && take_plain(text).has_value();
  return good ? std::optional(std::move(text)) : std::nullopt;
}

std::string base64(std::string_view in) {
  constexpr std::string_view kDigits =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string out;
  for (std::size_t i = 0; i < in.size(); i += 3) {
    std::uint32_t bits = 0;
    for (std::size_t j = i; j < i + 3; ++j) {
      bits = bits << 8 | (j < in.size() ? static_cast<unsigned char>(in[j]) : 0u);
    }
    for (unsigned j = 0; j < 4; ++j) {
      out += i + j <= in.size() ? kDigits[bits >> (18 - 6 * j) & 63] : '=';
    }
  }
  return out;
}

// The value of Proxy-Authorization (RFC 7617), or empty, or a report.
std::string authorization_of(const ParentDraft& draft, const Value& object, const std::string& path,
                             Problems& problems) {
  if (!problems.spares(path + ".")) {
    return {};  // one of the three is wrong already; which is missing would be a guess
  }
  const bool inside = !draft.password.empty();
  const bool outside = !draft.password_file.empty();
  if (inside && outside) {
    problems.add(object.offset, path, "both password and password_file are set.", "Keep one.");
    return {};
  }
  if (draft.user.empty() != (!inside && !outside)) {
    problems.add(object.offset, path,
                 draft.user.empty() ? "there is a password but no user."
                                    : "there is a user but no password.",
                 draft.user.empty() ? "Add \"user\"." : "Add \"password_file\" or \"password\".");
    return {};
  }
  const auto secret = outside ? read_secret(draft.password_file) : draft.password;
  if (!secret) {
    const Value* where = object.find("password_file");
    problems.add(where != nullptr ? where->offset : object.offset, step(path, "password_file"),
                 "the file cannot be read, or its first line is not a password.",
                 "It must be a regular file that this user may read, the password on one line.");
    return {};
  }
  return draft.user.empty() ? "" : "Basic " + base64(draft.user + ":" + *secret);
}

}  // namespace

std::string describe(const Value& value) {
  switch (value.kind) {
    case ValueKind::Null:
      return "null";
    case ValueKind::Flag:
      return value.flag ? "true" : "false";
    case ValueKind::Number:
      return value.whole ? std::to_string(value.count) : "this number";
    case ValueKind::Text: {
      // A URL with a user name in it may hold a password, which belongs in no report.
      const bool login =
          value.text.find("://") != std::string::npos && value.text.find('@') != std::string::npos;
      return login ? "this URL" : quote(value.text);
    }
    case ValueKind::List:
      return value.items.empty() ? "an empty list" : "a list";
    case ValueKind::Object:
      return value.members.empty() ? "an empty object" : "an object";
  }
  return {};
}

void report(const Reading& in, const Value& value, const std::string& path,
            const std::string& expected) {
  // A parent written as a URL may hold a password, wherever in the list it stands.
  const bool show = !in.row.secret && !in.row.path.starts_with("parents");
  std::string remedy;
  if (const std::string_view example = example_of(in.row); !example.empty()) {
    remedy = "Write for example " + std::string(example) + ".";
  }
  if (in.row.kind == SettingKind::Word && value.kind == ValueKind::Text) {
    const std::string_view near = nearest(value.text, words_of(in.row));
    remedy = near.empty() ? "" : "Did you mean " + quote(near) + "?";
  }
  in.problems.add(value.offset, path,
                  "must be " + expected + (show ? ", not " + describe(value) : "") + ".", remedy);
}

void read_members(const Value& object, std::string_view prefix, const std::string& path,
                  const Target& target, Problems& problems) {
  for (const Member& member : object.members) {
    const std::string full = std::string(prefix) + member.name;
    const std::string shown = step(path, member.name);
    if (const SettingRow* row = find_setting(full); row != nullptr) {
      row->store(target, Reading{*row, member.value, shown, problems});
    } else if (find_section(full) == nullptr) {
      const bool schema = prefix.empty() && member.name == "$schema";  // editors put it there
      if (!schema) {
        report_unknown(member, prefix, shown, problems);
      }
    } else if (member.value.kind == ValueKind::Object) {
      read_members(member.value, full + ".", shown, target, problems);
    } else {
      problems.add(member.value.offset, shown,
                   "must be an object, not " + describe(member.value) + ".",
                   "Write { \"name\": value, ... }.");
    }
  }
  report_missing(object, prefix, path, problems);
}

void read_into(const Reading& in, std::vector<Settings::Listener>& out) {
  std::vector<Settings::Listener> found;
  each_item(in, [&](const Value& value, const std::string& path) {
    Settings::Listener& listener = found.emplace_back();
    if (value.kind == ValueKind::Object) {
      read_members(value, "listen[].", path, &listener, in.problems);
    } else {
      read_into(Reading{in.row, value, path, in.problems}, listener.at);
    }
  });
  if (in.value.kind == ValueKind::List && found.empty()) {
    report(in, in.value, in.path, "a list of at least one address");
  }
  out = std::move(found);
}

void read_into(const Reading& in, std::vector<Settings::Parent>& out) {
  std::vector<Settings::Parent> found;
  each_item(in, [&](const Value& value, const std::string& path) {
    if (value.kind != ValueKind::Object) {
      return report(in, value, path, "an object");
    }
    ParentDraft draft;
    read_members(value, "parents[].", path, &draft, in.problems);
    Settings::Parent& parent = found.emplace_back();
    parent.name = draft.name;
    if (const auto host = parse_host_and_port(draft.host)) {
      parent.host = host->host;
      parent.port = host->port;
    }
    parent.authorization = authorization_of(draft, value, path, in.problems);
  });
  out = std::move(found);
}

void read_into(const Reading& in, std::vector<Settings::Route>& out) {
  std::vector<Settings::Route> found;
  each_item(in, [&](const Value& value, const std::string& path) {
    if (value.kind != ValueKind::Object) {
      return report(in, value, path, "an object");
    }
    read_members(value, "routes[].", path, &found.emplace_back(), in.problems);
  });
  out = std::move(found);
}

}  // namespace weir
