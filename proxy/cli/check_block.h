// SPDX-License-Identifier: Apache-2.0
//
// Some lines of `weir check`, on their way together: all are read, then all judged, then all
// answered. Each of the three finds its code and tables where the line before has brought them.
// What is timed is what the proxy does for each request: put the URL in order, find out what it is
// for and which page it belongs to, and judge it. Reading and writing JSON is not.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "proxy/cli/asked.h"
#include "proxy/cli/judges.h"
#include "proxy/cli/lines.h"
#include "proxy/cli/stopwatch.h"

namespace weir::cli {

// One request of the input, and what was said of it.
struct CheckedLine {
  std::uint64_t number = 0;  // in the input, from 1
  Asked asked;
  filters::Subject subject;
  Said said;
  std::string fault;            // why it cannot be judged, as a clause; empty: it was judged
  std::string_view remedy;      // for people, of the fault
  bool passes_nowhere = false;  // its fault is a URL that no proxy can be asked for
};

class CheckBlock {
 public:
  CheckBlock(Judge& judge, WallTime at);

  // Reads the next lines and leaves empty ones out. Not Got::Line: these were the last.
  LineReader::Got read(LineReader& in);
  void judge(Durations& durations);
  std::span<const CheckedLine> lines() const { return std::span(lines_).first(count_); }

 private:
  void take(std::string_view text, CheckedLine& line);
  bool introduce(CheckedLine& line);
  Nanos decide(CheckedLine& line, bool& described);

  Judge& judge_;
  WallTime at_;
  Nanos clock_cost_;
  Arena texts_;  // of the lines
  Arena arena_;  // of the decisions
  std::vector<CheckedLine> lines_;
  std::size_t count_ = 0;
  CpuBound cpu_;
  std::string known_client_;
  IpAddress known_address_ = IpAddress::v4(0x7f000001);
};

}  // namespace weir::cli
