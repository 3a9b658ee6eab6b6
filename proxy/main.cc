// SPDX-License-Identifier: Apache-2.0
//
// The program: arguments to commands. Every error is a sentence on standard error with its remedy,
// and an exit code of sysexits.h. Running the proxy is here; the other commands are in cli/.
#include <sysexits.h>

#include <cstdio>
#include <string>

#include "proxy/base/diag.h"
#include "proxy/cli/arguments.h"
#include "proxy/cli/printable.h"
#include "proxy/cli/sources.h"
#include "proxy/pipeline/server.h"

namespace {

using weir::cli::Arguments;
using weir::cli::complain;

int run(const std::string& path) {
  auto settings = weir::cli::load_config(path);
  if (!settings) {
    complain(settings.error());
    return EX_CONFIG;
  }
  const auto level = weir::parse_level(settings->log.level).value_or(weir::Level::Info);
  if (const auto opened = weir::diag_open(settings->log.path, level); !opened) {
    complain(opened.error());
    return EX_CANTCREAT;
  }
  weir::Server server(std::move(*settings), path);
  if (const auto started = server.start(); !started) {
    complain(started.error().what);
    return started.error().exit_code;
  }
  return server.wait();
}

}  // namespace

int main(int argc, char** argv) {
  const auto arguments = weir::cli::parse_arguments(argc, argv);
  if (!arguments) {
    return arguments.error();
  }
  switch (arguments->command) {
    case Arguments::Command::Run:
      return run(arguments->config);
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
    case Arguments::Command::Completion:
      return weir::cli::print(arguments->completion);
  }
  return EX_SOFTWARE;
}
