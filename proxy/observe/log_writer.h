// SPDX-License-Identifier: Apache-2.0
//
// The thread that takes finished log lines from the workers' rings and writes them to the access
// log in large pieces. It decides when to write, when to try again, when to rotate; it knows no
// record and no format. Trouble with the file never reaches a worker: lines wait in the rings, and
// what no longer fits is dropped and counted there.
//
// Owned by main. The thread runs from start() to stop(); rings are added before.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include <tl/expected.hpp>

#include "proxy/observe/log_file.h"
#include "proxy/observe/log_ring.h"
#include "proxy/observe/metrics.h"

namespace weir {

class LogWriter {
 public:
  struct Options {
    std::string path = "-";  // "-": standard output; "off": no log
    std::uint64_t rotate_bytes = 0;
    std::uint32_t rotate_keep = 5;
    int gather_ms = 20;           // how long lines collect after the first one woke the thread
    int retry_ms = 1000;          // between attempts while the file gives trouble
    int stop_patience_ms = 5000;  // how long stop() waits for a pipe that nobody empties
  };
  struct Counters {
    std::uint64_t written = 0;  // lines
    std::uint64_t bytes = 0;
    std::uint64_t dropped =
        0;  // lines that found their ring full, or could not be written at the end
    std::uint64_t errors = 0;  // failed attempts to open, write or rotate
  };

  explicit LogWriter(Options options);
  ~LogWriter() { stop(); }
  LogWriter(const LogWriter&) = delete;
  LogWriter& operator=(const LogWriter&) = delete;

  // A ring for one more producer. Before start(). The writer owns it. What is pushed while the log
  // is off is thrown away.
  LogRing* add_ring(std::size_t capacity);

  // Opens the file, unless the log is off, and starts the thread. The error is a sentence for the
  // operator.
  tl::expected<void, std::string> start();
  // Opens the path again, after the file was renamed. Any thread; safe in a signal handler.
  void reopen();
  // Another file, or other sizes of it, for what is pushed from now on. Any thread. That the file
  // can be opened is best tried before, by can_open().
  void change(const Options& options);
  // Empty, or why lines cannot be written there: a sentence.
  static std::string can_open(const std::string& path);
  // Returns after everything pushed before the call was written, or failed to be. Any other thread.
  void flush();
  // Writes everything pushed before the call and ends the thread. What cannot be written is
  // counted.
  void stop();

  Counters counters() const;
  // The log's own rows; to be summed with those of the workers.
  const Metrics& metrics() const { return metrics_; }

 private:
  enum class Outcome { Empty, Blocked, Trouble };

  void run();
  void rest(Outcome outcome, bool wrote);
  void finish(Outcome outcome);
  Outcome drain();
  Outcome drain_ring(LogRing& ring);
  Outcome send(LogRing& ring, LogRing::Batch batch);
  LogRing::Batch fit_to_file(LogRing::Batch batch);
  void leave_torn_line(LogRing& ring);
  void open_file();
  void take_change();
  void set_file();
  void throw_away();
  Outcome trouble(std::string_view what, int error);
  void answer_flush(std::uint64_t ticket);
  bool called() const;
  bool nothing_queued() const;

  Options options_;  // the thread's own, once it runs
  LogBell bell_;
  std::vector<std::unique_ptr<LogRing>> rings_;
  Metrics metrics_;
  std::thread thread_;
  std::atomic<bool> stop_{false};
  std::atomic<bool> reopen_{false};
  std::atomic<bool> changed_{false};
  std::mutex change_mutex_;
  Options change_;  // guarded by change_mutex_

  std::mutex flush_mutex_;
  std::condition_variable flush_answered_;
  std::uint64_t flush_done_ = 0;  // changed by the thread, under flush_mutex_
  std::atomic<std::uint64_t> flush_wanted_{0};

  // The thread's own.
  std::optional<LogFile> file_;  // nothing: the log is off
  std::size_t current_ = 0;      // the ring being written
  bool mid_line_ = false;        // the last line written is not whole yet
  bool file_suspect_ = true;     // open again before the next attempt
  bool rotation_failed_ = false;
};

}  // namespace weir
