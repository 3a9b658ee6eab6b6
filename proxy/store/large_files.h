// SPDX-License-Identifier: Apache-2.0
//
// The files of large objects: which there are, how large they are, and how many stored entries lie
// in each. A file that none lies in and nobody holds is removed. The disk thread's.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <set>

#include "proxy/store/directory.h"
#include "proxy/store/extent.h"

namespace weir::store {

class LargeFiles {
 public:
  LargeFiles(const Directory& directory, const void* owner);

  // One that was found at the start.
  void adopt(const FoundFile& found);
  // A new, empty one. Null: errno says why.
  std::shared_ptr<const StoreFile> create();
  // Null: it is gone, cannot be opened or has another size.
  std::shared_ptr<const StoreFile> open(std::uint32_t number, std::uint64_t size);
  bool has(std::uint32_t number) const { return files_.contains(number); }

  void grown(std::uint32_t number, std::uint64_t bytes);
  // An entry lies in it, or does no longer. 0 is nobody's number.
  void add_entry(std::uint32_t number);
  void drop_entry(std::uint32_t number);
  void remove(std::uint32_t number);
  // Removes what nobody needs.
  void sweep();

  std::uint64_t bytes() const { return bytes_; }

 private:
  struct File {
    std::uint64_t size = 0;
    std::uint64_t entries = 0;
    std::weak_ptr<const StoreFile> held;
  };

  const Directory& directory_;
  const void* owner_;
  std::map<std::uint32_t, File> files_;
  std::set<std::uint32_t> idle_;  // those that perhaps nobody needs
  std::uint64_t bytes_ = 0;
  std::uint32_t last_ = 0;
};

}  // namespace weir::store
