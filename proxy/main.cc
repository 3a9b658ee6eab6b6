// SPDX-License-Identifier: Apache-2.0
//
// The program: arguments to commands. Every error is a sentence on standard error with its remedy,
// and an exit code of sysexits.h.
#include <sysexits.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <string>

#include "proxy/base/diag.h"
#include "proxy/config/load.h"
#include "proxy/config/schema.h"
#include "proxy/observe/access_fields.h"
#include "proxy/observe/metrics.h"
#include "proxy/pipeline/server.h"

namespace {

using weir::Level;

int report(const std::vector<weir::Problem>& problems) {
  for (const weir::Problem& problem : problems) {
    std::fprintf(stderr, "weir: %s\n", problem.text().c_str());
  }
  return EX_CONFIG;
}

void print(const std::string& text) {
  std::fwrite(text.data(), 1, text.size(), stdout);
}

weir::Loaded load(const std::string& path) {
  return path.empty() ? weir::load_settings("{}", "built-in defaults")
                      : weir::load_settings_file(path);
}

int run(const std::string& path) {
  weir::Loaded settings = load(path);
  if (!settings) {
    return report(settings.error());
  }
  const auto level = weir::parse_level(settings->log.level).value_or(Level::Info);
  if (const auto opened = weir::diag_open(settings->log.path, level); !opened) {
    std::fprintf(stderr, "weir: %s\n", opened.error().c_str());
    return EX_CANTCREAT;
  }
  weir::Server server(std::move(*settings));
  if (const auto started = server.start(); !started) {
    std::fprintf(stderr, "weir: %s\n", started.error().what.c_str());
    return started.error().exit_code;
  }
  return server.wait();
}

struct CheckOptions {
  std::string path;
  bool schema = false;
  bool reference = false;
  bool defaults = false;
  bool effective = false;
};

int check_config(const CheckOptions& options) {
  if (options.schema) {
    print(weir::settings_schema() + "\n");
    return EX_OK;
  }
  if (options.reference) {
    print(weir::settings_reference());
    return EX_OK;
  }
  if (options.defaults) {
    print(weir::default_config());
    return EX_OK;
  }
  const weir::Loaded settings = load(options.path);
  if (!settings) {
    return report(settings.error());
  }
  if (options.effective) {
    print(weir::effective_config(*settings));
  } else {
    std::printf("%s: ok\n", options.path.empty() ? "built-in defaults" : options.path.c_str());
  }
  return EX_OK;
}

// CLI11 reports through exceptions; this is the one place that catches them.
int parse_and_run(CLI::App& app, int argc, char** argv, std::string& config, CheckOptions& check) {
  auto* run_command = app.add_subcommand("run", "Run the proxy (the default command)");
  app.add_option("-c,--config", config, "Configuration file (JSON with comments)");
  run_command->add_option("-c,--config", config, "Configuration file (JSON with comments)");
  auto* check_command =
      app.add_subcommand("check-config", "Check a configuration and say all that is wrong with it");
  check_command->add_option("file,-c,--config", check.path, "Configuration file");
  check_command->add_flag("--schema", check.schema, "Print the JSON Schema of the configuration");
  check_command->add_flag("--reference", check.reference, "Print all settings as Markdown");
  check_command->add_flag("--default", check.defaults, "Print a commented default weir.json");
  check_command->add_flag("--effective", check.effective,
                          "Print every setting as it will be used, secrets hidden");
  auto* version_command = app.add_subcommand("version", "Print the version");
  auto* help_command = app.add_subcommand("help", "Print this help");
  app.require_subcommand(0, 1);
  const std::string help = app.help();  // afterwards it would be the help of the parsed command
  try {
    app.parse(argc, argv);
  } catch (const CLI::CallForHelp& e) {
    return app.exit(e);
  } catch (const CLI::ParseError& e) {
    std::fprintf(stderr, "weir: %s\nTry \"weir help\".\n", e.what());
    return EX_USAGE;
  }
  if (version_command->parsed()) {
    std::printf("weir %s\n", WEIR_VERSION);
    return EX_OK;
  }
  if (help_command->parsed()) {
    print(help);
    return EX_OK;
  }
  return check_command->parsed() ? check_config(check) : run(config);
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app{"Weir: a strict, fast forward proxy. Without a command it runs on 127.0.0.1:3128."};
  app.name("weir");
  std::string config;
  CheckOptions check;
  return parse_and_run(app, argc, argv, config, check);
}
