// SPDX-License-Identifier: Apache-2.0
//
// See record.h.
#include "proxy/store/record.h"

#include <algorithm>
#include <array>
#include <type_traits>

#include "proxy/store/bytes.h"
#include "proxy/store/crc32c.h"
#include "proxy/store/extent.h"

namespace weir::store {
namespace {

static_assert(std::is_trivially_copyable_v<cache::Freshness>);

constexpr std::size_t kUnderSum = 16;  // where the checksum begins to hold
constexpr std::uint64_t kRunBytes = 24;
constexpr std::uint64_t kFarthest = std::uint64_t{1} << 62;  // no sum of two such numbers wraps

std::uint64_t head_bytes(const RecordHead& record) {
  std::uint64_t bytes =
      kRecordStart + eights(record.url.size() + record.variant.size() + record.head_text.size() +
                            sizeof record.freshness + record.vary.size());
  for (const RecordRun& run : record.runs) {
    bytes += kRunBytes + run.sums.size() * sizeof(std::uint32_t);
  }
  return eights(bytes);
}

void place_bodies(RecordHead& record) {
  std::uint64_t at = record.head;
  for (RecordRun& run : record.runs) {
    if (run.at != kInLarge) {
      run.at = at;
      at += run.size;
    }
  }
  record.total = eights(at);
}

void append_numbers(std::string& out, const RecordHead& record) {
  append_number(out, kAlive);
  append_number(out, kRecordMagic);
  append_number(out, std::uint32_t{0});
  append_number(out, record.head);
  append_number(out, record.segment);
  append_number(out, record.offset);
  append_number(out, record.total);
  append_number(out, record.serial);
  append_number(out, record.length);
  append_number(out, record.large);
  append_number(out, static_cast<std::uint32_t>(record.url.size()));
  append_number(out, static_cast<std::uint32_t>(record.variant.size()));
  append_number(out, static_cast<std::uint32_t>(record.head_text.size()));
  append_number(out, static_cast<std::uint32_t>(sizeof record.freshness));
  append_number(out, static_cast<std::uint32_t>(record.vary.size()));
  append_number(out, static_cast<std::uint32_t>(record.runs.size()));
  append_number(out, std::uint32_t{0});
}

void append_runs(std::string& out, const RecordHead& record) {
  for (const RecordRun& run : record.runs) {
    append_number(out, run.first);
    append_number(out, run.size);
    append_number(out, run.at);
  }
  for (const RecordRun& run : record.runs) {
    for (const std::uint32_t sum : run.sums) {
      append_number(out, sum);
    }
  }
}

void put_sum(std::string& head) {
  put_number(head, 12, crc32c(std::string_view(head).substr(kUnderSum)));
}

struct TextSizes {
  std::uint64_t url, variant, head_text, freshness, vary;
  std::uint64_t all() const { return url + variant + head_text + freshness + vary; }
};

TextSizes text_sizes(std::string_view in) {
  return {number_at<std::uint32_t>(in, 60), number_at<std::uint32_t>(in, 64),
          number_at<std::uint32_t>(in, 68), number_at<std::uint32_t>(in, 72),
          number_at<std::uint32_t>(in, 76)};
}

// Where the runs begin; 0: the texts do not fit.
std::uint64_t take_texts(std::string_view in, RecordHead& out) {
  const TextSizes sizes = text_sizes(in);
  const std::uint64_t end = kRecordStart + eights(sizes.all());
  if (sizes.freshness != sizeof out.freshness || end > in.size()) {
    return 0;
  }
  std::size_t at = kRecordStart;
  const auto next = [&](std::uint64_t n) {
    const auto text = in.substr(at, static_cast<std::size_t>(n));
    at += text.size();
    return text;
  };
  out.url = next(sizes.url);
  out.variant = next(sizes.variant);
  out.head_text = next(sizes.head_text);
  std::memcpy(&out.freshness, next(sizes.freshness).data(), sizeof out.freshness);
  out.vary = next(sizes.vary);
  return end;
}

// One run's numbers. Runs are apart from each other, in order, inside the representation; their
// bytes lie in order behind the head or in the large object.
bool take_run(std::string_view in, std::uint64_t& body_at, const RecordHead& out, RecordRun& run) {
  run.first = number_at<std::uint64_t>(in, 0);
  run.size = number_at<std::uint64_t>(in, 8);
  run.at = number_at<std::uint64_t>(in, 16);
  const std::uint64_t after = out.runs.empty() ? 0 : out.runs.back().first + out.runs.back().size;
  if (run.first > kFarthest || run.size > kFarthest || run.size == 0 || run.first < after ||
      run.first + run.size > out.length) {
    return false;
  }
  if (run.at == kInLarge) {
    return out.large != 0;
  }
  const bool fits = run.at == body_at && run.size <= out.total - body_at;
  body_at += fits ? run.size : 0;
  return fits;
}

bool take_runs(std::string_view in, std::uint64_t at, RecordHead& out) {
  const std::uint64_t count = number_at<std::uint32_t>(in, 80);
  if (count > (in.size() - at) / kRunBytes) {
    return false;
  }
  std::uint64_t body_at = out.head;
  std::uint64_t sums_at = at + count * kRunBytes;
  out.runs.clear();
  for (std::uint64_t n = 0; n < count; ++n, at += kRunBytes) {
    RecordRun run;
    const std::string_view numbers = in.substr(static_cast<std::size_t>(at));
    if (!take_run(numbers, body_at, out, run) ||
        extent_blocks(run.size) > (in.size() - sums_at) / sizeof(std::uint32_t)) {
      return false;
    }
    run.sums.resize(static_cast<std::size_t>(extent_blocks(run.size)));
    std::memcpy(run.sums.data(), in.data() + sums_at, run.sums.size() * sizeof(std::uint32_t));
    sums_at += run.sums.size() * sizeof(std::uint32_t);
    out.runs.push_back(std::move(run));
  }
  return eights(sums_at) == out.head && eights(body_at) == out.total;
}

bool take_numbers(std::string_view in, RecordHead& out) {
  out.erased = number_at<std::uint64_t>(in, 0) != kAlive;
  out.head = number_at<std::uint32_t>(in, 16);
  out.segment = number_at<std::uint32_t>(in, 20);
  out.offset = number_at<std::uint64_t>(in, 24);
  out.total = number_at<std::uint64_t>(in, 32);
  out.serial = number_at<std::uint64_t>(in, 40);
  out.length = number_at<std::uint64_t>(in, 48);
  out.large = number_at<std::uint32_t>(in, 56);
  return number_at<std::uint32_t>(in, 8) == kRecordMagic && out.head >= kRecordStart &&
         out.head <= kLongestHead && out.head % 8 == 0 && out.total >= out.head &&
         out.total <= kLongestRecord && out.total % 8 == 0 && out.offset <= kFarthest &&
         out.offset % 8 == 0 && out.length <= kFarthest;
}

http::Taken bad() {
  return {http::Progress::Bad, 0, Failure::None};
}

}  // namespace

std::uint64_t RecordHead::bytes_in_large() const {
  std::uint64_t out = 0;
  for (const RecordRun& run : runs) {
    out += run.at == kInLarge ? run.size : 0;
  }
  return out;
}

std::string put_record(RecordHead& record) {
  const std::uint64_t bytes = head_bytes(record);
  if (bytes > kLongestHead) {
    return {};
  }
  record.head = static_cast<std::uint32_t>(bytes);
  place_bodies(record);
  if (record.total > kLongestRecord) {
    return {};
  }
  std::string out;
  out.reserve(static_cast<std::size_t>(bytes));
  append_numbers(out, record);
  out.append(record.url).append(record.variant).append(record.head_text);
  append_number(out, record.freshness);
  out.append(record.vary);
  out.resize(static_cast<std::size_t>(eights(out.size())));
  append_runs(out, record);
  out.resize(static_cast<std::size_t>(bytes));
  put_sum(out);
  return out;
}

http::Taken take_record(std::string_view in, RecordHead& out) {
  if (in.size() < kRecordStart) {
    return {http::Progress::NeedMore, kRecordStart, Failure::None};
  }
  if (!take_numbers(in, out)) {
    return bad();
  }
  if (in.size() < out.head) {
    return {http::Progress::NeedMore, out.head, Failure::None};
  }
  in = in.substr(0, out.head);
  if (crc32c(in.substr(kUnderSum)) != number_at<std::uint32_t>(in, 12)) {
    return bad();
  }
  const std::uint64_t runs_at = take_texts(in, out);
  if (runs_at == 0 || !take_runs(in, runs_at, out)) {
    return bad();
  }
  return {http::Progress::Done, out.head, Failure::None};
}

void place_record(std::string& head, std::uint32_t segment, std::uint64_t offset) {
  put_number(head, 20, segment);
  put_number(head, 24, offset);
  put_sum(head);
}

void Sums::add(std::string_view bytes) {
  while (!bytes.empty()) {
    const std::string_view part =
        bytes.substr(0, std::min<std::size_t>(bytes.size(), kExtentBlock - filled_));
    sum_ = crc32c(part, sum_);
    filled_ += static_cast<std::uint32_t>(part.size());
    bytes.remove_prefix(part.size());
    if (filled_ == kExtentBlock) {
      sums_.push_back(sum_);
      sum_ = 0;
      filled_ = 0;
    }
  }
}

std::vector<std::uint32_t> Sums::take() {
  if (filled_ != 0) {
    sums_.push_back(sum_);
  }
  sum_ = 0;
  filled_ = 0;
  return std::exchange(sums_, {});
}

bool bodies_whole(std::string_view bytes, const RecordHead& record) {
  for (const RecordRun& run : record.runs) {
    if (run.at == kInLarge) {
      continue;
    }
    if (run.at > bytes.size() || run.size > bytes.size() - run.at) {
      return false;
    }
    Sums sums;
    sums.add(bytes.substr(static_cast<std::size_t>(run.at), static_cast<std::size_t>(run.size)));
    if (sums.take() != run.sums) {
      return false;
    }
  }
  return true;
}

}  // namespace weir::store
