// SPDX-License-Identifier: Apache-2.0
//
// Filling the flat record of an exchange, and a record that owns its texts for tunnels, which
// outlive their exchange.
#pragma once

#include <array>
#include <memory>

#include "proxy/observe/record.h"

namespace weir {

struct Exchange;
class Session;

// Called when the first byte of a request is there.
void begin_record(Exchange& ex, Session& session);
void describe_request(Exchange& ex, const Session& session);
void complete_record(Exchange& ex, Session& session);

struct OwnedRecord {
  explicit OwnedRecord(const Record& from);
  Record record;

 private:
  std::unique_ptr<char[]> text_;
};

}  // namespace weir
