// SPDX-License-Identifier: Apache-2.0
//
// What a host name stands for, for a while. Shared and immutable: the cache, everyone who waited
// for the same look-up and the connections made from it hold the same list. One thread.
#pragma once

#include <memory>
#include <vector>

#include "proxy/base/address.h"
#include "proxy/base/instant.h"

namespace weir {

using AddressList = std::vector<IpAddress>;

struct Answer {
  std::shared_ptr<const AddressList> addresses;  // never empty, no duplicates
  Instant expires;
};

}  // namespace weir
