// SPDX-License-Identifier: Apache-2.0
//
// What the texts that an expression matches must begin and end with: runs of characters, each with
// a class and a length. An expression that begins with '^' or ends with '$', as those of real lists
// do, is turned away by a look at a few dozen bytes, where trying it costs a walk through RE2's
// locks and automata. It may let through what does not match, never the other way. Of an expression
// that is nothing but such runs, as two of five in real lists are, it knows all: RE2 need not keep
// a program and automata for it.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>
#include <vector>

#include "filters/adblock/byte_runs.h"
#include "filters/work.h"

namespace weir::adblock {

struct Ends {
  std::vector<ByteRun> head;  // from the first byte on; empty: not known
  std::vector<ByteRun> tail;  // from the last byte on, backwards
  bool whole = false;         // behind the head is nothing
  bool exact = false;         // the expression is found in all that begins and ends so
};

// Of an expression in RE2's syntax; what is not understood ends what is known.
Ends ends_of(std::string_view expression, bool ignore_case);

// The ends of many expressions, in little memory.
class EndsTable {
 public:
  // They get numbers from 0 on.
  void add(const Ends& ends);
  void finish();
  // False: the expression with that number does not match the text, or the work is spent. `end`, if
  // it is true of an exact one: where the match ends.
  bool allow(std::uint32_t id, std::string_view text, filters::Work& work,
             std::size_t* end = nullptr) const {
    const Entry& entry = entries_[id];
    return (entry.head == 0 || begins(entry, text, work, end)) &&
           (entry.tail == 0 || ends(entry, text, work, end));
  }
  // Whether what is allowed does match.
  bool exact(std::uint32_t id) const { return entries_[id].exact; }
  std::size_t memory() const;

 private:
  struct Run {
    std::uint16_t set;  // in sets_
    std::uint16_t least;
    std::uint16_t most;
  };
  struct Entry {
    std::uint32_t at;  // in runs_: the head, and behind it the tail
    std::uint8_t head;
    std::uint8_t tail;
    bool whole;
    bool exact;
    // Runs that "http://" and "https://" fulfil, as nearly every text begins with one of them.
    std::array<std::uint8_t, 2> scheme;
  };
  bool add(const ByteRun& run);
  std::uint8_t scheme_runs(const Entry& entry, std::string_view scheme) const;
  bool begins(const Entry& entry, std::string_view text, filters::Work& work,
              std::size_t* end) const;
  bool ends(const Entry& entry, std::string_view text, filters::Work& work, std::size_t* end) const;
  std::size_t behind(const Run& run, std::string_view text, std::size_t at) const;
  std::size_t before(const Run& run, std::string_view text, std::size_t end) const;

  std::vector<ByteSet> sets_;
  std::vector<Run> runs_;
  std::vector<Entry> entries_;
};

}  // namespace weir::adblock
