// SPDX-License-Identifier: Apache-2.0
//
// See completion.h. Names of commands and options are our own words and need no quoting.
#include "proxy/cli/completion.h"

namespace weir::cli {
namespace {

std::string joined(const std::vector<std::string>& words) {
  std::string out;
  for (const std::string& word : words) {
    out += (out.empty() ? "" : " ") + word;
  }
  return out;
}

// Options where a word begins with a dash, else files; the first word is a command.
std::string bash_script(const std::vector<CommandWords>& commands) {
  std::string names;
  std::string cases;
  for (const CommandWords& command : commands) {
    names += (names.empty() ? "" : " ") + command.name;
    const std::string below =
        command.commands.empty() ? "" : " commands=\"" + joined(command.commands) + "\"";
    cases +=
        "    " + command.name + ") options=\"" + joined(command.options) + "\"" + below + " ;;\n";
  }
  return "_weir() {\n"
         "  local word=\"${COMP_WORDS[COMP_CWORD]}\" options=\"\" commands=\"\"\n"
         "  if [ \"$COMP_CWORD\" -eq 1 ]; then\n"
         "    COMPREPLY=($(compgen -W \"" +
         names +
         "\" -- \"$word\"))\n"
         "    return\n"
         "  fi\n"
         "  case \"${COMP_WORDS[1]}\" in\n" +
         cases +
         "  esac\n"
         "  if [ \"$COMP_CWORD\" -eq 2 ] && [ -n \"$commands\" ]; then\n"
         "    COMPREPLY=($(compgen -W \"$commands\" -- \"$word\"))\n"
         "    return\n"
         "  fi\n"
         "  case \"$word\" in\n"
         "    -*) COMPREPLY=($(compgen -W \"$options\" -- \"$word\")) ;;\n"
         "    *) COMPREPLY=($(compgen -f -- \"$word\")) ;;\n"
         "  esac\n"
         "}\n"
         "complete -o filenames -F _weir weir\n";
}

std::string fish_script(const std::vector<CommandWords>& commands) {
  std::string out;
  for (const CommandWords& command : commands) {
    out += "complete -c weir -n __fish_use_subcommand -f -a " + command.name + " -d '" +
           command.about + "'\n";
    for (const std::string& below : command.commands) {
      out += "complete -c weir -n '__fish_seen_subcommand_from " + command.name + "' -f -a " +
             below + "\n";
    }
    for (const std::string& option : command.options) {
      const bool whole = option.starts_with("--");
      out += "complete -c weir -n '__fish_seen_subcommand_from " + command.name + "' " +
             (whole ? "-l " : "-s ") + option.substr(whole ? 2 : 1) + "\n";
    }
  }
  return out;
}

}  // namespace

std::string completion_script(std::string_view shell, const std::vector<CommandWords>& commands) {
  if (shell == "bash") {
    return bash_script(commands);
  }
  if (shell == "zsh") {
    return "autoload -U +X bashcompinit && bashcompinit\n" + bash_script(commands);
  }
  return shell == "fish" ? fish_script(commands) : std::string();
}

}  // namespace weir::cli
