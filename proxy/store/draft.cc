// SPDX-License-Identifier: Apache-2.0
//
// See draft.h.
#include "proxy/store/draft.h"

#include <algorithm>
#include <array>

namespace weir::store {
namespace {

constexpr std::array<char, 8> kZeros{};

iovec part_of(std::string_view bytes) {
  return {const_cast<char*>(bytes.data()), bytes.size()};
}

// A large object's file can be referred to as a whole, and one of them in a record.
bool may_refer(const Extent& extent, const void* owner, std::uint32_t already) {
  return extent.file()->is_large_of(owner) && extent.base() == 0 &&
         (already == 0 || already == extent.file()->large());
}

}  // namespace

bool Draft::gather(const Entry& entry, const void* owner) {
  record = RecordHead{};
  record.url = entry.url;
  record.vary = entry.vary;
  record.variant = entry.variant;
  record.head_text = entry.head_text;
  record.freshness = entry.freshness;
  record.length = entry.length;
  return std::ranges::all_of(entry.runs, [&](const Run& run) { return gather_run(run, owner); });
}

bool Draft::gather_run(const Run& run, const void* owner) {
  RecordRun out{run.first, run.body->size(), 0, {}};
  const auto& extent = run.body->extent();
  if (extent && may_refer(*extent, owner, record.large)) {
    out.at = kInLarge;
    out.sums = extent->sums();
    record.large = extent->file()->large();
    record.runs.push_back(std::move(out));
    return true;
  }
  if (bodies_ + out.size > kLongestRecord) {
    return false;
  }
  Sums sums;
  if (extent) {
    auto block = std::make_shared<Block>(static_cast<std::size_t>(out.size));
    if (!extent->read(0, block->bytes.get(), block->capacity)) {
      return false;
    }
    block->filled = block->capacity;
    gather_block(std::move(block), sums);
  }
  for (const auto& block : run.body->blocks()) {
    gather_block(block, sums);
  }
  out.sums = sums.take();
  record.runs.push_back(std::move(out));
  return true;
}

void Draft::gather_block(BlockPtr block, Sums& sums) {
  sums.add(block->text());
  bodies_ += block->filled;
  blocks_.push_back(std::move(block));
}

bool Draft::encode() {
  head_ = put_record(record);
  return !head_.empty();
}

std::vector<iovec> Draft::parts() const {
  std::vector<iovec> out;
  out.reserve(blocks_.size() + 2);
  out.push_back(part_of(head_));
  for (const auto& block : blocks_) {
    out.push_back(part_of(block->text()));
  }
  const std::uint64_t padding = record.total - record.head - bodies_;
  out.push_back(part_of({kZeros.data(), static_cast<std::size_t>(padding)}));
  return out;
}

}  // namespace weir::store
