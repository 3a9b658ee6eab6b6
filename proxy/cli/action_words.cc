// SPDX-License-Identifier: Apache-2.0
//
// See action_words.h.
#include "proxy/cli/action_words.h"

#include <array>

namespace weir::cli {
namespace {

using filters::Action;
using filters::ActionKind;

constexpr std::array kNames = {
#define POLICY_ACTION(id, name, ...) std::string_view(name),
#include "filters/actions.def"
#undef POLICY_ACTION
};

std::string joined(const std::vector<std::string>& words, std::string_view between) {
  std::string out;
  for (const std::string& word : words) {
    out += (out.empty() ? "" : std::string(between)) + word;
  }
  return out;
}

void append(std::string& out, const std::string& more) {
  out += (out.empty() ? "" : "; ") + more;
}

std::string block_value(const Action& action) {
  std::string out;
  if (action.status != 0) {
    append(out, "status " + std::to_string(action.status));
  }
  if (!action.page.empty()) {
    append(out, "page " + action.page);
  }
  if (action.body == filters::BlockBody::Empty || action.body == filters::BlockBody::Pixel) {
    append(out, action.body == filters::BlockBody::Empty ? "an empty body" : "a pixel");
  }
  if (!action.message.empty()) {
    append(out, "\"" + action.message + "\"");
  }
  return out;
}

std::string bandwidth_value(const Action& action) {
  using Per = filters::BandwidthPer;
  const char* const per = action.per == Per::Connection ? "connection"
                          : action.per == Per::Client   ? "client"
                          : action.per == Per::Group    ? "group"
                                                        : "rule";
  std::string out = std::to_string(action.rate) + " bytes/s per " + per;
  return action.burst == 0 ? out : out + ", bursts of " + std::to_string(action.burst) + " bytes";
}

std::string fields_value(const Action& action) {
  std::string out;
  for (const auto& [name, value] : action.fields) {
    append(out, name + ": " + value);
  }
  return out;
}

std::string edits_value(const Action& action) {
  std::string out;
  for (const filters::FieldEdit& edit : action.edits) {
    append(out, edit.name + ": /" + edit.match + "/ becomes \"" + edit.with + "\"");
  }
  return out;
}

std::string rewrites_value(const Action& action) {
  std::string out;
  for (const filters::BodyRewrite& rewrite : action.rewrites) {
    const char* const mark = rewrite.expression ? "/" : "\"";
    append(out, mark + rewrite.find + mark + " becomes \"" + rewrite.with + "\"");
  }
  return out;
}

std::string log_value(const Action& action) {
  return action.log == filters::LogLevel::Full   ? "full"
         : action.log == filters::LogLevel::Host ? "host"
                                                 : "none";
}

}  // namespace

std::string_view action_name(ActionKind kind) {
  return kNames[static_cast<std::size_t>(kind)];
}

std::string action_value(const Action& action) {
  switch (action.kind) {
    case ActionKind::Allow:
    case ActionKind::Tunnel:
    case ActionKind::Intercept:
    case ActionKind::Close:
      return {};
    case ActionKind::Block:
      return block_value(action);
    case ActionKind::Redirect:
      return action.to + (action.status == 0 ? "" : ", status " + std::to_string(action.status));
    case ActionKind::Route:
      return joined(action.names, ", then ");
    case ActionKind::SetRequestField:
    case ActionKind::AddRequestField:
    case ActionKind::SetResponseField:
    case ActionKind::AddResponseField:
      return fields_value(action);
    case ActionKind::ReplaceRequestField:
    case ActionKind::ReplaceResponseField:
      return edits_value(action);
    case ActionKind::RemoveRequestField:
    case ActionKind::RemoveResponseField:
    case ActionKind::StripQuery:
    case ActionKind::Tag:
      return joined(action.names, ", ");
    case ActionKind::SafeSearch:
      return action.names.empty() ? "all known search engines" : joined(action.names, ", ");
    case ActionKind::Youtube:
      return action.youtube == filters::Youtube::Strict ? "strict" : "moderate";
    case ActionKind::Cache:
      return action.no_cache ? "no" : std::to_string(action.cache_for / kSecond) + " s";
    case ActionKind::Bandwidth:
      return bandwidth_value(action);
    case ActionKind::RewriteBody:
      return rewrites_value(action);
    case ActionKind::Log:
      return log_value(action);
  }
  return {};
}

std::string edit_words(const filters::ListEdits::Edit& edit) {
  using What = filters::ListEdits::What;
  const std::string text(edit.text);
  switch (edit.what) {
    case What::RemoveRequestField:
      return "removes the request field " + text;
    case What::RemoveResponseField:
      return "removes the response field " + text;
    case What::ContentSecurityPolicy:
      return "adds Content-Security-Policy: " + text;
    case What::PermissionsPolicy:
      return "adds Permissions-Policy: " + text;
  }
  return {};
}

std::string hit_words(const filters::ListHit& hit) {
  return std::string(hit.list_name) + ", line " + std::to_string(hit.line) + ": " +
         std::string(hit.text());
}

}  // namespace weir::cli
