// SPDX-License-Identifier: Apache-2.0
//
// The log thread. Its life is a circle: wait until somebody has something, gather a little, write
// all rings, gather again; sleep deeply only after a round that found nothing. Lines of different
// workers never mix, because a ring is left only at the end of a line. See log_writer.h.
#include "proxy/observe/log_writer.h"

#include <csignal>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstring>

#include "proxy/base/diag.h"

namespace weir {
namespace {

constexpr Micros kComplainEvery = 60 * kSecond;

// The first `size` bytes of a batch.
LogRing::Batch front_of(LogRing::Batch batch, std::size_t size) {
  const std::size_t first = std::min(size, batch.first.size());
  return {batch.first.substr(0, first), batch.second.substr(0, size - first)};
}

// The length up to and including the last newline within the first `most` bytes; 0 when there is
// none.
std::size_t last_line_end(LogRing::Batch batch, std::uint64_t most) {
  batch = front_of(batch, static_cast<std::size_t>(std::min<std::uint64_t>(most, batch.size())));
  if (const auto at = batch.second.rfind('\n'); at != std::string_view::npos) {
    return batch.first.size() + at + 1;
  }
  const auto at = batch.first.rfind('\n');
  return at == std::string_view::npos ? 0 : at + 1;
}

std::size_t first_line_end(LogRing::Batch batch) {
  if (const auto at = batch.first.find('\n'); at != std::string_view::npos) {
    return at + 1;
  }
  const auto at = batch.second.find('\n');
  return at == std::string_view::npos ? batch.size() : batch.first.size() + at + 1;
}

std::uint64_t lines_in(LogRing::Batch batch) {
  return static_cast<std::uint64_t>(std::ranges::count(batch.first, '\n') +
                                    std::ranges::count(batch.second, '\n'));
}

char last_byte(LogRing::Batch batch) {
  return batch.second.empty() ? batch.first.back() : batch.second.back();
}

bool is_full_disk(int error) {
  return error == ENOSPC || error == EDQUOT;
}

// Signals are the main thread's; here they would only interrupt writes, and SIGPIPE would kill.
std::thread start_without_signals(auto work) {
  sigset_t all;
  sigset_t before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  std::thread thread(work);
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  return thread;
}

std::string cannot_open(const std::string& path, int error) {
  return "cannot open the access log " + path + ": " + std::strerror(error);
}

}  // namespace

LogWriter::LogWriter(Options options) : options_(std::move(options)) {
  set_file();
}

LogRing* LogWriter::add_ring(std::size_t capacity) {
  return rings_.emplace_back(std::make_unique<LogRing>(capacity, bell_)).get();
}

tl::expected<void, std::string> LogWriter::start() {
  if (thread_.joinable()) {
    return {};
  }
  if (const int error = file_ ? file_->open() : 0; error != 0) {
    return tl::unexpected(cannot_open(options_.path, error));
  }
  file_suspect_ = false;
  thread_ = start_without_signals([this] { run(); });
  return {};
}

void LogWriter::reopen() {
  reopen_.store(true);
  bell_.ring();
}

void LogWriter::change(const Options& options) {
  {
    const std::lock_guard lock(change_mutex_);
    change_ = options;
  }
  changed_.store(true);
  bell_.ring();
}

std::string LogWriter::can_open(const std::string& path) {
  if (path == "off") {
    return {};
  }
  const int error = LogFile(LogFile::Options{path}).open();
  return error == 0 ? std::string() : cannot_open(path, error);
}

// What has been pushed goes where it was meant to.
void LogWriter::take_change() {
  if (!file_ || file_->is_open()) {
    drain();
  }
  const std::lock_guard lock(change_mutex_);
  const bool same_path = options_.path == change_.path;
  if (mid_line_ && !same_path) {
    leave_torn_line(*rings_[current_]);
  }
  options_ = change_;
  if (same_path && file_) {
    file_->rotate_at(options_.rotate_bytes, options_.rotate_keep);
  } else {
    set_file();
  }
}

void LogWriter::set_file() {
  file_.reset();
  file_suspect_ = true;
  if (options_.path != "off") {
    file_.emplace(LogFile::Options{options_.path, options_.rotate_bytes, options_.rotate_keep});
  }
}

void LogWriter::flush() {
  if (!thread_.joinable()) {
    return;
  }
  const std::uint64_t ticket = flush_wanted_.fetch_add(1) + 1;
  bell_.ring();
  std::unique_lock lock(flush_mutex_);
  flush_answered_.wait(lock, [this, ticket] { return flush_done_ >= ticket; });
}

void LogWriter::stop() {
  if (thread_.joinable()) {
    stop_.store(true);
    bell_.ring();
    thread_.join();
  }
}

LogWriter::Counters LogWriter::counters() const {
  Counters out;
  out.written = metrics_.value(metric::LogWritten);
  out.bytes = metrics_.value(metric::LogBytes);
  out.errors = metrics_.value(metric::LogErrors);
  out.dropped = metrics_.value(metric::LogDropped);
  for (const auto& ring : rings_) {
    out.dropped += ring->dropped();
  }
  return out;
}

void LogWriter::run() {
  bool stopping = false;
  while (!stopping) {
    // Read before draining: what was asked for before these lines is done after them.
    stopping = stop_.load();
    const std::uint64_t ticket = flush_wanted_.load();
    if (changed_.exchange(false)) {
      take_change();
    }
    if (reopen_.exchange(false)) {
      file_suspect_ = true;
    }
    const std::uint64_t before = metrics_.value(metric::LogBytes);
    const Outcome outcome = drain();
    if (stopping) {
      finish(outcome);
    }
    answer_flush(stopping ? UINT64_MAX : ticket);
    if (!stopping) {
      rest(outcome, metrics_.value(metric::LogBytes) != before);
    }
  }
}

// Reads flush_done_ without its mutex: this thread is the only one that changes it.
bool LogWriter::called() const {
  return stop_.load() || reopen_.load() || changed_.load() || flush_wanted_.load() != flush_done_;
}

bool LogWriter::nothing_queued() const {
  return std::ranges::all_of(rings_, [](const auto& ring) { return ring->peek().empty(); });
}

void LogWriter::rest(Outcome outcome, bool wrote) {
  if (outcome != Outcome::Empty) {
    bell_.wait(options_.retry_ms, outcome == Outcome::Blocked ? file_->fd() : -1);
    return;
  }
  if (!wrote) {
    bell_.set_sleep(LogBell::kAsleep);
    if (nothing_queued()) {
      bell_.wait(-1);
    }
  }
  if (!called()) {
    bell_.set_sleep(LogBell::kGathering);
    bell_.wait(options_.gather_ms);
  }
}

// The last round: a slow reader gets some time, a broken file none.
void LogWriter::finish(Outcome outcome) {
  using Clock = std::chrono::steady_clock;
  const auto until = Clock::now() + std::chrono::milliseconds(options_.stop_patience_ms);
  while (outcome == Outcome::Blocked && Clock::now() < until) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(until - Clock::now());
    bell_.wait(static_cast<int>(std::max<std::int64_t>(left.count(), 0)), file_->fd());
    outcome = drain();
  }
  for (const auto& ring : rings_) {
    const LogRing::Batch lost = ring->peek();
    metrics_.add(metric::LogDropped, lines_in(lost));
    ring->release(lost.size());
  }
}

void LogWriter::answer_flush(std::uint64_t ticket) {
  {
    const std::lock_guard lock(flush_mutex_);
    flush_done_ = ticket;
  }
  flush_answered_.notify_all();
}

LogWriter::Outcome LogWriter::drain() {
  rotation_failed_ = false;
  if (!file_) {
    throw_away();
    return Outcome::Empty;
  }
  if (file_suspect_) {
    open_file();
  }
  for (std::size_t visited = 0; visited < rings_.size(); ++visited) {
    if (const Outcome outcome = drain_ring(*rings_[current_]); outcome != Outcome::Empty) {
      return outcome;  // and go on with the same ring, which may be in the middle of a line
    }
    current_ = (current_ + 1) % rings_.size();
  }
  return Outcome::Empty;
}

void LogWriter::throw_away() {
  for (const auto& ring : rings_) {
    ring->release(ring->peek().size());
  }
}

void LogWriter::open_file() {
  if (const int error = file_->open(); error != 0) {
    trouble("open", error);
    return;  // if an old file is still open, it takes the lines until this succeeds
  }
  file_suspect_ = false;
  if (mid_line_) {
    leave_torn_line(*rings_[current_]);
  }
}

// The rest of a line whose beginning stands in another file would be rubbish in this one.
void LogWriter::leave_torn_line(LogRing& ring) {
  ring.release(first_line_end(ring.peek()));
  metrics_.add(metric::LogDropped);
  mid_line_ = false;
}

LogWriter::Outcome LogWriter::drain_ring(LogRing& ring) {
  for (;;) {
    const LogRing::Batch batch = ring.peek();
    if (batch.empty()) {
      return Outcome::Empty;
    }
    if (!file_->is_open()) {
      return Outcome::Trouble;  // already reported by open_file()
    }
    const Outcome outcome = send(ring, fit_to_file(batch));
    if (outcome != Outcome::Empty) {
      return outcome;
    }
  }
}

// Rotates when the file is full; returns what may be written now, never nothing.
LogRing::Batch LogWriter::fit_to_file(LogRing::Batch batch) {
  const std::uint64_t allowance = rotation_failed_ ? UINT64_MAX : file_->allowance();
  if (batch.size() <= allowance) {
    return batch;
  }
  if (mid_line_) {
    return front_of(batch, first_line_end(batch));
  }
  if (const std::size_t fits = last_line_end(batch, allowance); fits != 0) {
    return front_of(batch, fits);
  }
  if (file_->is_fresh()) {
    return front_of(batch, first_line_end(batch));  // a line longer than a file may be
  }
  if (const int error = file_->rotate(); error != 0) {
    trouble("rotate", error);
    rotation_failed_ = true;  // until the next round the file grows beyond its limit
    return batch;
  }
  return fit_to_file(batch);
}

LogWriter::Outcome LogWriter::send(LogRing& ring, LogRing::Batch batch) {
  const LogFile::Written written = file_->write(batch.first, batch.second);
  if (written.error == EINTR) {
    return Outcome::Empty;
  }
  if (written.error == EAGAIN) {
    return Outcome::Blocked;
  }
  if (written.error != 0 || written.size == 0) {
    file_suspect_ = !is_full_disk(written.error);
    return trouble("write to", written.error != 0 ? written.error : EIO);
  }
  const LogRing::Batch done = front_of(batch, written.size);
  metrics_.add(metric::LogWritten, lines_in(done));
  metrics_.add(metric::LogBytes, written.size);
  mid_line_ = last_byte(done) != '\n';
  ring.release(written.size);
  return Outcome::Empty;
}

LogWriter::Outcome LogWriter::trouble(std::string_view what, int error) {
  metrics_.add(metric::LogErrors);
  std::string message = "cannot ";
  message.append(what).append(" the access log ").append(options_.path).append(": ");
  message.append(std::strerror(error));
  diag_limited("access log", kComplainEvery, Level::Error, message);
  return Outcome::Trouble;
}

}  // namespace weir
