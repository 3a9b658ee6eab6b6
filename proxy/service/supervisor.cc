// SPDX-License-Identifier: Apache-2.0
//
// See supervisor.h. Signals arrive through a descriptor, so that everything happens in one place,
// between two polls; what the worker has said is read before its end is looked at.
#include "proxy/service/supervisor.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <limits>

#include "proxy/base/clock.h"
#include "proxy/base/diag.h"
#include "proxy/net/pid_file.h"
#include "proxy/net/privileges.h"

namespace weir {
namespace {

constexpr std::size_t kMessageMost = 4096;
constexpr std::size_t kKeptMost = 2048;
constexpr std::size_t kNameMost = 255;  // as systemd has it
constexpr int kFirstHandedDown = 3;
constexpr Micros kAbortPatience = 5 * kSecond;  // to write a core; then it is killed
constexpr Micros kNever = std::numeric_limits<Micros>::max();
constexpr Micros kOverslept = kSecond;
constexpr const char* kProgram = "/proc/self/exe";  // ours, also when it was replaced meanwhile

sigset_t our_signals() {
  sigset_t set{};
  sigemptyset(&set);
  for (const int number : {SIGTERM, SIGINT, SIGHUP, SIGUSR1, SIGCHLD}) {
    sigaddset(&set, number);
  }
  return set;
}

std::string seconds_text(Micros length) {
  const Micros tenths = length / (kSecond / 10);
  return std::to_string(tenths / 10) + "." + std::to_string(tenths % 10) + " s";
}

// The descriptors of one message; at most as many as were made room for.
std::vector<int> descriptors_of(msghdr& message) {
  std::vector<int> out;
  for (cmsghdr* part = CMSG_FIRSTHDR(&message); part != nullptr;
       part = CMSG_NXTHDR(&message, part)) {
    if (part->cmsg_level == SOL_SOCKET && part->cmsg_type == SCM_RIGHTS) {
      out.resize((part->cmsg_len - CMSG_LEN(0)) / sizeof(int));
      std::memcpy(out.data(), CMSG_DATA(part), out.size() * sizeof(int));
    }
  }
  return out;
}

// As the kernel says who sent it.
bool is_from_one_like_us(msghdr& message) {
  for (cmsghdr* part = CMSG_FIRSTHDR(&message); part != nullptr;
       part = CMSG_NXTHDR(&message, part)) {
    if (part->cmsg_level == SOL_SOCKET && part->cmsg_type == SCM_CREDENTIALS) {
      ucred sender{};
      std::memcpy(&sender, CMSG_DATA(part), sizeof sender);
      return sender.uid == ::getuid() && sender.gid == ::getgid();
    }
  }
  return false;
}

// The value of a line NAME=VALUE.
std::optional<std::string_view> value_of(std::string_view text, std::string_view name) {
  while (!text.empty()) {
    const std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(line.size() + 1, text.size()));
    if (line.starts_with(name) && line.substr(name.size()).starts_with('=')) {
      return line.substr(name.size() + 1);
    }
  }
  return std::nullopt;
}

// Places them at 3 and following, whatever is there now.
void move_down(std::vector<int> descriptors) {
  const int clear = kFirstHandedDown + static_cast<int>(descriptors.size());
  for (int& fd : descriptors) {
    fd = ::fcntl(fd, F_DUPFD_CLOEXEC, clear);
  }
  for (std::size_t i = 0; i < descriptors.size(); ++i) {
    ::dup2(descriptors[i], kFirstHandedDown + static_cast<int>(i));
  }
}

Micros or_never(Micros length) {
  return length > 0 ? length : kNever;
}

void set_variable(const char* name, const std::string& value) {
  ::setenv(name, value.c_str(), 1);
}

}  // namespace

Supervisor::Supervisor(std::vector<std::string> arguments, Files files, Micros stalled_limit)
    : arguments_(std::move(arguments)),
      files_(std::move(files)),
      limit_(stalled_limit),
      above_(Notifier::from_environment()) {}

Supervisor::~Supervisor() {
  for (const int fd : {signals_, line_}) {
    if (fd >= 0) {
      ::close(fd);
    }
  }
}

void end_with(pid_t supervisor) {
  ::prctl(PR_SET_PDEATHSIG, SIGTERM);
  if (::getppid() != supervisor) {  // it has ended already
    ::kill(::getpid(), SIGTERM);    // whichever thread waits for it
  }
}

int Supervisor::run() {
  raise_descriptor_limit();  // each socket that is kept is one here, too
  auto handed = read_handed_over();
  if (!handed) {
    complain(handed.error());
    return EX_USAGE;
  }
  kept_ = std::move(*handed);
  const sigset_t set = our_signals();
  ::sigprocmask(SIG_BLOCK, &set, nullptr);
  std::signal(SIGPIPE, SIG_IGN);
  signals_ = ::signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
  if (signals_ < 0) {
    complain(std::string("cannot wait for signals: ") + std::strerror(errno));
    return EX_OSERR;
  }
  const int code = watch();
  if (!files_.pid_file.empty()) {
    PidFile::remove(files_.pid_file, ::getpid());
  }
  return code;
}

int Supervisor::watch() {
  start_worker(steady_now());
  while (!exit_code_) {
    std::array<pollfd, 2> waits{{{signals_, POLLIN, 0}, {line_, POLLIN, 0}}};
    looked_ = steady_now();
    const int wait = wait_ms(looked_);
    ::poll(waits.data(), waits.size(), wait);
    const Instant then = steady_now();
    if (wait >= 0 && then - looked_ > wait * kMillisecond + kOverslept) {
      heard_ = then;  // we stood still, and perhaps the worker with us
    }
    read_line(then);
    read_signals();
    reap(then);
    look_after(then);
  }
  return *exit_code_;
}

void Supervisor::start_worker(Instant at) {
  start_at_.reset();
  std::array<int, 2> ends{};
  forget_ended_sockets();
  if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends.data()) != 0) {
    complain(std::string("cannot start a worker process: ") + std::strerror(errno));
    exit_code_ = EX_OSERR;
    return;
  }
  const int on = 1;
  ::setsockopt(ends[0], SOL_SOCKET, SO_PASSCRED, &on, sizeof on);
  const pid_t pid = ::fork();
  if (pid == 0) {
    become_worker(ends[1]);
  }
  ::close(ends[1]);
  if (line_ >= 0) {
    ::close(line_);
  }
  line_ = ends[0];
  ::fcntl(line_, F_SETFL, O_NONBLOCK);
  started_ = at;
  ready_ = false;
  kill_at_.reset();
  for_later_.clear();
  worker_ = pid;
  if (pid < 0) {  // perhaps there is memory later
    worker_ = 0;
    ever_ready_ ? mourn({EX_OSERR, 0, false}, at) : void(exit_code_ = EX_OSERR);
  }
}

// In the new process, up to its own beginning.
void Supervisor::become_worker(int line) {
  std::string names;
  std::vector<int> descriptors;
  for (const HandedOver& one : kept_) {
    names += (names.empty() ? "" : ":") + one.name;
    descriptors.push_back(one.fd);
  }
  descriptors.push_back(line);
  move_down(descriptors);
  if (!kept_.empty()) {
    set_variable("LISTEN_PID", std::to_string(::getpid()));
    set_variable("LISTEN_FDS", std::to_string(kept_.size()));
    set_variable("LISTEN_FDNAMES", names);
  }
  set_variable(kSupervisorFd, std::to_string(kFirstHandedDown + static_cast<int>(kept_.size())));
  set_variable(kSupervisorPid, std::to_string(::getppid()));
  set_variable(kRestarts, std::to_string(restarts_.count()));
  set_variable(kLastEnd, last_end_);
  const Micros watchdog = std::min(or_never(limit_), or_never(above_.watchdog()));
  if (watchdog != kNever) {
    set_variable("WATCHDOG_USEC", std::to_string(watchdog));
  }
  std::vector<char*> words;
  for (std::string& word : arguments_) {
    words.push_back(word.data());
  }
  words.push_back(nullptr);
  sigset_t children{};  // those for the worker are held until it listens to them
  sigemptyset(&children);
  sigaddset(&children, SIGCHLD);
  ::sigprocmask(SIG_UNBLOCK, &children, nullptr);
  ::execv(kProgram, words.data());
  ::execvp(words.front(), words.data());  // without /proc
  ::_exit(EX_OSERR);
}

int Supervisor::wait_ms(Instant at) const {
  std::optional<Instant> until = start_at_ ? start_at_ : kill_at_;
  if (worker_ != 0 && ready_ && limit_ > 0 && !kill_at_) {
    until = heard_ + limit_;
  }
  if (worker_ == 0 && above_.watchdog() > 0) {
    const Instant ping = pinged_ + above_.watchdog() / 3;
    until = until ? std::min(*until, ping) : ping;
  }
  if (!until) {
    return -1;
  }
  return static_cast<int>(std::max(*until - at, Micros{0}) / kMillisecond) + 1;
}

void Supervisor::read_line(Instant at) {
  while (line_ >= 0 && read_message(at)) {
  }
}

bool Supervisor::read_message(Instant at) {
  std::array<char, kMessageMost> text{};
  constexpr std::size_t kRoom = CMSG_SPACE(kMostDescriptors * sizeof(int));
  alignas(cmsghdr) std::array<char, kRoom + CMSG_SPACE(sizeof(ucred))> room{};
  iovec into{text.data(), text.size()};
  msghdr message{};
  message.msg_iov = &into;
  message.msg_iovlen = 1;
  message.msg_control = room.data();
  message.msg_controllen = room.size();
  const ssize_t n = ::recvmsg(line_, &message, MSG_CMSG_CLOEXEC);
  if (n < 0 && errno == EINTR) {
    return true;
  }
  if (n <= 0) {
    const bool ended = n == 0 || errno != EAGAIN;
    if (ended) {  // poll would tell of it for ever
      ::close(line_);
      line_ = -1;
    }
    return false;
  }
  const std::string_view said(text.data(), static_cast<std::size_t>(n));
  const std::vector<int> descriptors = descriptors_of(message);
  // With less rights than we have, it gets no more room in the next one's environment than it
  // needs.
  const std::string_view name = value_of(said, "FDNAME").value_or("stored");
  store(std::string(name.substr(0, kNameMost)), descriptors);
  if (const auto log = value_of(said, kLog)) {
    follow_log(*log, is_from_one_like_us(message));
  }
  hear(said, at);
  return true;
}

void Supervisor::store(const std::string& name, const std::vector<int>& descriptors) {
  forget_ended_sockets();  // a reload may have ended some
  for (const int fd : descriptors) {
    if (kept_.size() < kKeptMost && name.find(':') == std::string::npos) {
      kept_.push_back({name, fd});
    } else {
      ::close(fd);
    }
  }
}

void Supervisor::hear(std::string_view text, Instant at) {
  if (value_of(text, "WATCHDOG") == "1") {
    heard_ = at;
  }
  if (value_of(text, "READY") == "1" && !ready_) {
    ready_ = ever_ready_ = true;
    heard_ = at;
    for (const int number : std::exchange(for_later_, {})) {
      signal_worker(number);
    }
  }
  if (value_of(text, "READY") == "1") {
    forget_ended_sockets();
  }
  pass_on(text);
}

// A reload may have moved it. One with less rights does not choose the file that we write to.
void Supervisor::follow_log(std::string_view path, bool like_us) {
  files_.log = like_us || path == "stdout" ? path : "stderr";
}

// What a manager above is told; the main process of the service is this one.
void Supervisor::pass_on(std::string_view text) {
  std::string lines;
  for (const std::string_view name :
       {"READY", "RELOADING", "STOPPING", "MONOTONIC_USEC", "STATUS", "WATCHDOG"}) {
    if (const auto value = value_of(text, name)) {
      lines.append(name).append("=").append(*value).append("\n");
    }
  }
  if (lines.starts_with("READY")) {
    lines.append("MAINPID=").append(std::to_string(::getpid())).append("\n");
  }
  if (!lines.empty()) {
    above_.tell(lines);
  }
}

void Supervisor::read_signals() {
  signalfd_siginfo heard{};
  while (::read(signals_, &heard, sizeof heard) == static_cast<ssize_t>(sizeof heard)) {
    if (heard.ssi_signo != SIGCHLD) {
      take({static_cast<int>(heard.ssi_signo), heard.ssi_code == SI_KERNEL});
    }
  }
}

void Supervisor::take(const Signal& signal) {
  const bool stop = signal.number == SIGTERM || signal.number == SIGINT;
  stopping_ = stopping_ || stop;
  if (worker_ == 0) {
    if (stop) {
      exit_code_ = EX_OK;
    }
  } else if (!stop && !ready_) {
    for_later_.push_back(signal.number);  // before it listens to signals, this one would kill it
  } else if (!signal.from_terminal) {
    signal_worker(signal.number);
  }
}

void Supervisor::reap(Instant at) {
  int status = 0;
  for (pid_t pid = ::waitpid(-1, &status, WNOHANG); pid > 0;
       pid = ::waitpid(-1, &status, WNOHANG)) {
    if (pid != worker_) {
      continue;  // as the first process of a container we inherit those of others
    }
    worker_ = 0;
    read_line(at);  // the last it said
    ProcessEnd end;
    end.exit_code = WIFEXITED(status) ? WEXITSTATUS(status) : 0;
    end.signal = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
    end.core = WIFSIGNALED(status) && WCOREDUMP(status);
    mourn(end, at);
  }
}

void Supervisor::mourn(const ProcessEnd& end, Instant at) {
  kill_at_.reset();
  const Micros lived = at - started_;
  const Restarts::Next next = restarts_.after(end, {lived, ever_ready_, stopping_});
  last_end_ = end_words(end) + " after " + seconds_text(lived);
  if (!next.again) {
    exit_code_ = next.exit_code;
    if (end.signal != 0 || end.exit_code != EX_OK) {
      complain("the worker process " + last_end_ + (stopping_ ? "" : "; that is final"));
    }
    return;
  }
  const std::string when =
      next.wait == 0 ? "started again at once" : "started again in " + seconds_text(next.wait);
  complain("the worker process " + last_end_ + "; it is " + when + " (restart " +
           std::to_string(restarts_.count()) + ")");
  above_.tell("STATUS=the worker process " + last_end_ + "; it is " + when + "\n");
  start_at_ = at + next.wait;
}

// What time brings.
void Supervisor::look_after(Instant at) {
  if (exit_code_) {
    return;
  }
  if (start_at_ && at >= *start_at_) {
    start_worker(at);
  } else if (kill_at_ && at >= *kill_at_) {
    kill_at_ = at + kAbortPatience;
    signal_worker(SIGKILL);
  } else if (worker_ != 0 && ready_ && !kill_at_ && limit_ > 0 && at - heard_ >= limit_) {
    complain("the worker process has given no sign of life for " + seconds_text(at - heard_) +
             "; it is made to end");
    signal_worker(SIGABRT);
    kill_at_ = at + kAbortPatience;
  }
  if (worker_ == 0 && above_.watchdog() > 0 && at - pinged_ >= above_.watchdog() / 3) {
    pinged_ = at;
    above_.tell("WATCHDOG=1\n");
  }
}

// What the worker has let go of hangs up.
void Supervisor::forget_ended_sockets() {
  std::erase_if(kept_, [](const HandedOver& one) {
    const bool ended = !still_listens(one.fd);
    if (ended) {
      ::close(one.fd);
    }
    return ended;
  });
}

// The file is looked for each time: the worker is the one who makes a new one when logs are moved.
void Supervisor::complain(const std::string& text) const {
  const std::string& log = files_.log;
  const bool file = log != "stderr" && log != "stdout";
  const bool there = !file || ::access(log.c_str(), W_OK) == 0;
  if (!diag_open(there ? log : "stderr", Level::Info)) {
    static_cast<void>(diag_open("stderr", Level::Info));
  }
  diag(Level::Error, text);
}

int Supervisor::signal_worker(int number) const {
  return worker_ > 0 ? ::kill(worker_, number) : 0;
}

}  // namespace weir
