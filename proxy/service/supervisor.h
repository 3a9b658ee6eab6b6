// SPDX-License-Identifier: Apache-2.0
//
// `weir run --supervise`: a small process that starts the worker process, which is everything else,
// and starts it again when it dies. To the worker it is what systemd is to a service: it reads the
// same messages (net/notify.h), keeps copies of its listening sockets and hands them to the next
// one (net/kept_sockets.h), so that clients wait a moment and are not refused. What it is told goes
// on to the manager above, if there is one.
//
// No threads and no loop but one poll(2): what is not here cannot crash here. It knows nothing of
// the configuration but where to log (what the worker says of that later is believed if it has our
// rights) and where the pid file is, and keeps the privileges it was started with, because the
// next worker may need them. If it dies, the worker stops.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "proxy/base/instant.h"
#include "proxy/net/listen.h"
#include "proxy/net/notify.h"
#include "proxy/service/restarts.h"

namespace weir {

class Supervisor {
 public:
  struct Files {
    std::string log;       // where the operator's log goes, as in log.path
    std::string pid_file;  // empty: none. The worker writes it; what is left of it goes with us
  };
  // `arguments`: of the worker process, the program's name first. `stalled_limit`: a worker that
  // gives no sign of life for so long is made to end; 0: never.
  Supervisor(std::vector<std::string> arguments, Files files, Micros stalled_limit);
  ~Supervisor();
  Supervisor(const Supervisor&) = delete;
  Supervisor& operator=(const Supervisor&) = delete;

  // Until the worker has ended for good. The exit code.
  int run();

 private:
  struct Signal {
    int number = 0;
    bool from_terminal = false;  // which has sent it to the worker, too
  };

  int watch();
  void start_worker(Instant now);
  [[noreturn]] void become_worker(int line);
  int wait_ms(Instant now) const;
  void read_line(Instant now);
  bool read_message(Instant now);
  void hear(std::string_view text, Instant now);
  void follow_log(std::string_view path, bool like_us);
  void pass_on(std::string_view text);
  void store(const std::string& name, const std::vector<int>& descriptors);
  void read_signals();
  void take(const Signal& signal);
  void reap(Instant now);
  void mourn(const ProcessEnd& end, Instant now);
  void look_after(Instant now);
  void forget_ended_sockets();
  void complain(const std::string& text) const;
  int signal_worker(int number) const;

  std::vector<std::string> arguments_;
  Files files_;
  Micros limit_;  // between two signs of life; 0: without end
  Notifier above_;
  std::vector<HandedOver> kept_;
  Restarts restarts_;
  std::string last_end_;
  int signals_ = -1;
  int line_ = -1;  // to the worker
  pid_t worker_ = 0;
  Instant started_;
  Instant looked_;
  Instant heard_;                   // the worker's last sign of life
  std::optional<Instant> kill_at_;  // it was told to die
  std::optional<Instant> start_at_;
  Instant pinged_;
  bool ready_ = false;
  bool ever_ready_ = false;
  bool stopping_ = false;
  std::vector<int> for_later_;  // signals that came before it was ready
  std::optional<int> exit_code_;
};

// In the worker: ends it, as SIGTERM does, when its supervisor ends. To be said again after the
// user was changed, because the kernel then forgets.
void end_with(pid_t supervisor);

}  // namespace weir
