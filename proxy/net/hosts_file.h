// SPDX-License-Identifier: Apache-2.0
//
// /etc/hosts as a table from names to addresses. Read at first use and again when the file has
// changed, which is looked at most once a second. Lines that are not an address and names, and
// names that could not be asked for, are passed over. Owned by a worker's resolver; one thread.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "proxy/net/answer.h"
#include "proxy/net/file_stamp.h"
#include "proxy/net/name_map.h"

namespace weir {

// Lower-case names without trailing dot.
using HostTable = NameMap<std::shared_ptr<const AddressList>>;

// The content of a hosts file. Names on several lines collect their addresses in order.
HostTable parse_hosts(std::string_view text);

class HostsFile {
 public:
  explicit HostsFile(std::string path) : file_(std::move(path)) {}

  // The addresses of `name`, or null. Cost: a look-up, once a second a stat(), after a change a
  // read of the whole file.
  std::shared_ptr<const AddressList> find(std::string_view name, Instant now);

 private:
  StampedFile file_;
  HostTable table_;
};

}  // namespace weir
