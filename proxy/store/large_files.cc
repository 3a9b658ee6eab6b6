// SPDX-License-Identifier: Apache-2.0
//
// See large_files.h.
#include "proxy/store/large_files.h"

#include <fcntl.h>

#include <algorithm>
#include <cerrno>
#include <limits>

#include "proxy/base/assert.h"
#include "proxy/store/file_io.h"

namespace weir::store {

LargeFiles::LargeFiles(const Directory& directory, const void* owner)
    : directory_(directory), owner_(owner) {}

void LargeFiles::adopt(const FoundFile& found) {
  files_[found.number].size = found.size;
  bytes_ += found.size;
  last_ = std::max(last_, found.number);
  idle_.insert(found.number);
}

std::shared_ptr<const StoreFile> LargeFiles::create() {
  if (last_ == std::numeric_limits<std::uint32_t>::max()) {
    errno = EOVERFLOW;
    return nullptr;
  }
  const int fd = directory_.open_file(large_name(last_ + 1), O_RDWR | O_CREAT | O_EXCL);
  if (fd < 0) {
    return nullptr;
  }
  const std::uint32_t number = ++last_;
  auto file = std::make_shared<const StoreFile>(fd, owner_, number);
  files_[number].held = file;
  idle_.insert(number);
  return file;
}

std::shared_ptr<const StoreFile> LargeFiles::open(std::uint32_t number, std::uint64_t size) {
  const auto found = files_.find(number);
  if (found == files_.end()) {
    return nullptr;
  }
  if (auto held = found->second.held.lock()) {
    return found->second.size == size ? held : nullptr;
  }
  const int fd = directory_.open_file(large_name(number), O_RDONLY);
  if (fd < 0) {
    return nullptr;
  }
  auto file = std::make_shared<const StoreFile>(fd, owner_, number);
  if (size_of_file(fd) != size) {
    return nullptr;
  }
  found->second.held = file;
  return file;
}

void LargeFiles::grown(std::uint32_t number, std::uint64_t bytes) {
  if (const auto found = files_.find(number); found != files_.end()) {
    found->second.size += bytes;
    bytes_ += bytes;
  }
}

void LargeFiles::add_entry(std::uint32_t number) {
  if (number != 0) {
    ++files_[number].entries;
    last_ = std::max(last_, number);  // also when the file is missing: never to be another's
  }
}

void LargeFiles::drop_entry(std::uint32_t number) {
  const auto found = files_.find(number);
  if (found == files_.end()) {
    return;
  }
  WEIR_ASSERT(found->second.entries != 0);
  if (--found->second.entries == 0) {
    idle_.insert(number);
  }
}

void LargeFiles::remove(std::uint32_t number) {
  if (const auto found = files_.find(number); found != files_.end()) {
    directory_.remove(large_name(number));
    bytes_ -= found->second.size;
    files_.erase(found);
  }
  idle_.erase(number);
}

void LargeFiles::sweep() {
  for (auto at = idle_.begin(); at != idle_.end();) {
    const std::uint32_t number = *at++;
    const auto found = files_.find(number);
    if (found == files_.end() || found->second.entries != 0) {
      idle_.erase(number);
    } else if (found->second.held.expired()) {
      remove(number);
    }
  }
}

}  // namespace weir::store
