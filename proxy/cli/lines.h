// SPDX-License-Identifier: Apache-2.0
//
// Files read and written line by line in bounded memory, for commands that stream: "-" is standard
// input or output. Errors are sentences with the file's name.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include <tl/expected.hpp>

namespace weir::cli {

constexpr std::size_t kLineMost = std::size_t{1} << 20;

class LineReader {
 public:
  enum class Got : std::uint8_t { Line, TooLong, End, Failed };

  static tl::expected<LineReader, std::string> open(const std::string& path);
  LineReader(LineReader&& other) noexcept;
  LineReader& operator=(LineReader&&) = delete;
  ~LineReader();

  // The next line without its end (LF or CRLF), good until the next call. A line beyond kLineMost
  // is passed over: TooLong.
  Got next(std::string_view& line);
  std::uint64_t number() const { return number_; }  // of the line given last, from 1
  std::uint64_t bytes() const { return bytes_; }    // read so far
  std::uint64_t size() const { return size_; }      // of a regular file; else 0
  const std::string& error() const { return error_; }

 private:
  LineReader(int fd, std::string path);
  bool refill();

  int fd_;
  std::string path_;
  std::string error_;
  std::unique_ptr<char[]> buffer_;
  std::size_t room_;
  std::size_t begin_ = 0;
  std::size_t end_ = 0;
  bool ended_ = false;
  std::uint64_t number_ = 0;
  std::uint64_t bytes_ = 0;
  std::uint64_t size_ = 0;
};

class LineWriter {
 public:
  static tl::expected<LineWriter, std::string> open(const std::string& path);
  LineWriter(LineWriter&& other) noexcept;
  LineWriter& operator=(LineWriter&&) = delete;
  ~LineWriter();

  void put(std::string_view line);  // adds the newline
  // Writes what is left. Call it: only here an error shows.
  tl::expected<void, std::string> finish();

 private:
  LineWriter(int fd, std::string path) : fd_(fd), path_(std::move(path)) {}
  void flush();

  int fd_;
  std::string path_;
  std::string waiting_;
  int error_ = 0;  // errno of the first write that failed
};

}  // namespace weir::cli
