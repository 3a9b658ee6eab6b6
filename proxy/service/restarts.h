// SPDX-License-Identifier: Apache-2.0
//
// What to do when the worker process has ended: start it again, and when, or end, too. Pure: how it
// ended and how long it lived come in, a decision goes out.
#pragma once

#include <cstdint>
#include <string>

#include "proxy/base/instant.h"

namespace weir {

// As wait(2) tells it.
struct ProcessEnd {
  int exit_code = 0;
  int signal = 0;  // 0: it ended by itself
  bool core = false;
};

// What is known of the process that ended.
struct ProcessLife {
  Micros lived = 0;
  bool ever_ready = false;  // this one or any before it has served
  bool stopping = false;    // it was told to end
};

// The wait before a restart after so many deaths in a row: none, then 250 ms, doubled up to 30 s.
Micros restart_wait(std::uint32_t deaths);

class Restarts {
 public:
  // A process that lived so long is no longer part of a row of deaths.
  static constexpr Micros kLivedAWhile = 60 * kSecond;

  struct Next {
    bool again = false;
    Micros wait = 0;    // before it is started again
    int exit_code = 0;  // ours, when it is not
  };
  // A clean end is the end. A fault of usage or configuration (sysexits 64 and 78) does not go away
  // by itself; nor, as long as nothing has ever served, does anything else that start-up reports.
  Next after(const ProcessEnd& end, const ProcessLife& life);

  std::uint32_t count() const { return count_; }

 private:
  std::uint32_t count_ = 0;
  std::uint32_t deaths_ = 0;  // in a row
};

// "was killed by SIGSEGV (core dumped)", "ended with exit code 70".
std::string end_words(const ProcessEnd& end);

}  // namespace weir
