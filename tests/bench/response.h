// SPDX-License-Identifier: Apache-2.0
//
// How the load generator reads an answer: status, the three framings, the length of the body and
// how it begins. It believes nothing it was not told to expect: anything malformed ends the
// program, as a figure made of wrong answers is worse than none. Interim (1xx) answers are not
// expected here.
#pragma once

#include <strings.h>

#include <algorithm>
#include <cstdarg>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>

namespace bench {

[[noreturn]] __attribute__((format(printf, 1, 2))) inline void die(const char* format, ...) {
  va_list args;
  va_start(args, format);
  std::fputs("bench_load: ", stderr);
  std::vfprintf(stderr, format, args);
  std::fputc('\n', stderr);
  va_end(args);
  std::exit(1);
}

inline bool same_word(std::string_view a, std::string_view b) {
  return a.size() == b.size() && strncasecmp(a.data(), b.data(), a.size()) == 0;
}

// Reads one response, however it is cut. It knows the three framings, and nothing of interim
// answers.
class Response {
 public:
  void restart(bool no_body) {
    *this = Response();
    no_body_ = no_body;
  }
  // Takes bytes in; dies on anything malformed.
  void feed(std::string_view data);
  // How many body bytes may be thrown away unread.
  std::uint64_t skippable() const {
    return part_ == Part::Counted && first_.size() == kFirst ? left_ : 0;
  }
  void skipped(std::uint64_t n) { count(n); }
  // The connection ended. True if that is how the body ends.
  bool end() {
    if (part_ == Part::UntilClose) part_ = Part::Done;
    return done();
  }
  bool done() const { return part_ == Part::Done; }
  bool closes() const { return closes_; }
  int status() const { return status_; }
  std::uint64_t body() const { return body_; }
  std::string_view first() const { return first_; }

 private:
  enum class Part : std::uint8_t {
    Head,
    Counted,
    UntilClose,
    ChunkSize,
    ChunkData,
    ChunkEnd,
    Trailer,
    Done
  };
  static constexpr std::size_t kFirst = 24;

  void read_head(std::string_view& data);
  void read_field(std::string_view line, bool& chunked, bool& counted);
  void read_line(std::string_view& data);
  void count(std::uint64_t n) {
    body_ += n;
    if (part_ == Part::UntilClose) return;
    left_ -= n;
    if (left_ == 0) part_ = part_ == Part::Counted ? Part::Done : Part::ChunkEnd;
  }

  Part part_ = Part::Head;
  bool no_body_ = false;
  bool closes_ = false;
  int status_ = 0;
  std::uint64_t left_ = 0;
  std::uint64_t body_ = 0;
  std::string line_;   // a head or a chunk line that has not ended yet
  std::string first_;  // of the body
};

inline void Response::feed(std::string_view data) {
  while (!data.empty()) {
    switch (part_) {
      case Part::Head:
        read_head(data);
        break;
      case Part::Counted:
      case Part::UntilClose:
      case Part::ChunkData: {
        std::uint64_t n = data.size();
        if (part_ != Part::UntilClose) n = std::min(n, left_);
        if (first_.size() < kFirst) {
          first_.append(data.substr(0, std::min<std::uint64_t>(n, kFirst - first_.size())));
        }
        data.remove_prefix(n);
        count(n);
        break;
      }
      case Part::ChunkSize:
      case Part::ChunkEnd:
      case Part::Trailer:
        read_line(data);
        break;
      case Part::Done:
        die("bytes after the end of a response: %.40s", std::string(data).c_str());
    }
  }
}

inline void Response::read_head(std::string_view& data) {
  std::string_view head = data;
  std::size_t before = 0;
  if (!line_.empty()) {
    before = line_.size();
    line_.append(data);
    head = line_;
  }
  const std::size_t end = head.find("\r\n\r\n");
  if (end == std::string_view::npos) {
    if (before == 0) line_.assign(data);
    if (line_.size() > 64 * 1024) die("an endless response head");
    data = {};
    return;
  }
  data.remove_prefix(end + 4 - before);
  if (head.size() < 12 || head.substr(0, 7) != "HTTP/1.") {
    die("not a response: %.60s", std::string(head).c_str());
  }
  status_ = std::atoi(std::string(head.substr(9, 3)).c_str());
  closes_ = head[7] == '0';
  bool chunked = false;
  bool counted = false;
  for (std::size_t at = head.find("\r\n"); at < end; at = head.find("\r\n", at + 2)) {
    read_field(head.substr(at + 2, head.find("\r\n", at + 2) - at - 2), chunked, counted);
  }
  if (status_ != 200) {
    die("status %d instead of 200:\n%.400s", status_, std::string(head.substr(0, end)).c_str());
  }
  part_ = chunked ? Part::ChunkSize : counted ? Part::Counted : Part::UntilClose;
  if (no_body_ || (part_ == Part::Counted && left_ == 0)) part_ = Part::Done;
  line_.clear();
}

inline void Response::read_field(std::string_view line, bool& chunked, bool& counted) {
  const std::size_t colon = line.find(':');
  if (colon == std::string_view::npos) die("a field without a colon");
  const std::string_view name = line.substr(0, colon);
  std::string_view value = line.substr(colon + 1);
  while (!value.empty() && value.front() == ' ') value.remove_prefix(1);
  if (same_word(name, "content-length")) {
    counted = true;
    left_ = std::strtoull(std::string(value).c_str(), nullptr, 10);
  } else if (same_word(name, "transfer-encoding")) {
    chunked = true;
  } else if (same_word(name, "connection")) {
    if (same_word(value, "close")) closes_ = true;
    if (same_word(value, "keep-alive")) closes_ = false;
  }
}

inline void Response::read_line(std::string_view& data) {
  const std::size_t end = data.find('\n');
  line_.append(data.substr(0, end));
  data.remove_prefix(end == std::string_view::npos ? data.size() : end + 1);
  if (end == std::string_view::npos) return;
  if (!line_.empty() && line_.back() == '\r') line_.pop_back();
  if (part_ == Part::ChunkSize) {
    char* rest = nullptr;
    left_ = std::strtoull(line_.c_str(), &rest, 16);
    if (rest == line_.c_str()) die("not a chunk size: %.20s", line_.c_str());
    part_ = left_ == 0 ? Part::Trailer : Part::ChunkData;
  } else if (part_ == Part::ChunkEnd) {
    if (!line_.empty()) die("a chunk longer than it said");
    part_ = Part::ChunkSize;
  } else if (line_.empty()) {
    part_ = Part::Done;
  }
  line_.clear();
}

}  // namespace bench
