// SPDX-License-Identifier: Apache-2.0
//
// One gather write of a relay: prefix, chunk size line, runs of payload, line end, last chunk and
// trailers, as parts that point at bytes owned elsewhere. Short runs that lie apart only by chunk
// framing are moved together first, so that a body of tiny chunks does not become a body of tiny
// writes. Pure: no I/O.
#pragma once

#include <sys/uio.h>

#include <array>
#include <cstdint>
#include <span>
#include <string_view>

#include "proxy/pipeline/relay.h"

namespace weir {

class RelayFrame {
 public:
  // Decodes what `plan.in` holds and lays out what to write for it. A failure names what is wrong
  // with the body; nothing of this frame must be written then.
  Failure gather(RelayPlan& plan);
  // Lays out the size line for `n` payload bytes that will be moved unseen.
  void announce(RelayPlan& plan, std::uint64_t n);

  // The same for a body that is changed on its way, in two steps. change() runs what `plan.in`
  // holds through plan.transform into `to` behind the first `made` bytes, which it adds to; once
  // more if busy(). lay_out_changed() then lays out what was made.
  Failure change(RelayPlan& plan, std::span<char> to, std::size_t& made);
  Failure lay_out_changed(RelayPlan& plan, std::string_view made);
  // The transform gave up its turn with work left to do and room to do it in.
  bool busy() const { return busy_; }
  // It needs bytes that have not come yet.
  bool hungry(const RelayPlan& plan) const { return hungry_ && !plan.reader->over() && !ended_; }
  bool ended() const { return ended_; }

  bool pending() const { return first_ < count_; }
  std::span<const iovec> parts() const { return {parts_.data() + first_, count_ - first_}; }
  void written(std::size_t n);

 private:
  static constexpr std::size_t kRuns = 16;
  static constexpr std::size_t kShort = 512;  // runs up to this length are worth moving together

  Failure take_runs(RelayPlan& plan);
  Failure take_run(RelayPlan& plan, std::string_view& run);
  Failure next_payload(RelayPlan& plan);
  void lay_out(RelayPlan& plan);
  void add_run(std::string_view run);
  void add(std::string_view text);
  void add_size_line(std::uint64_t n);
  Failure add_end(RelayPlan& plan);

  std::array<std::string_view, kRuns> runs_;
  std::size_t run_count_ = 0;
  std::uint64_t run_bytes_ = 0;
  std::array<iovec, kRuns + 6> parts_;
  std::size_t first_ = 0;
  std::size_t count_ = 0;
  std::array<char, 20> size_line_;
  std::string_view owed_;  // line end of a chunk whose payload was moved unseen
  std::string_view rest_;  // payload that the transform has not taken yet; in `plan.in`
  bool busy_ = false;
  bool hungry_ = false;
  bool ended_ = false;
};

}  // namespace weir
