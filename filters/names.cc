// SPDX-License-Identifier: Apache-2.0
//
// The words that logs, the API and the command line use for what filters say.
#include "filters/classify.h"
#include "filters/lists/read_list.h"
#include "filters/policy/policy.h"

namespace weir::filters {

std::string_view kind_name(ResourceKind kind) {
  switch (kind) {
    case ResourceKind::Document:
      return "document";
    case ResourceKind::Subdocument:
      return "subdocument";
    case ResourceKind::Script:
      return "script";
    case ResourceKind::Stylesheet:
      return "stylesheet";
    case ResourceKind::Image:
      return "image";
    case ResourceKind::Font:
      return "font";
    case ResourceKind::Media:
      return "media";
    case ResourceKind::Object:
      return "object";
    case ResourceKind::Xhr:
      return "xhr";
    case ResourceKind::Ping:
      return "ping";
    case ResourceKind::Websocket:
      return "websocket";
    case ResourceKind::CspReport:
      return "csp_report";
    case ResourceKind::Other:
      return "other";
  }
  return "other";
}

std::string_view decision_name(Decision decision) {
  switch (decision) {
    case Decision::Default:
      return "default";
    case Decision::Allow:
      return "allow";
    case Decision::Block:
      return "block";
    case Decision::Redirect:
      return "redirect";
    case Decision::Tunnel:
      return "tunnel";
    case Decision::Intercept:
      return "intercept";
    case Decision::Route:
      return "route";
    case Decision::Close:
      return "close";
  }
  return "default";
}

std::string_view format_name(ListFormat format) {
  switch (format) {
    case ListFormat::Auto:
      return "auto";
    case ListFormat::Domains:
      return "domains";
    case ListFormat::Hosts:
      return "hosts";
    case ListFormat::Adblock:
      return "adblock";
    case ListFormat::Patterns:
      return "patterns";
    case ListFormat::Urls:
      return "urls";
    case ListFormat::Networks:
      return "networks";
  }
  return "auto";
}

}  // namespace weir::filters
