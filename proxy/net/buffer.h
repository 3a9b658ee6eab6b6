// SPDX-License-Identifier: Apache-2.0
//
// Read buffers and the pool they come from. A buffer is held only while there are bytes to keep: an
// idle connection has none. Two sizes: one that holds any usual head, one for bulk.
//
// Owned by the worker; used on its thread.
#pragma once

#include <cstddef>
#include <cstring>
#include <memory>
#include <string_view>
#include <utility>
#include <vector>

namespace weir {

// Bytes received and not yet used: [begin, end) of a block. Bytes before `begin` stay where they
// are, because a parsed head views them.
class Buffer {
 public:
  Buffer() = default;
  explicit Buffer(std::size_t capacity)
      : data_(std::make_unique_for_overwrite<char[]>(capacity)), capacity_(capacity) {}

  Buffer(Buffer&& other) noexcept
      : data_(std::move(other.data_)),
        capacity_(std::exchange(other.capacity_, 0)),
        begin_(std::exchange(other.begin_, 0)),
        end_(std::exchange(other.end_, 0)) {}
  Buffer& operator=(Buffer&& other) noexcept {
    data_ = std::move(other.data_);
    capacity_ = std::exchange(other.capacity_, 0);
    begin_ = std::exchange(other.begin_, 0);
    end_ = std::exchange(other.end_, 0);
    return *this;
  }

  bool valid() const { return data_ != nullptr; }
  std::size_t capacity() const { return capacity_; }
  std::string_view unread() const { return {data_.get() + begin_, end_ - begin_}; }
  bool empty() const { return begin_ == end_; }
  std::size_t used() const { return begin_; }  // bytes in front of the unread ones
  char* data() { return data_.get(); }
  char* space() { return data_.get() + end_; }
  std::size_t room() const { return capacity_ - end_; }
  void added(std::size_t n) { end_ += n; }
  void use(std::size_t n) { begin_ += n; }
  void clear() { begin_ = end_ = 0; }

  // Copies the unread bytes to the front of `to`, which must have room for them.
  void move_unread_to(Buffer& to) {
    to.clear();
    if (!empty()) {
      std::memcpy(to.data_.get(), data_.get() + begin_, end_ - begin_);
      to.end_ = end_ - begin_;
    }
    begin_ = end_;
  }

 private:
  std::unique_ptr<char[]> data_;
  std::size_t capacity_ = 0;
  std::size_t begin_ = 0;
  std::size_t end_ = 0;
};

class BufferPool {
 public:
  static constexpr std::size_t kSmall = 16 * 1024;
  static constexpr std::size_t kLarge = 128 * 1024;

  Buffer take_small() { return take(small_, kSmall); }
  Buffer take_large() { return take(large_, kLarge); }
  // Takes any buffer back; odd sizes go to the heap.
  void give(Buffer buffer) {
    if (buffer.capacity() == kSmall && small_.size() < kKeptSmall) {
      buffer.clear();
      small_.push_back(std::move(buffer));
    } else if (buffer.capacity() == kLarge && large_.size() < kKeptLarge) {
      buffer.clear();
      large_.push_back(std::move(buffer));
    }
  }

  // Bytes kept for the next use.
  std::size_t kept() const { return small_.size() * kSmall + large_.size() * kLarge; }

 private:
  static constexpr std::size_t kKeptSmall = 256;
  static constexpr std::size_t kKeptLarge = 16;
  static Buffer take(std::vector<Buffer>& kept, std::size_t size) {
    if (kept.empty()) {
      return Buffer(size);
    }
    Buffer out = std::move(kept.back());
    kept.pop_back();
    return out;
  }
  std::vector<Buffer> small_;
  std::vector<Buffer> large_;
};

}  // namespace weir
