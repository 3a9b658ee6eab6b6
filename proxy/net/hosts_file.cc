// SPDX-License-Identifier: Apache-2.0
//
// See hosts_file.h. The format is hosts(5): an address, then names, separated by blanks; '#' begins
// a comment. A file that cannot be read is an empty table.
#include "proxy/net/hosts_file.h"

#include <algorithm>
#include <fstream>
#include <iterator>

#include "proxy/base/host.h"

namespace weir {
namespace {

constexpr std::string_view kBlank = " \t\r\v\f";

// The next word of the line, cut off its front; empty at the end.
std::string_view take_word(std::string_view& line) {
  const std::size_t begin = std::min(line.find_first_not_of(kBlank), line.size());
  const std::size_t end = std::min(line.find_first_of(kBlank, begin), line.size());
  const std::string_view word = line.substr(begin, end - begin);
  line.remove_prefix(end);
  return word;
}

using Collected = NameMap<AddressList>;

void take_line(std::string_view line, Arena& arena, Collected& out) {
  line = line.substr(0, line.find('#'));
  const auto address = IpAddress::parse(take_word(line));
  if (!address) {
    return;
  }
  for (auto word = take_word(line); !word.empty(); word = take_word(line)) {
    const auto host = normalise_host(word, false, arena);
    if (!host || host->address) {
      continue;
    }
    AddressList& list = out[std::string(host->name)];
    if (std::ranges::find(list, *address) == list.end()) {
      list.push_back(*address);
    }
  }
}

}  // namespace

HostTable parse_hosts(std::string_view text) {
  Collected collected;
  Arena arena;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    take_line(text.substr(0, end), arena, collected);
    arena.reset();
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  HostTable table;
  for (auto& [name, list] : collected) {
    table.emplace(name, std::make_shared<const AddressList>(std::move(list)));
  }
  return table;
}

std::shared_ptr<const AddressList> HostsFile::find(std::string_view name, Instant now) {
  if (file_.changed(now)) {
    std::ifstream in(file_.path(), std::ios::binary);
    const std::string text{std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
    table_ = parse_hosts(text);
  }
  const auto found = table_.find(name);
  return found == table_.end() ? nullptr : found->second;
}

}  // namespace weir
