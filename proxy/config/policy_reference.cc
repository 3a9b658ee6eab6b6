// SPDX-License-Identifier: Apache-2.0
//
// See policy_schema.h: the Markdown about rules.
#include "proxy/config/policy_schema.h"
#include "proxy/config/policy_table.h"

namespace weir {
namespace {

constexpr std::string_view kRules = R"(
### Rules

A rule says `when` it holds and what is `then` done. All conditions of a `when` must hold. Each takes
one value or a list of values, of which one must fit. Two words combine conditions, up to eight deep:
`"any": [{...}, {...}]` holds when one of the objects does, `"not": {...}` (or a list) when none does.

Rules are asked in order. The first one that holds and makes a decision ends the search; adjustments
of the rules that hold before it, and its own, are all made. Where no rule decides, `policy.default`
does. Some conditions can only be answered once the address is known, or the answer's head: a rule
that needs them is asked again then. Rules with `"dry_run": true` are logged and not enforced.

Hosts: `"example.com"` is that name alone, `".example.com"` it and all names below, `"*.example.com"`
all below and not itself, `"ads*.example.com"` a name whose first label begins so; such a `*` never
crosses a dot. Names of methods and paths are compared with case, hosts and names of fields without.

A field or query parameter is asked with `true` (there is one), `false` (there is none), a text that
the whole value must equal, in which `*` stands for any text, or `"/expression/"`, an RE2 expression
found anywhere in it. All members of such an object must hold; a list says that one of its items must.

`intercept` ends the TLS of a tunnel here, with a certificate made by `tls.ca_certificate`, and judges
every request inside anew, by all rules and its full URL. It holds for clients of a group with
`"trusts_ca": true`; for all others the tunnel passes unread. Tunnels of such clients that are blocked
by their host show the block page. A rule with `tunnel` in front leaves out what must not be read:
banks, and programs that take no other certificate than their server's.
)";

std::string_view phase_text(filters::Phase phase) {
  switch (phase) {
    case filters::Phase::Request:
      return "request";
    case filters::Phase::Address:
      return "address";
    case filters::Phase::Response:
      return "answer";
  }
  return {};
}

// Code inside a cell: of its characters only | would end it.
std::string code(const std::string& text) {
  std::string out = "`";
  for (const char c : text) {
    out += c == '|' ? "\\|" : std::string(1, c);
  }
  return out + "`";
}

std::string condition_line(const ConditionRow& row) {
  const ConditionForm form = form_of(row);
  std::string written = markdown_cell(form.rule.expected);
  for (const std::string_view word : split_words(form.words)) {
    written += (word == split_words(form.words).front() ? ": `" : ", `") + std::string(word) + "`";
  }
  return "| `" + std::string(row.name) + "` | " + std::string(phase_text(row.phase)) + " | " +
         written + " | " + markdown_cell(row.sentence) + " | " +
         code(json_text(row.name) + ": " + std::string(form.example)) + " |\n";
}

std::string action_line(const ActionRow& row) {
  std::string form = markdown_cell(form_of(row));
  if (row.value == ActionValue::Engines) {
    for (const std::string_view word : split_words(kSearchEngines)) {
      form += (form.find('`') == form.npos ? ": `" : ", `") + std::string(word) + "`";
    }
  }
  return "| `" + std::string(row.name) + "` | " +
         (row.sort == ActionSort::Decision ? "decision" : "adjustment") + " | " + form + " | " +
         markdown_cell(row.sentence) + " | " +
         code(json_text(row.name) + ": " + std::string(example_of(row))) + " |\n";
}

}  // namespace

std::string markdown_cell(std::string_view text) {
  std::string out;
  for (const char c : text) {
    out += std::string_view("|*<_`").find(c) == std::string_view::npos ? "" : "\\";
    out += c;
  }
  return out;
}

std::string policy_reference() {
  std::string out(kRules);
  out +=
      "\n### Conditions\n\n| condition | known with the | value | holds when | example |\n"
      "|---|---|---|---|---|\n";
  for (const ConditionRow& row : condition_rows()) {
    out += condition_line(row);
  }
  out +=
      "\n### Actions\n\n| action | sort | value | what it does | example "
      "|\n|---|---|---|---|---|\n";
  for (const ActionRow& row : action_rows()) {
    out += action_line(row);
  }
  return out;
}

}  // namespace weir
