// SPDX-License-Identifier: Apache-2.0
//
// One end of a TLS connection over a non-blocking socket: tries to shake hands, read, write and
// end, and says what it would have to wait for. Bytes that were read from the socket before TLS
// began (the greeting that was judged) are taken in first. Knows no loop and no protocol above it.
//
// A read gives End only when the far end has said that it is done (close_notify, RFC 8446 6.1); a
// connection that just stops is Broken, so that a cut answer cannot pass for a whole one.
//
// About 10 KiB a connection while it idles, some 34 KiB more while records are under way. Owned by
// a stream, used on its thread.
#pragma once

#include <sys/uio.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

struct ssl_st;
struct bio_st;

namespace weir::tls {

class Contexts;
class Leaf;

enum class Move : std::uint8_t { Done, WantsRead, WantsWrite, End, Broken };

struct Moved {
  Move what = Move::Broken;
  std::size_t bytes = 0;  // of a read or write that is Done; never zero
};

// Why a handshake failed.
enum class Trouble : std::uint8_t {
  None,
  Protocol,   // the two ends do not agree, or one does not speak TLS
  Gone,       // the far end went away meanwhile
  Rejected,   // the far end does not accept our certificate
  Untrusted,  // the certificate is of nobody that is trusted, or not valid
  Expired,    // it was valid before, or will be
  WrongName,  // it is somebody else's
};

class Engine final {
 public:
  // Towards a client that has sent `early` already. Null when there is no memory.
  static std::unique_ptr<Engine> to_client(const Contexts& contexts, const Leaf& leaf,
                                           std::string_view early);
  // Towards the server `host`, a name or an address, for which its certificate must be.
  static std::unique_ptr<Engine> to_origin(const Contexts& contexts, std::string_view host);
  ~Engine();
  Engine(const Engine&) = delete;
  Engine& operator=(const Engine&) = delete;

  void use(int fd) { raw_.fd = fd; }

  Moved shake();
  bool shaken() const;
  Trouble trouble() const { return trouble_; }

  Moved read(char* to, std::size_t most);
  Moved write(std::span<const iovec> parts);
  // Says that no byte of ours follows. Done also where nothing can be said any more.
  Moved end();

  // Nothing can be read before more comes: proven by what the last look into the socket found.
  bool drained() const;
  // Like quiet() of a stream: true when no byte is there to be read and nothing has gone wrong.
  // What TLS says to itself is read over.
  bool quiet();

 private:
  struct Raw {
    int fd = -1;
    std::string early;
    std::size_t early_used = 0;
    bool short_read = false;
    bool ended = false;
    // What may be read before a call has to come to an end: TLS talks to itself between what it
    // carries, and reads on by itself while it does.
    std::size_t budget = 0;
    bool shaken = false;
    unsigned asides = 0;  // what TLS has said to itself after the handshake
  };
  friend int raw_read(bio_st* bio, char* to, int most);
  friend int raw_write(bio_st* bio, const char* from, int size);
  friend long raw_control(bio_st* bio, int what, long, void*);
  friend void hear_message(int written, int, int type, const void*, std::size_t, ssl_st*,
                           void* raw);

  explicit Engine(ssl_st* ssl);
  static std::unique_ptr<Engine> wrap(ssl_st* ssl);
  Moved stopped(int result);
  void note_trouble();

  ssl_st* ssl_;
  Raw raw_;
  Trouble trouble_ = Trouble::None;
  bool starved_ = false;  // the last try wanted more from the socket
  bool over_ = false;     // behind what was read last came an end, yet to be told
};

}  // namespace weir::tls
