// SPDX-License-Identifier: Apache-2.0
//
// See running.h.
#include "proxy/cli/running.h"

#include <sysexits.h>

#include "proxy/cli/printable.h"
#include "proxy/cli/sources.h"
#include "proxy/cli/status_text.h"

namespace weir::cli {
namespace {

constexpr Micros kHealthPatience = 5 * kSecond;
constexpr Micros kReloadPatience = 900 * kSecond;  // it may have to download required lists

tl::expected<AdminAnswer, AdminUnknown> ask(const RunningOptions& options,
                                            const AdminQuestion& question) {
  const auto at = find_admin(options.source);
  if (!at) {
    return tl::unexpected(at.error());
  }
  return ask_admin(*at, question).map_error([](const std::string& why) {
    return AdminUnknown{why, EX_UNAVAILABLE};
  });
}

}  // namespace

int status(const RunningOptions& options) {
  AdminQuestion question;
  question.target = "/api/v1/status";
  const auto answer = ask(options, question);
  if (!answer) {
    return fail(answer.error().what, answer.error().exit_code);
  }
  if (answer->status != 200) {
    return fail(error_of(*answer), EX_UNAVAILABLE);
  }
  if (options.json) {
    return print(answer->body);
  }
  const auto text = status_text(answer->body);
  return text ? print(*text) : fail("the answer cannot be read: " + text.error(), EX_PROTOCOL);
}

int health(const RunningOptions& options) {
  AdminQuestion question;
  question.target = options.ready ? "/readyz" : "/healthz";
  question.patience = kHealthPatience;
  const auto answer = ask(options, question);
  if (!answer) {
    return fail(answer.error().what, EXIT_FAILURE);
  }
  const std::string said = printable(answer->body.substr(0, answer->body.find('\n')));
  return answer->status == 200 ? print(said + "\n") : fail(said, EXIT_FAILURE);
}

int reload(const RunningOptions& options) {
  AdminQuestion question;
  question.method = "POST";
  question.target = "/api/v1/reload";
  question.patience = kReloadPatience;
  const auto answer = ask(options, question);
  if (!answer) {
    return fail(answer.error().what, answer.error().exit_code);
  }
  if (answer->status != 200 && answer->status != 422) {
    return fail(error_of(*answer), EX_UNAVAILABLE);
  }
  const ReloadOutcome outcome = read_reload(answer->body);
  complain(outcome.warnings);
  if (outcome.taken) {
    return print(reload_text(outcome));
  }
  complain(outcome.problems);
  return fail("nothing was changed: the proxy goes on as before", EX_CONFIG);
}

}  // namespace weir::cli
