// SPDX-License-Identifier: Apache-2.0
//
// A connected byte stream on a worker's loop: try to read, try to write, and wait until trying
// again is worth it. Reads and writes never block and never wait by themselves; a coroutine that
// gets WouldBlock awaits readable() or writable() with a deadline. An idle stream holds no buffer.
//
// One reader and one writer may wait at the same time (upload beside download, tunnels). Works on
// any stream socket, so tests can hand in one end of a socket pair. Knows no protocol.
//
// TLS may be put around what it carries (secure, then shake until that is done); reading, writing
// and waiting are then the same, but nothing of it can be moved inside the kernel, and End is what
// the far end has said, not that its bytes stopped coming. A plain stream pays a pointer for this.
//
// Owned by a session or by the pool; used on its loop's thread only.
#pragma once

#include <sys/uio.h>

#include <coroutine>
#include <cstdint>
#include <memory>
#include <span>

#include "proxy/base/failure.h"
#include "proxy/net/loop.h"
#include "proxy/net/wheel.h"

namespace weir {

class Pipe;
class Stream;
class Throttle;
namespace tls {
class Engine;
enum class Trouble : std::uint8_t;
struct Moved;
}  // namespace tls

enum class Io : std::uint8_t { Bytes, WouldBlock, End, Broken };

struct IoResult {
  Io what = Io::WouldBlock;
  std::size_t bytes = 0;  // Bytes only; never zero
};

// Whoever keeps a stream that nobody waits on (the pool) hears when something happens to it.
class StreamKeeper {
 public:
  // Bytes, an end or an error arrived, or the keeper's deadline passed. May destroy the stream.
  virtual void stirred(Stream& stream) = 0;

 protected:
  ~StreamKeeper() = default;
};

class Stream final : public Watch {
 public:
  explicit Stream(Loop& loop);
  ~Stream();

  // Takes over a connected, non-blocking descriptor. False when it cannot be watched; it is closed
  // then.
  // `watched`: somebody else on this loop watched it so far.
  bool open(int fd, bool watched = false);
  bool is_open() const { return fd_ >= 0; }
  int fd() const { return fd_; }
  Failure closed_why() const { return closed_why_; }  // what close() was told
  Loop& loop() { return loop_; }

  IoResult read(char* to, std::size_t most);
  IoResult write(std::span<const iovec> parts);
  // From now on no more is read than `throttle` allows; null: all of it. While that is nothing,
  // reads give WouldBlock, and readable() waits until it is more without minding its deadline. What
  // is not read holds the sender up. The throttle must outlive this, or be taken away first.
  void limit_reads(Throttle* throttle) { throttle_ = throttle; }

  // Puts TLS around the open stream; shake() next. What was read before belongs to the engine.
  void secure(std::unique_ptr<tls::Engine> engine);
  bool is_secure() const { return tls_ != nullptr; }
  // Bytes when the handshake is done; WouldBlock: await writable() if shake_wants_write(), else
  // readable(), and shake again; Broken: shake_trouble() says why.
  Io shake();
  bool shake_wants_write() const { return shake_wants_write_; }
  tls::Trouble shake_trouble() const;

  // Moves bytes between the socket and a pipe inside the kernel. Not through TLS.
  IoResult read_to(Pipe& pipe, std::size_t most);
  IoResult write_from(Pipe& pipe, bool more_follows);

  // From a file to the socket, by sendfile(2) where there is no TLS. End: the file is shorter.
  IoResult write_file(int file, std::uint64_t at, std::size_t most);

  // An error or a full close has been reported: whatever is written now is lost.
  bool broken() const { return fd_ < 0 || broken_; }

  // Sends FIN, with TLS behind its close_notify: no byte of ours follows.
  void end_writing();
  // Closes. Whoever waits is resumed soon with `why`.
  void close(Failure why = Failure::Internal);
  // Closes so that the far end sees a reset, not an orderly end (a cut answer must look cut).
  void reset(Failure why = Failure::Internal);
  // Resumes the waiting reader with `why`, now and at every later wait, until allow_reads().
  void stop_reads(Failure why);
  void allow_reads() { read_side_.stopped = Failure::None; }

  // When this stream breaks while nobody reads from it, `other` is closed with `why`.
  void tie(Stream* other, Failure why) {
    tied_ = other;
    tied_why_ = why;
  }
  // Nobody waits: tell the keeper about events, and after `until`.
  void keep(StreamKeeper* keeper, Instant until);
  void unkeep();

  // True when it is proven that nothing is there to be read and nothing is wrong. Costs a look into
  // the socket only where the last read does not tell.
  bool quiet();
  // True when reading may yield something at once (in the second pass of a turn: something came).
  bool stirring() const { return read_side_.ready || fd_ < 0; }

 private:
  // One direction: whether trying makes sense, who waits, and until when.
  struct Side final : Deadline {
    explicit Side(Stream& s) : stream(s) {}
    void due() override;
    Stream& stream;
    std::coroutine_handle<> waiter;
    Failure outcome = Failure::None;  // what the waiter is told
    Failure timeout = Failure::None;
    Failure stopped = Failure::None;
    bool ready = false;
    bool resting = false;  // the waiter may not read yet, whatever arrives
  };

 public:
  // co_await stream.readable(deadline, row): Failure::None when trying makes sense, `row` when the
  // deadline passed first, or the reason for which the stream was closed or stopped meanwhile.
  class Wait {
   public:
    Wait(Side& side, Instant until, Failure timeout, bool rests = false)
        : side_(side), until_(until), timeout_(timeout), rests_(rests) {}
    bool await_ready() const noexcept;
    void await_suspend(std::coroutine_handle<> waiter);
    Failure await_resume() noexcept;

   private:
    Side& side_;
    Instant until_;
    Failure timeout_;
    bool rests_;
  };
  Wait readable(Instant until, Failure timeout);
  Wait writable(Instant until, Failure timeout) { return {write_side_, until, timeout}; }

 private:
  void note(std::uint32_t events) override;
  void act() override;
  void wake_soon(Side& side, Failure outcome);
  IoResult foregone(const Side& side) const;
  std::size_t allowed(std::size_t most);
  void spend(std::size_t bytes);
  IoResult failed(Side& side);
  IoResult moved(Side& side, const tls::Moved& moved);

  Loop& loop_;
  int fd_ = -1;
  bool ended_ = false;   // the far end sent FIN: reading must go on until it is met
  bool broken_ = false;  // an error or a full close was reported
  // Of TLS: what a direction waits for may be the other's readiness.
  bool read_wants_write_ = false;
  bool write_wants_read_ = false;
  bool shake_wants_write_ = false;
  bool ending_ = false;  // close_notify could not be written yet
  Failure closed_why_ = Failure::Internal;
  Failure tied_why_ = Failure::None;
  Stream* tied_ = nullptr;
  StreamKeeper* keeper_ = nullptr;
  Throttle* throttle_ = nullptr;
  std::unique_ptr<tls::Engine> tls_;  // null: plain
  Side read_side_;
  Side write_side_;
};

}  // namespace weir
