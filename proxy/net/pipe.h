// SPDX-License-Identifier: Apache-2.0
//
// Kernel pipes for moving bytes from socket to socket without copying them through us (splice). A
// worker keeps a few empty ones; a pipe is held only while bytes are in flight.
//
// Owned by the worker; used on its thread.
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <vector>

namespace weir {

class Pipe {
 public:
  Pipe() = default;
  Pipe(Pipe&& other) noexcept;
  Pipe& operator=(Pipe&& other) noexcept;
  ~Pipe();

  bool valid() const { return read_end_ >= 0; }
  std::size_t filled() const { return filled_; }
  std::size_t capacity() const { return capacity_; }

  // splice(2) from a socket, at most `most` bytes; as recv: 0 is the end, -1 with errno otherwise.
  ssize_t fill_from(int socket, std::size_t most);
  // splice(2) to a socket of what is in the pipe; -1 with errno. Requires filled() > 0.
  ssize_t drain_to(int socket, bool more_follows);

 private:
  friend class PipePool;
  void close();
  int read_end_ = -1;
  int write_end_ = -1;
  std::size_t filled_ = 0;
  std::size_t capacity_ = 0;
};

class PipePool {
 public:
  // An empty pipe; not valid() when descriptors or pipe memory have run out: copy instead.
  Pipe take();
  // Takes an empty pipe back; one that still holds bytes is closed.
  void give(Pipe pipe);

 private:
  static constexpr std::size_t kKept = 16;
  std::vector<Pipe> kept_;
};

}  // namespace weir
