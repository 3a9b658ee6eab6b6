// SPDX-License-Identifier: Apache-2.0
//
// See arguments.h.
#include "proxy/cli/arguments.h"

#include <sysexits.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>

#include "proxy/base/ascii.h"
#include "proxy/cli/completion.h"
#include "proxy/config/units.h"

namespace weir::cli {
namespace {

constexpr const char* kConfigHelp = "Configuration file (JSON with comments)";

constexpr const char* kExamples = R"(Examples:
  weir --config weir.json                        run the proxy
  weir check-config weir.json                    say all that is wrong with a configuration
  weir explain -c weir.json http://example.com/  say what the rules make of a request
  weir check --requests in.jsonl --lists ads.txt judge many requests by a list
  weir status                                    say how the running proxy is

"weir COMMAND --help" says more about a command.)";

constexpr const char* kCheckConfigExamples = R"(Examples:
  weir check-config weir.json
  weir check-config --default > weir.json        a commented file to begin with
  weir check-config --effective weir.json        every setting as it will be used)";

constexpr const char* kCheckExamples = R"(One request a line, all but the URL optional:
  {"i":0,"url":"http://example.com/","method":"GET","client":"10.0.0.7","user":"mia",
   "headers":{"referer":"http://example.org/","sec-fetch-dest":"image"}}
For a CONNECT the URL is "host:443". One decision a line:
  {"i":0,"block":true,"rule":"...","list":"...","line":123,"text":"..."}
and "excepted", "rewrite", "redirect" where they apply. At the end, one line of JSON with
figures on standard error.

Examples:
  weir check --requests in.jsonl --decisions out.jsonl --lists easylist.txt,hosts.txt
  weir check --config weir.json --at 2026-11-21T21:30 < in.jsonl > out.jsonl)";

constexpr const char* kExplainExamples =
    R"(Nothing is sent anywhere. HOST:PORT asks about a CONNECT, HOST/PATH about plain http.

Examples:
  weir explain -c weir.json http://example.com/ads.js --header 'Referer: http://example.org/'
  weir explain -c weir.json example.com:443 --as 192.168.1.20 --at '2026-11-21 21:30'
  weir explain -c weir.json http://example.com/a --response-header 'Content-Type: video/mp4'
  weir explain --lists easylist.txt --json https://ads.example.com/banner.gif)";

constexpr const char* kReplayExamples =
    R"(The log is one of Weir's or Squid's: squid, combined or json. What it did not keep (the page, what
a request was wanted for) cannot be judged; records for which that matters are counted.

Examples:
  weir replay access.log --config draft.json
  weir replay --format json --json - --config draft.json < access.log)";

constexpr const char* kCompletionExamples = R"(Examples:
  weir completion bash > /etc/bash_completion.d/weir
  weir completion fish > ~/.config/fish/completions/weir.fish)";

constexpr const char* kListsExamples = R"(Examples:
  weir lists --config weir.json
  weir lists --config weir.json --log access.log   how often each has decided
  weir lists --lists easylist.txt,hosts.txt --verbose
  weir lists accept ads --config weir.json         take the version that is held back)";

constexpr const char* kAcceptExamples =
    R"("weir lists" says what is held back and why. Run this as the user that the proxy runs as, and
weir reload afterwards.

Examples:
  weir lists accept ads --config weir.json)";

constexpr const char* kAcceptHelp =
    "Take the version of a downloaded list that is held back into use";

constexpr const char* kStatusExamples = R"(Examples:
  weir status
  weir status --config weir.json
  weir status --admin unix:/run/weir/admin.sock --json)";

constexpr const char* kHealthExamples =
    R"(Ends with 0 when every worker of the running proxy shows itself alive, with 1 when one does not or
nobody answers within 5 s. With --ready, 1 also while the proxy is starting or stopping. Fit for the
health check of a container.

Examples:
  weir health
  weir health --ready --admin 127.0.0.1:3180)";

constexpr const char* kReloadExamples =
    R"(The running proxy reads its configuration anew, as at SIGHUP, and asks for new versions of its
lists. What is wrong with it is printed; then nothing has changed, and the exit code is 1.

Examples:
  weir reload
  weir reload --config weir.json)";

constexpr const char* kCacheExamples =
    R"(Of the proxy that runs. Tags are what responses list in Surrogate-Key or Cache-Tag.

Examples:
  weir cache stats
  weir cache ls example.com
  weir cache why http://example.com/logo.png     what a plain GET would get now, and why
  weir cache purge --host .example.com --dry-run

"weir cache COMMAND --help" says more about a command.)";

constexpr const char* kCachePurgeExamples =
    R"(A URL is forgotten with all its variants, in memory and on disk.

Examples:
  weir cache purge http://example.com/logo.png
  weir cache purge --host .example.com           with all hosts below it
  weir cache purge --prefix http://example.com/shop/
  weir cache purge --tag product-17 --dry-run    only count
  weir cache purge --all)";

// Where the running proxy is.
CLI::App* add_running(CLI::App& app, const char* name, const char* about, const char* footer,
                      AdminSource& source) {
  auto* command = app.add_subcommand(name, about);
  command->add_option("-c,--config", source.config,
                      "The configuration that says where the proxy is reached");
  command->add_option("--admin", source.admin, "Or its address, as in admin.listen")
      ->type_name("ADDRESS");
  command->footer(footer);
  return command;
}

constexpr const char* kRunExamples =
    R"(With --supervise a small process watches over the one that works. It keeps the listening sockets
open, so that clients wait while a new one starts, and passes TERM, INT, HUP and USR1 on.

Examples:
  weir run -c weir.json
  weir run --supervise -c weir.json)";

constexpr const char* kCaExamples =
    R"(Before TLS can be looked into, devices have to trust a certificate authority of this proxy.

Examples:
  weir ca create --dir /etc/weir/ca     make one; nothing that exists is overwritten
  weir ca show -c weir.json             its fingerprint, its dates, how to install it)";

constexpr const char* kGatewayExamples =
    R"(Commands: plan prints every command and rule, up puts the rules in, status tells what is in force,
doctor finds what is wrong, down takes everything away; guard watches Weir for a supervisor, or runs
what stands behind "--"; fail does what --fail says. iptables/README.md shows the packet's path.

Examples:
  weir gateway plan --lan br-lan                     change nothing, print all
  weir gateway up --lan br-lan --config weir.json
  weir gateway up --lan br-lan --mode tproxy --fail closed --exempt 192.168.1.50
  weir gateway doctor
  weir gateway down
  weir gateway guard --lan br-lan -- weir run -c weir.json)";

void add_source(CLI::App& command, Source& source) {
  auto* config = command.add_option("-c,--config", source.config, kConfigHelp);
  command
      .add_option("--lists", source.lists,
                  "Judge by these filter lists alone, whatever a configuration says (check: URLs "
                  "as they are written, without a path when there is none)")
      ->delimiter(',')
      ->allow_extra_args(false)  // what follows is the URL
      ->type_name("FILE,...")
      ->excludes(config);
  command.add_flag("--third-party-hosts", source.third_party_hosts,
                   "With --lists: on CONNECT, count rules that hold for third parties only");
}

void add_check_config(CLI::App& app, CheckConfigOptions& options) {
  auto* command =
      app.add_subcommand("check-config", "Check a configuration and say all that is wrong with it");
  command->add_option("file,-c,--config", options.config, "Configuration file");
  command->add_flag("--schema", options.schema, "Print the JSON Schema of the configuration");
  command->add_flag("--reference", options.reference, "Print all settings as Markdown");
  command->add_flag("--metrics", options.metrics, "Print all metrics as Markdown");
  command->add_flag("--default", options.defaults, "Print a commented default weir.json");
  command->add_flag("--effective", options.effective,
                    "Print every setting as it will be used, secrets hidden");
  command->footer(kCheckConfigExamples);
}

void add_check(CLI::App& app, CheckOptions& options) {
  auto* command = app.add_subcommand("check", "Judge many requests, one a line, at full speed");
  command->add_option("--requests", options.requests, "Requests to judge; - is standard input")
      ->type_name("FILE");
  command->add_option("--decisions", options.decisions, "Where decisions go; - is standard output")
      ->type_name("FILE");
  add_source(*command, options.source);
  command->add_option("--at", options.at, "The time of the requests; else now")->type_name("TIME");
  command->footer(kCheckExamples);
}

void add_explain(CLI::App& app, ExplainOptions& options) {
  auto* command = app.add_subcommand(
      "explain", "Say what the rules make of one request, rule by rule, and why");
  const auto option = [&](const char* name, auto& value, const char* what, const char* type) {
    command->add_option(name, value, what)->type_name(type)->allow_extra_args(false);
  };
  command->add_option("url", options.url, "The URL, or HOST:PORT of a tunnel")->required();
  add_source(*command, options.source);
  option("--as", options.client,
         "The client: its address, or the name or hardware address of a device; else 127.0.0.1",
         "CLIENT");
  option("--user", options.user, "The user, taken as authenticated", "NAME");
  option("--listener", options.listener, "The listener the client came by", "NAME");
  option("--at", options.at, "The time (RFC 3339, or local); else now", "TIME");
  option("-X,--method", options.method, "The method; else GET", "METHOD");
  option("-H,--header", options.fields, "A field of the request; may be repeated", "'NAME: VALUE'");
  option("--destination", options.destination, "The address the host is taken to have", "ADDRESS");
  option("--response-status", options.status, "Judge a response of this status, too", "STATUS");
  option("--response-header", options.response_fields, "A field of the response", "'NAME: VALUE'");
  command->add_flag("--json", options.json, "Print JSON");
  command->footer(kExplainExamples);
}

void add_replay(CLI::App& app, ReplayOptions& options) {
  auto* command =
      app.add_subcommand("replay", "Judge the requests of an access log: what would change");
  command->add_option("log", options.log, "The access log; - is standard input")->required();
  add_source(*command, options.source);
  command->add_option("--format", options.format, "squid, combined, json, or auto (the default)");
  command->add_option("--limit", options.limit, "Rows of each table; else 20");
  command->add_flag("--json", options.json, "Print JSON");
  command->footer(kReplayExamples);
}

void add_lists(CLI::App& app, ListsOptions& options, AcceptOptions& taken) {
  auto* command = app.add_subcommand("lists", "Say what was made of each filter list");
  add_source(*command, options.source);
  command->add_option("--log", options.log,
                      "Count how often each list has decided, from this access log in Weir's "
                      "JSON format");
  command->add_flag("--json", options.json, "Print JSON");
  command->add_flag("-v,--verbose", options.verbose,
                    "Show more of the faulty lines, and what lines say");
  command->footer(kListsExamples);
  auto* accept = command->add_subcommand("accept", kAcceptHelp);
  accept->add_option("list", taken.name, "The list's name")->required();
  accept->add_option("-c,--config", taken.config, kConfigHelp);
  accept->footer(kAcceptExamples);
}

void add_running_commands(CLI::App& app, RunningOptions& options) {
  auto* status =
      add_running(app, "status", "Say how the running proxy is", kStatusExamples, options.source);
  status->add_flag("--json", options.json, "Print JSON");
  auto* health = add_running(app, "health", "Say whether the running proxy is well",
                             kHealthExamples, options.source);
  health->add_flag("--ready", options.ready, "Say whether it serves new clients");
  add_running(app, "reload", "Make the running proxy read its configuration anew", kReloadExamples,
              options.source);
}

CLI::App* add_cache_command(CLI::App& app, const char* name, const char* about,
                            CacheOptions::What what, CacheOptions& options) {
  const bool purges = what == CacheOptions::What::Purge;
  auto* command = add_running(app, name, about, purges ? kCachePurgeExamples : "", options.source);
  command->add_flag("--json", options.json, "Print JSON");
  command->callback([&options, what] { options.what = what; });
  return command;
}

void add_cache(CLI::App& app, CacheOptions& options) {
  using What = CacheOptions::What;
  auto* cache =
      app.add_subcommand("cache", "Look into the cache of the running proxy, or purge it");
  cache->require_subcommand(1);
  cache->footer(kCacheExamples);
  add_cache_command(*cache, "stats", "Say how much is stored", What::Stats, options);
  auto* list = add_cache_command(*cache, "ls", "List what is stored", What::List, options);
  list->add_option("host", options.host, "On this host; .HOST with all below it");
  list->add_option("--limit", options.limit, "At most so many lines; else 10000");
  auto* show =
      add_cache_command(*cache, "show", "Show all that is stored under a URL", What::Show, options);
  show->add_option("url", options.url, "The URL")->required();
  auto* why = add_cache_command(*cache, "why",
                                "Say what a plain GET would get now, and which clause decides",
                                What::Why, options);
  why->add_option("url", options.url, "The URL")->required();
  auto* purge = add_cache_command(*cache, "purge", "Forget what is stored", What::Purge, options);
  auto* scope = purge->add_option_group("what", "What to forget");
  scope->add_option("url", options.url, "A URL");
  scope->add_option("--host", options.host, "All of a host; .HOST with all below it");
  scope->add_option("--prefix", options.prefix, "All URLs that begin like this one");
  scope->add_option("--tag", options.tag, "All that carries this tag");
  scope->add_flag("--all", options.all, "Everything");
  scope->require_option(1);
  purge->add_flag("--dry-run", options.dry_run, "Only say how much it would be");
}

void add_ca(CLI::App& app, CaOptions& options) {
  auto* command = app.add_subcommand(
      "ca", "Make or show the certificate authority with which TLS is looked into");
  command->require_subcommand(1);
  command->footer(kCaExamples);
  auto* create = command->add_subcommand("create", "Make an authority: a certificate and its key");
  create->add_option("--dir", options.directory, "Where to; else /etc/weir/ca")->type_name("DIR");
  create->add_option("--name", options.name, "What devices list it by; else Weir");
  create->callback([&options] { options.what = CaOptions::What::Create; });
  auto* show = command->add_subcommand("show", "Say how to recognise and install an authority");
  show->add_option("certificate", options.certificate, "Its certificate; else the configured one");
  show->add_option("-c,--config", options.config, kConfigHelp);
  show->callback([&options] { options.what = CaOptions::What::Show; });
}

// The first word behind a command where it is one of a few.
const std::vector<std::string> kGatewayVerbs = {"plan", "up",    "status", "doctor",
                                                "down", "guard", "fail"};
const std::vector<std::string> kShells = {"bash", "zsh", "fish"};

void add_gateway(CLI::App& app, GatewayOptions& options) {
  auto* command = app.add_subcommand(
      "gateway", "Lead the web traffic of a whole network through Weir, or stop that");
  command->add_option("command", options.verb, "plan, up, status, doctor, down, guard or fail")
      ->required()
      ->check(CLI::IsMember(kGatewayVerbs));
  command->add_option("run", options.command, "What guard runs, behind \"--\"");
  command->add_option("-c,--config", options.config, kConfigHelp)->allow_extra_args(false);
  for (const GatewayOption& row : gateway_options()) {
    const auto take = [&options, name = row.name](const std::vector<std::string>& values) {
      for (const std::string& value : values) {
        options.words.insert(options.words.end(), {name, value});
      }
    };
    command->add_option_function<std::vector<std::string>>(row.name, take, row.what)
        ->type_name(row.type)
        ->allow_extra_args(false);
  }
  const auto forward = [&options](std::int64_t) { options.words.emplace_back("--forwarding"); };
  command->add_flag_function("--forwarding", forward,
                             "Switch forwarding on; down puts it back as it was");
  command->footer(kGatewayExamples);
}

// A length of time as settings have it, or a number of seconds.
std::optional<Micros> stalled_limit(const std::string& text) {
  constexpr std::uint64_t kMost = 3600;
  const auto seconds = parse_decimal(text, kMost);
  const auto limit = seconds ? static_cast<Micros>(*seconds) * kSecond : parse_duration(text);
  const bool good = limit && (*limit == 0 || *limit >= kLeastStalledLimit) &&
                    *limit <= static_cast<Micros>(kMost) * kSecond;
  return good ? limit : std::nullopt;
}

void add_stalled_limit(CLI::App& run, Micros& out) {
  const auto judge = [](const std::string& text) {
    return stalled_limit(text)
               ? std::string()
               : "\"" + text + "\" is no time from " + duration_text(kLeastStalledLimit) +
                     " to 1h: write for example 30s, or 0 for never";
  };
  run.add_option_function<std::string>(
         "--stalled-limit",
         [&out](const std::string& text) { out = stalled_limit(text).value_or(out); },
         "With --supervise: end a worker that stands still for so long (7s to 1h; else 30s; 0: "
         "never)")
      ->type_name("TIME")
      ->check(judge);
}

void add_completion(CLI::App& app, std::string& shell) {
  auto* command = app.add_subcommand("completion", "Print a script that lets a shell complete");
  command->add_option("shell", shell, "bash, zsh or fish")
      ->required()
      ->check(CLI::IsMember(kShells));
  command->footer(kCompletionExamples);
}

void add_options(const CLI::App& command, std::vector<std::string>& words) {
  const auto add = [&words](const std::string& word) {
    if (std::ranges::find(words, word) == words.end()) {
      words.push_back(word);
    }
  };
  for (const CLI::Option* option : command.get_options()) {
    for (const std::string& name : option->get_lnames()) {
      add("--" + name);
    }
    for (const std::string& name : option->get_snames()) {
      add("-" + name);
    }
  }
  for (const CLI::App* below : command.get_subcommands({})) {
    add_options(*below, words);
  }
}

std::vector<CommandWords> words_of(const CLI::App& app) {
  std::vector<CommandWords> out;
  for (const CLI::App* command : app.get_subcommands({})) {
    const std::string& name = command->get_name();
    CommandWords words{name, command->get_description(), {}, {}};
    words.commands = name == "gateway"      ? kGatewayVerbs
                     : name == "completion" ? kShells
                                            : std::vector<std::string>();
    add_options(*command, words.options);
    for (const CLI::App* below : command->get_subcommands({})) {
      if (!below->get_name().empty()) {  // not a group of options
        words.commands.push_back(below->get_name());
      }
    }
    out.push_back(std::move(words));
  }
  return out;
}

Arguments::Command chosen(const CLI::App& app) {
  using Command = Arguments::Command;
  const auto parsed = app.get_subcommands();
  const std::string name = parsed.empty() ? "run" : parsed.front()->get_name();
  const bool accept = !parsed.empty() && !parsed.front()->get_subcommands().empty();
  return name == "check-config" ? Command::CheckConfig
         : name == "check"      ? Command::Check
         : name == "explain"    ? Command::Explain
         : name == "replay"     ? Command::Replay
         : name == "status"     ? Command::Status
         : name == "health"     ? Command::Health
         : name == "reload"     ? Command::Reload
         : name == "lists"      ? accept ? Command::AcceptList : Command::Lists
         : name == "cache"      ? Command::Cache
         : name == "ca"         ? Command::Ca
         : name == "gateway"    ? Command::Gateway
         : name == "completion" ? Command::Completion
                                : Command::Run;
}

}  // namespace

// CLI11 reports through exceptions; this is the one place that catches them.
tl::expected<Arguments, int> parse_arguments(int argc, char** argv) {
  CLI::App app{"Weir: a strict, fast forward proxy. Without a command it runs on 127.0.0.1:3128."};
  app.name("weir");
  app.footer(kExamples);
  Arguments out;
  auto* run = app.add_subcommand("run", "Run the proxy (the default command)");
  app.add_option("-c,--config", out.config, kConfigHelp);
  run->add_option("-c,--config", out.config, kConfigHelp);
  run->add_flag("--supervise", out.supervise,
                "Start it anew when it dies, without refusing clients meanwhile");
  add_stalled_limit(*run, out.stalled_limit);
  run->footer(kRunExamples);
  add_check_config(app, out.check_config);
  add_check(app, out.check);
  add_explain(app, out.explain);
  add_replay(app, out.replay);
  add_running_commands(app, out.running);
  add_lists(app, out.lists, out.accept);
  add_cache(app, out.cache);
  add_ca(app, out.ca);
  add_gateway(app, out.gateway);
  std::string shell;
  add_completion(app, shell);
  auto* version = app.add_subcommand("version", "Print the version");
  auto* help_command = app.add_subcommand("help", "Print this help");
  app.require_subcommand(0, 1);
  const std::string help = app.help();  // afterwards it would be the help of the parsed command
  try {
    app.parse(argc, argv);
  } catch (const CLI::CallForHelp& e) {
    return tl::unexpected(app.exit(e));
  } catch (const CLI::ParseError& e) {
    std::fprintf(stderr, "weir: %s\nTry \"weir help\".\n", e.what());
    return tl::unexpected(EX_USAGE);
  }
  if (version->parsed() || help_command->parsed()) {
    std::fputs(version->parsed() ? "weir " WEIR_VERSION "\n" : help.c_str(), stdout);
    return tl::unexpected(EX_OK);
  }
  out.command = chosen(app);
  // One that was named before the command.
  for (std::string* config :
       {&out.check_config.config, &out.check.source.config, &out.explain.source.config,
        &out.replay.source.config, &out.lists.source.config, &out.running.source.config,
        &out.cache.source.config, &out.ca.config, &out.gateway.config}) {
    *config = config->empty() ? out.config : *config;
  }
  out.accept.config = out.accept.config.empty() ? out.lists.source.config : out.accept.config;
  out.completion = completion_script(shell, words_of(app));
  return out;
}

}  // namespace weir::cli
