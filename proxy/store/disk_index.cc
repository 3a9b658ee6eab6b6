// SPDX-License-Identifier: Apache-2.0
//
// See disk_index.h. Linear probing; what is removed is closed up, so that no marks remain. Tables
// grow by half when seven eighths are used: between 37 and 55 bytes a row.
//
// Each index orders its rows in a way of its own (the salt): rows that come in the order of another
// index, out of a journal it wrote, would all crowd at the beginning of a table that still grows.
#include "proxy/store/disk_index.h"

#include <algorithm>
#include <tuple>
#include <utility>

#include "proxy/store/url_hash.h"

namespace weir::store {
namespace {

constexpr std::size_t kFewestRows = 16;
constexpr unsigned kTableBits = 6;

bool older(const IndexRow& a, const IndexRow& b) {
  return std::tie(a.segment, a.offset) < std::tie(b.segment, b.offset);
}

}  // namespace

DiskIndex::DiskIndex() {
  const std::uint64_t salt = new_hash_key().low | 1U;
  for (Table& in : tables_) {
    in.salt = salt;
  }
}

std::size_t DiskIndex::Table::home(std::uint64_t hash) const {
  __extension__ using Wide = unsigned __int128;
  return static_cast<std::size_t>((Wide{(hash << kTableBits) * salt} * rows.size()) >> 64);
}

// Calls `use` with the place of each row of the hash, until it returns false.
template <class Use>
void DiskIndex::Table::each(std::uint64_t hash, Use use) const {
  if (rows.empty()) {
    return;
  }
  for (std::size_t at = home(hash); rows[at].segment != 0; at = next(at)) {
    if (rows[at].hash == hash && !use(at)) {
      return;
    }
  }
}

void DiskIndex::Table::insert(const IndexRow& row) {
  std::size_t at = home(row.hash);
  while (rows[at].segment != 0) {
    at = next(at);
  }
  rows[at] = row;
  ++used;
}

void DiskIndex::Table::remove(std::size_t hole) {
  --used;
  for (std::size_t at = next(hole); rows[at].segment != 0; at = next(at)) {
    // The row may move back to the hole when its home does not lie behind the hole, going round.
    const std::size_t from = home(rows[at].hash);
    const bool stays = hole < at ? hole < from && from <= at : hole < from || from <= at;
    if (!stays) {
      rows[hole] = rows[at];
      hole = at;
    }
  }
  rows[hole] = IndexRow{};
}

void DiskIndex::Table::grow() {
  std::vector<IndexRow> old;
  old.swap(rows);
  rows.resize(std::max(kFewestRows, old.size() + old.size() / 2));
  used = 0;
  for (const IndexRow& row : old) {
    if (row.segment != 0) {
      insert(row);
    }
  }
}

bool DiskIndex::any(std::uint64_t hash) const {
  const Table& in = table(hash);
  const std::lock_guard lock(in.mutex);
  bool found = false;
  in.each(hash, [&](std::size_t) {
    found = true;
    return false;
  });
  return found;
}

void DiskIndex::find(std::uint64_t hash, std::vector<IndexRow>& out) const {
  const Table& in = table(hash);
  const std::lock_guard lock(in.mutex);
  in.each(hash, [&](std::size_t at) {
    out.push_back(in.rows[at]);
    return true;
  });
}

std::optional<IndexRow> DiskIndex::put(const IndexRow& row) {
  Table& in = table(row.hash);
  const std::lock_guard lock(in.mutex);
  std::size_t variants = 0;
  std::optional<std::size_t> oldest;
  std::optional<std::size_t> same;
  in.each(row.hash, [&](std::size_t at) {
    ++variants;
    oldest = !oldest || older(in.rows[at], in.rows[*oldest]) ? at : *oldest;
    same = in.rows[at].variant == row.variant ? at : same;
    return !same;
  });
  if (!same && variants >= kVariants) {
    same = oldest;
  }
  if (same) {
    return std::exchange(in.rows[*same], row);
  }
  if (in.used * 8 >= in.rows.size() * 7) {
    in.grow();
  }
  in.insert(row);
  return std::nullopt;
}

std::optional<IndexRow> DiskIndex::take(std::uint64_t hash, std::uint32_t variant) {
  Table& in = table(hash);
  const std::lock_guard lock(in.mutex);
  std::optional<IndexRow> out;
  in.each(hash, [&](std::size_t at) {
    if (in.rows[at].variant != variant) {
      return true;
    }
    out = in.rows[at];
    in.remove(at);
    return false;
  });
  return out;
}

bool DiskIndex::take_exactly(const IndexRow& row) {
  Table& in = table(row.hash);
  const std::lock_guard lock(in.mutex);
  bool found = false;
  in.each(row.hash, [&](std::size_t at) {
    if (!in.rows[at].same_place(row)) {
      return true;
    }
    found = true;
    in.remove(at);
    return false;
  });
  return found;
}

bool DiskIndex::replace(const IndexRow& row, const IndexRow& with) {
  Table& in = table(row.hash);
  const std::lock_guard lock(in.mutex);
  bool found = false;
  in.each(row.hash, [&](std::size_t at) {
    found = in.rows[at].same_place(row);
    in.rows[at] = found ? with : in.rows[at];
    return !found;
  });
  return found;
}

void DiskIndex::take_all(std::uint64_t hash, std::vector<IndexRow>& out) {
  Table& in = table(hash);
  const std::lock_guard lock(in.mutex);
  for (bool more = true; more;) {
    more = false;
    in.each(hash, [&](std::size_t at) {
      out.push_back(in.rows[at]);
      in.remove(at);
      more = true;
      return false;
    });
  }
}

void DiskIndex::touch(const IndexRow& row) {
  Table& in = table(row.hash);
  const std::lock_guard lock(in.mutex);
  in.each(row.hash, [&](std::size_t at) {
    const bool same = in.rows[at].same_place(row);
    in.rows[at].read |= same ? 1U : 0U;
    return !same;
  });
}

void DiskIndex::rows(unsigned table, std::vector<IndexRow>& out) const {
  const Table& in = tables_[table];
  const std::lock_guard lock(in.mutex);
  std::ranges::copy_if(in.rows, std::back_inserter(out),
                       [](const IndexRow& row) { return row.segment != 0; });
}

void DiskIndex::rows_of(unsigned table, std::uint32_t segment, std::vector<IndexRow>& out) const {
  const Table& in = tables_[table];
  const std::lock_guard lock(in.mutex);
  std::ranges::copy_if(in.rows, std::back_inserter(out),
                       [=](const IndexRow& row) { return row.segment == segment; });
}

void DiskIndex::clear() {
  for (Table& in : tables_) {
    const std::lock_guard lock(in.mutex);
    in.rows = {};
    in.used = 0;
  }
}

std::uint64_t DiskIndex::size() const {
  std::uint64_t out = 0;
  for (const Table& in : tables_) {
    const std::lock_guard lock(in.mutex);
    out += in.used;
  }
  return out;
}

std::uint64_t DiskIndex::bytes() const {
  std::uint64_t out = sizeof(DiskIndex);
  for (const Table& in : tables_) {
    const std::lock_guard lock(in.mutex);
    out += in.rows.capacity() * sizeof(IndexRow);
  }
  return out;
}

}  // namespace weir::store
