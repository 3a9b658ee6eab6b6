// SPDX-License-Identifier: Apache-2.0
//
// Brings the body of a response that is kept, on its own: whoever asked first reads it like all who
// follow, and may leave. It goes on for as long as somebody follows, or little enough is missing,
// or it was started to refresh the store. What arrives whole is stored; what is cut is not.
//
// Deletes itself at its end. Its worker keeps a list of fills to end them when stopping.
#pragma once

#include <memory>
#include <optional>

#include "proxy/http/body.h"
#include "proxy/net/buffer.h"
#include "proxy/net/pool.h"
#include "proxy/net/task.h"
#include "proxy/store/flight.h"
#include "proxy/store/store.h"

namespace weir {

class Worker;
struct Setup;

struct FillPlan {
  OriginConnection* origin = nullptr;
  bool origin_stays = false;  // it may carry another request afterwards
  Buffer in;                  // what came with the head
  http::Framing framing;
  store::EntryPtr entry;              // without its body
  std::uint64_t first = 0;            // of a part: its place in the representation
  std::optional<std::uint64_t> size;  // of a part: what Content-Range says
  std::shared_ptr<store::Filling> filling;
  store::FlightPtr flight;  // null: nobody else follows it by name
  std::uint64_t hash = 0;
  std::uint64_t erasures = 0;  // of the memory tier when the origin was asked
  bool background = false;     // goes on without followers
};

class Fill {
 public:
  Fill(Worker& worker, FillPlan plan);
  ~Fill();
  Fill(const Fill&) = delete;
  Fill& operator=(const Fill&) = delete;
  // Call once; afterwards it is on its own.
  Spawned run();
  // Stopping: ends it now.
  void cut();
  // Stopping: ends it unless somebody follows it.
  void drain();

 private:
  friend class Worker;
  Task<Failure> bring();
  Task<Failure> read_some();
  Failure take_buffered();
  bool wanted() const;
  static void end_unwanted(Worker& worker, const store::Filling* filling);
  void settle(Failure why);
  void keep();

  Worker& worker_;
  const std::shared_ptr<const Setup> setup_;  // in force when it began
  FillPlan plan_;
  http::BodyReader reader_;
  Fill* prev_ = nullptr;
  Fill* next_ = nullptr;
};

}  // namespace weir
