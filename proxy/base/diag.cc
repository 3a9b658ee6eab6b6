// SPDX-License-Identifier: Apache-2.0
//
// The operator's log on spdlog, the only file that knows it. One mutex serves all: these lines are
// rare, and a lock that is rarely met costs less than a second way to be thread-safe. See diag.h.
#include "proxy/base/diag.h"

#include <fcntl.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstring>
#include <memory>
#include <mutex>

#include <spdlog/logger.h>
#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/basic_file_sink.h>
#include <spdlog/sinks/stdout_sinks.h>

#include "proxy/base/clock.h"

namespace weir {
namespace {

constexpr const char* kPattern = "%Y-%m-%dT%H:%M:%S.%eZ %l: %v";
constexpr mode_t kMode = 0640;
constexpr std::string_view kWords[] = {"debug", "info", "warning", "error"};

spdlog::level::level_enum spdlog_level(Level level) {
  switch (level) {
    case Level::Debug:
      return spdlog::level::debug;
    case Level::Info:
      return spdlog::level::info;
    case Level::Warning:
      return spdlog::level::warn;
    case Level::Error:
      return spdlog::level::err;
  }
  return spdlog::level::err;
}

// The mutex guards the sink, so the sink needs none of its own.
std::shared_ptr<spdlog::logger> make_logger(spdlog::sink_ptr sink) {
  auto logger = std::make_shared<spdlog::logger>("weir", std::move(sink));
  logger->set_formatter(
      std::make_unique<spdlog::pattern_formatter>(kPattern, spdlog::pattern_time_type::utc));
  logger->set_level(spdlog::level::debug);  // the level is judged before
  logger->flush_on(spdlog::level::debug);
  return logger;
}

struct Diag {
  std::atomic<Level> level{Level::Info};
  std::mutex mutex;
  std::shared_ptr<spdlog::logger> logger =
      make_logger(std::make_shared<spdlog::sinks::stderr_sink_st>());
  DiagLimiter limiter;
};

// Never destroyed: threads may complain while the process ends.
Diag& the_diag() {
  static Diag& diag = *new Diag;
  return diag;
}

// spdlog creates files for everybody to read; ours is created before it looks.
tl::expected<void, std::string> create_private(const std::string& path) {
  const int fd = ::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOCTTY, kMode);
  if (fd < 0) {
    return tl::unexpected("cannot open the log " + path + ": " + std::strerror(errno));
  }
  ::close(fd);
  return {};
}

tl::expected<spdlog::sink_ptr, std::string> make_sink(const std::string& path) {
  if (path == "stderr") {
    return std::make_shared<spdlog::sinks::stderr_sink_st>();
  }
  if (path == "stdout") {
    return std::make_shared<spdlog::sinks::stdout_sink_st>();
  }
  if (const auto created = create_private(path); !created) {
    return tl::unexpected(created.error());
  }
  try {
    return std::make_shared<spdlog::sinks::basic_file_sink_st>(path);
  } catch (const spdlog::spdlog_ex& why) {
    return tl::unexpected(std::string(why.what()));
  }
}

// Requires the mutex.
void write_locked(Diag& diag, Level level, std::string_view message) {
  diag.logger->log(spdlog_level(level), spdlog::string_view_t(message.data(), message.size()));
}

}  // namespace

std::optional<Level> parse_level(std::string_view word) {
  for (std::size_t i = 0; i < std::size(kWords); ++i) {
    if (kWords[i] == word) {
      return static_cast<Level>(i);
    }
  }
  return std::nullopt;
}

tl::expected<void, std::string> diag_open(const std::string& path, Level level) {
  auto sink = make_sink(path);
  if (!sink) {
    return tl::unexpected(sink.error());
  }
  auto logger = make_logger(std::move(*sink));
  Diag& diag = the_diag();
  const std::lock_guard lock(diag.mutex);
  diag.logger = std::move(logger);
  diag.level.store(level, std::memory_order_relaxed);
  return {};
}

bool diag_wants(Level level) {
  return level >= the_diag().level.load(std::memory_order_relaxed);
}

void diag(Level level, std::string_view message) {
  if (!diag_wants(level)) {
    return;
  }
  const std::string text = printable(message);
  Diag& diag = the_diag();
  const std::lock_guard lock(diag.mutex);
  write_locked(diag, level, text);
}

void diag_limited(std::string_view key, Micros interval, Level level, std::string_view message) {
  if (!diag_wants(level)) {
    return;
  }
  Diag& diag = the_diag();
  const std::lock_guard lock(diag.mutex);
  const auto left_out = diag.limiter.pass(key, interval, steady_now());
  if (!left_out) {
    return;
  }
  std::string text = printable(message);
  if (*left_out != 0) {
    text.append(" (and ").append(std::to_string(*left_out)).append(" more since the last one)");
  }
  write_locked(diag, level, text);
}

std::optional<std::uint64_t> DiagLimiter::pass(std::string_view key, Micros interval, Instant now) {
  const auto found = keys_.find(key);
  if (found == keys_.end()) {
    keys_.emplace(key, Key{now, 0});
    return 0;
  }
  Key& known = found->second;
  if (now - known.last < interval) {
    ++known.left_out;
    return std::nullopt;
  }
  known.last = now;
  return std::exchange(known.left_out, 0);
}

std::string printable(std::string_view message) {
  constexpr std::string_view kHex = "0123456789ABCDEF";
  std::string out;
  out.reserve(message.size());
  for (const char c : message) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte >= 0x20 && byte < 0x7f) {
      out.push_back(c);
    } else {
      out.append({'\\', 'x', kHex[byte >> 4], kHex[byte & 15]});
    }
  }
  return out;
}

}  // namespace weir
