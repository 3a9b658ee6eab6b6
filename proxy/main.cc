// SPDX-License-Identifier: Apache-2.0
//
// The program: arguments to commands. Every error is a sentence on standard error with its remedy,
// and an exit code of sysexits.h. Running the proxy is here; the other commands are in cli/.
#include <sysexits.h>
#include <unistd.h>

#include <memory>
#include <string>
#include <vector>

#include "proxy/admin/server.h"
#include "proxy/base/diag.h"
#include "proxy/cli/arguments.h"
#include "proxy/cli/printable.h"
#include "proxy/cli/sources.h"
#include "proxy/config/load.h"
#include "proxy/config/text_rules.h"
#include "proxy/net/privileges.h"
#include "proxy/net/service.h"
#include "proxy/pipeline/server.h"
#include "proxy/service/supervisor.h"

namespace {

using weir::cli::Arguments;
using weir::cli::complain;

using Admin = std::unique_ptr<weir::admin::AdminServer>;

// Whoever is to become another user opens the log as that one: with the rights of root it would
// follow a link that an earlier process of that user may have left there.
std::string log_for_now(const weir::Settings& settings) {
  return settings.process.becomes_another() && settings.log.path != "stdout" ? "stderr"
                                                                             : settings.log.path;
}

// Null when there is to be none, or when somebody else has the address that nobody asked for. A
// socket in the file system belongs to whom the process will be.
tl::expected<Admin, std::string> open_admin(const weir::Settings& settings,
                                            weir::Service& service) {
  const std::string& listen = settings.admin.listen;
  auto opened = weir::admin::AdminServer::open(settings.admin, service.sockets);
  if (!opened && listen == weir::Settings::Admin{}.listen) {
    weir::diag(weir::Level::Warning, "there is no admin interface: " + opened.error());
    return nullptr;
  }
  const auto address = weir::parse_admin_address(listen);
  const bool a_file = address && address->kind == weir::AdminAddress::Kind::Unix;
  if (opened && a_file) {
    service.early_stop.take_along([path = address->path] { ::unlink(path.c_str()); });
  }
  if (opened && a_file && settings.process.becomes_another()) {
    const weir::Settings::Process& process = settings.process;
    const auto given = weir::give_file(address->path, process.user, process.group);
    if (!given) {
      return tl::unexpected(given.error());
    }
  }
  return opened ? std::move(opened) : tl::unexpected("admin.listen: " + opened.error());
}

void fill(weir::admin::AdminState& state, weir::Server& server) {
  state.status = [&server] { return server.status(); };
  state.metrics = [&server] { return server.metrics(); };
  state.reload = [&server] { return server.reload(); };
  state.reloaded = [&server](std::uint64_t ticket) { return server.reload_report(ticket); };
  state.cache = server.inventory();
  state.started.store(true, std::memory_order_release);
}

int supervise(const Arguments& arguments, const char* program) {
  weir::hold_signals();
  const auto settings = weir::cli::load_config(arguments.config);
  if (!settings) {
    complain(settings.error());
    return EX_CONFIG;
  }
  std::vector<std::string> worker{program, "run"};
  if (!arguments.config.empty()) {
    worker.insert(worker.end(), {"--config", arguments.config});
  }
  const weir::Supervisor::Files files{log_for_now(*settings), settings->process.pid_file};
  return weir::Supervisor(std::move(worker), files, arguments.stalled_limit).run();
}

// This process is to end with the one that watches over it.
void end_with_supervisor(const weir::Service& service) {
  const pid_t supervisor = service.notifier.lineage().supervisor;
  if (supervisor != 0) {
    weir::end_with(supervisor);
  }
}

int run(const std::string& path) {
  weir::hold_signals();
  weir::Service service;
  service.early_stop.begin();
  end_with_supervisor(service);
  auto settings = weir::cli::load_config(path);
  if (!settings) {
    complain(settings.error());
    return EX_CONFIG;
  }
  const auto level = weir::parse_level(settings->log.level).value_or(weir::Level::Info);
  if (const auto opened = weir::diag_open(log_for_now(*settings), level); !opened) {
    complain(weir::placed(path, "log.path: " + opened.error()));
    return EX_CANTCREAT;
  }
  if (const auto taken = service.sockets.take_over(); !taken) {
    complain(taken.error());
    return EX_USAGE;
  }
  auto admin = open_admin(*settings, service);
  if (!admin) {
    complain(weir::placed(path, admin.error()));
    return EX_UNAVAILABLE;
  }
  weir::Server server(std::move(*settings), path, service);
  weir::admin::AdminState state;
  if (*admin && (*admin)->at()) {
    server.never_dial(*(*admin)->at());
  }
  if (*admin) {
    (*admin)->start(state);  // probes are told that it is starting
  }
  const auto started = server.start();
  int code = started ? 0 : started.error().exit_code;
  if (started) {
    end_with_supervisor(service);
    service.sockets.end_unclaimed();
    fill(state, server);
    server.ready();
    code = server.wait();
  } else {
    complain(started.error().what);
  }
  if (*admin) {
    (*admin)->stop();  // before what it asks is gone
  }
  return code;
}

}  // namespace

int main(int argc, char** argv) {
  const auto arguments = weir::cli::parse_arguments(argc, argv);
  if (!arguments) {
    return arguments.error();
  }
  switch (arguments->command) {
    case Arguments::Command::Run:
      return arguments->supervise ? supervise(*arguments, *argv) : run(arguments->config);
    case Arguments::Command::CheckConfig:
      return weir::cli::check_config(arguments->check_config);
    case Arguments::Command::Check:
      return weir::cli::check(arguments->check);
    case Arguments::Command::Explain:
      return weir::cli::explain(arguments->explain);
    case Arguments::Command::Replay:
      return weir::cli::replay(arguments->replay);
    case Arguments::Command::Lists:
      return weir::cli::lists(arguments->lists);
    case Arguments::Command::Status:
      return weir::cli::status(arguments->running);
    case Arguments::Command::Health:
      return weir::cli::health(arguments->running);
    case Arguments::Command::Reload:
      return weir::cli::reload(arguments->running);
    case Arguments::Command::AcceptList:
      return weir::cli::accept_list(arguments->accept);
    case Arguments::Command::Cache:
      return weir::cli::cache(arguments->cache);
    case Arguments::Command::Ca:
      return weir::cli::ca(arguments->ca);
    case Arguments::Command::Gateway:
      return weir::cli::gateway(arguments->gateway);
    case Arguments::Command::Completion:
      return weir::cli::print(arguments->completion);
  }
  return EX_SOFTWARE;
}
