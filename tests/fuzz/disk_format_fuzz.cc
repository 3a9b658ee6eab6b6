// SPDX-License-Identifier: Apache-2.0
//
// Any bytes as a record, a segment and a journal of the disk tier, as they are and with the
// checksums they would need to be believed. Beyond memory errors it looks for broken promises: what
// is taken lies inside what was given, and says the same when it is put again.
#include <sys/mman.h>
#include <unistd.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "proxy/base/assert.h"
#include "proxy/store/bytes.h"
#include "proxy/store/crc32c.h"
#include "proxy/store/file_io.h"
#include "proxy/store/journal.h"
#include "proxy/store/record.h"
#include "proxy/store/segment.h"

namespace {

using namespace weir;
using namespace weir::store;

void check_again(RecordHead record, const RecordHead& first) {
  RecordHead second;
  const std::string bytes = put_record(record);
  const http::Taken taken = take_record(bytes, second);
  WEIR_ASSERT(taken.progress == http::Progress::Done && taken.used == bytes.size());
  WEIR_ASSERT(second.url == first.url && second.vary == first.vary &&
              second.variant == first.variant && second.head_text == first.head_text);
  WEIR_ASSERT(second.total == first.total && second.serial == first.serial &&
              second.length == first.length && second.runs.size() == first.runs.size());
  for (std::size_t n = 0; n < first.runs.size(); ++n) {
    WEIR_ASSERT(second.runs[n].at == first.runs[n].at && second.runs[n].sums == first.runs[n].sums);
  }
}

void read_record(std::string_view input) {
  RecordHead out;
  const http::Taken taken = take_record(input, out);
  if (taken.progress == http::Progress::NeedMore) {
    WEIR_ASSERT(taken.used > input.size() && taken.used <= kLongestHead);
  }
  if (taken.progress != http::Progress::Done) {
    return;
  }
  WEIR_ASSERT(taken.used == out.head && out.head <= input.size() && out.total >= out.head);
  std::uint64_t after = 0;
  for (const RecordRun& run : out.runs) {
    WEIR_ASSERT(run.first >= after && run.size != 0);
    WEIR_ASSERT(run.at == kInLarge || (run.at >= out.head && run.at + run.size <= out.total));
    after = run.first + run.size;
  }
  WEIR_ASSERT(after <= out.length);
  bodies_whole(input, out);
  check_again(out, out);
}

// The input with magic and checksum where a record has them.
std::string believable(std::string_view input) {
  std::string out(input);
  if (out.size() >= kRecordStart) {
    put_number(out, 0, kAlive);
    put_number(out, 8, kRecordMagic);
    const std::size_t head = number_at<std::uint32_t>(out, 16);
    const std::size_t end = head >= kRecordStart && head <= out.size() ? head : out.size() / 8 * 8;
    put_number(out, 16, static_cast<std::uint32_t>(end));
    put_number(out, 12, crc32c(std::string_view(out).substr(16, end - 16)));
  }
  return out;
}

void read_files(std::string_view input) {
  const int fd = ::memfd_create("fuzz", MFD_CLOEXEC);
  WEIR_ASSERT(fd >= 0 && write_whole(fd, 0, input));
  std::uint64_t at = kSegmentHead;
  const std::uint64_t end =
      walk_segment(fd, 1, kSegmentHead, input.size(), [&](const RecordHead& record) {
        WEIR_ASSERT(record.offset == at && record.segment == 1);
        at += record.total;
      });
  WEIR_ASSERT(end == at || input.size() < kSegmentHead);
  HashKey key;
  std::uint64_t rows = 0;
  read_journal(fd, key, [&](const JournalRow&) { ++rows; });
  WEIR_ASSERT(rows <= input.size() / kJournalRow);
  ::close(fd);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  read_record(input);
  read_record(believable(input));
  take_segment_head(input, 1);
  read_files(input);
  // As the first record of a segment, behind its head; and as rows of a journal.
  if (std::string record = believable(input); record.size() >= kRecordStart) {
    const std::size_t head = number_at<std::uint32_t>(record, 16);
    std::string placed = record.substr(0, head);
    place_record(placed, 1, kSegmentHead);
    read_files(put_segment_head(1) + placed + record.substr(head));
  }
  read_files(put_journal_head({1, 2}) + std::string(input));
  return 0;
}
