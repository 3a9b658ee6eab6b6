// SPDX-License-Identifier: Apache-2.0
//
// The log thread against real files: nothing queued is lost, renamed files are left alone, rotation
// cuts between lines, and a full disk delays the log without stopping it. flush() stands for
// waiting.
#include "proxy/observe/log_writer.h"

#include <fcntl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "proxy/base/diag.h"
#include "proxy/observe/access_log.h"
#include "tests/unit/observe/sample.h"

namespace weir {
namespace {

using test::read_file;
using test::TempDir;

class LogWriterTest : public testing::Test {
 protected:
  static void SetUpTestSuite() { ASSERT_TRUE(diag_open("/dev/null", Level::Error)); }
  static void TearDownTestSuite() { ASSERT_TRUE(diag_open("stderr", Level::Info)); }

  LogWriter::Options options(std::string_view name = "access.log") const {
    LogWriter::Options out;
    out.path = dir_.file(name);
    out.gather_ms = 1;
    return out;
  }

  TempDir dir_;
};

TEST_F(LogWriterTest, WritesWhatEveryWorkerPushedBeforeStop) {
  const LogWriter::Options o = options();
  LogWriter writer(o);
  LogRing* a = writer.add_ring(4096);
  LogRing* b = writer.add_ring(4096);
  const mode_t mask_before = ::umask(0022);
  ASSERT_TRUE(writer.start());
  ::umask(mask_before);
  a->push("from a\n");
  b->push("from b\n");
  writer.stop();
  EXPECT_EQ(read_file(o.path), "from a\nfrom b\n");
  EXPECT_EQ(writer.counters().written, 2u);
  EXPECT_EQ(writer.counters().bytes, 14u);
  EXPECT_EQ(writer.counters().dropped, 0u);
  struct stat about {};
  ASSERT_EQ(::stat(o.path.c_str(), &about), 0);
  EXPECT_EQ(about.st_mode & 0777u, 0640u & ~0022u);
}

TEST_F(LogWriterTest, AppendsToWhatIsThere) {
  const LogWriter::Options o = options();
  std::ofstream(o.path) << "old\n";
  LogWriter writer(o);
  LogRing* ring = writer.add_ring(4096);
  ASSERT_TRUE(writer.start());
  ring->push("new\n");
  writer.stop();
  EXPECT_EQ(read_file(o.path), "old\nnew\n");
}

TEST_F(LogWriterTest, OffThrowsAwayAndMakesNoFile) {
  LogWriter writer({.path = "off"});
  LogRing* ring = writer.add_ring(4096);
  EXPECT_TRUE(writer.start());
  ring->push("nowhere\n");
  writer.flush();
  EXPECT_TRUE(ring->peek().empty());
  EXPECT_FALSE(std::filesystem::exists("off"));
}

TEST_F(LogWriterTest, AChangeSendsWhatComesAfterItElsewhere) {
  const LogWriter::Options before = options("before.log");
  LogWriter::Options after = options("after.log");
  LogWriter writer(before);
  LogRing* ring = writer.add_ring(4096);
  ASSERT_TRUE(writer.start());
  ring->push("one\n");
  writer.change(after);
  writer.flush();
  ring->push("two\n");
  writer.flush();
  after.path = "off";
  writer.change(after);
  writer.flush();
  ring->push("nowhere\n");
  writer.change(before);
  writer.flush();
  ring->push("three\n");
  writer.stop();
  EXPECT_EQ(read_file(before.path), "one\nthree\n");
  EXPECT_EQ(read_file(options("after.log").path), "two\n");
}

TEST_F(LogWriterTest, TellsWhyAFileCannotBeOpened) {
  EXPECT_EQ(LogWriter::can_open("off"), "");
  EXPECT_EQ(LogWriter::can_open(options().path), "");
  EXPECT_NE(LogWriter::can_open(options("missing/a.log").path).find("No such file"),
            std::string::npos);
}

TEST_F(LogWriterTest, SaysWhyItCannotStart) {
  LogWriter writer(options("missing/access.log"));
  writer.add_ring(4096);
  const auto started = writer.start();
  ASSERT_FALSE(started);
  EXPECT_NE(started.error().find("missing/access.log: No such file"), std::string::npos);
}

TEST_F(LogWriterTest, ReopensAfterARename) {
  const LogWriter::Options o = options();
  LogWriter writer(o);
  LogRing* ring = writer.add_ring(4096);
  ASSERT_TRUE(writer.start());
  ring->push("one\n");
  writer.flush();
  std::filesystem::rename(o.path, dir_.file("moved"));
  ring->push("two\n");
  writer.flush();
  writer.reopen();
  writer.flush();
  ring->push("three\n");
  writer.stop();
  EXPECT_EQ(read_file(dir_.file("moved")), "one\ntwo\n");
  EXPECT_EQ(read_file(o.path), "three\n");
}

TEST_F(LogWriterTest, KeepsTheOldFileWhileTheNewOneCannotBeOpened) {
  std::filesystem::create_directory(dir_.file("logs"));
  const LogWriter::Options o = options("logs/access.log");
  LogWriter writer(o);
  LogRing* ring = writer.add_ring(4096);
  ASSERT_TRUE(writer.start());
  std::filesystem::rename(dir_.file("logs"), dir_.file("away"));
  writer.reopen();
  ring->push("one\n");
  writer.flush();
  EXPECT_EQ(read_file(dir_.file("away/access.log")), "one\n");
  EXPECT_GE(writer.counters().errors, 1u);
  std::filesystem::create_directory(dir_.file("logs"));
  ring->push("two\n");
  writer.stop();
  EXPECT_EQ(read_file(o.path), "two\n");
}

TEST_F(LogWriterTest, RotatesBetweenLinesAndKeepsSoManyFiles) {
  LogWriter::Options o = options();
  o.rotate_bytes = 25;
  o.rotate_keep = 2;
  LogWriter writer(o);
  LogRing* ring = writer.add_ring(4096);
  ASSERT_TRUE(writer.start());
  for (int i = 0; i < 7; ++i) {
    ring->push("line " + std::to_string(i) + " .\n");
  }
  writer.stop();
  EXPECT_EQ(read_file(o.path), "line 6 .\n");
  EXPECT_EQ(read_file(o.path + ".1"), "line 4 .\nline 5 .\n");
  EXPECT_EQ(read_file(o.path + ".2"), "line 2 .\nline 3 .\n");
  EXPECT_FALSE(std::filesystem::exists(o.path + ".3"));
  EXPECT_EQ(writer.counters().written, 7u);
  EXPECT_EQ(writer.counters().errors, 0u);
}

TEST_F(LogWriterTest, ALineLongerThanAFileGetsAFileOfItsOwn) {
  LogWriter::Options o = options();
  o.rotate_bytes = 10;
  LogWriter writer(o);
  LogRing* ring = writer.add_ring(4096);
  ASSERT_TRUE(writer.start());
  ring->push("a very long line indeed\n");
  ring->push("short\n");
  writer.stop();
  EXPECT_EQ(read_file(o.path), "short\n");
  EXPECT_EQ(read_file(o.path + ".1"), "a very long line indeed\n");
}

TEST_F(LogWriterTest, KeepsNoOldFileWhenToldTo) {
  LogWriter::Options o = options();
  o.rotate_bytes = 4;
  o.rotate_keep = 0;
  LogWriter writer(o);
  LogRing* ring = writer.add_ring(4096);
  ASSERT_TRUE(writer.start());
  ring->push("one\n");
  ring->push("two\n");
  writer.stop();
  EXPECT_EQ(read_file(o.path), "two\n");
  EXPECT_FALSE(std::filesystem::exists(o.path + ".1"));
}

TEST_F(LogWriterTest, ADeviceThatIsAlwaysFullCostsOnlyTheLines) {
  LogWriter writer({.path = "/dev/full", .gather_ms = 1});
  LogRing* ring = writer.add_ring(4096);
  ASSERT_TRUE(writer.start());
  const std::string line(99, 'x');
  for (int i = 0; i < 50; ++i) {
    ring->push(line + "\n");
  }
  writer.flush();
  EXPECT_GE(writer.counters().errors, 1u);
  writer.stop();
  EXPECT_EQ(writer.counters().written, 0u);
  EXPECT_EQ(writer.counters().dropped, 50u);
}

// A file system of a few pages, when this machine lets us have one.
class TinyDisk {
 public:
  explicit TinyDisk(const std::string& at) : at_(at) {
    mounted_ = ::mkdir(at.c_str(), 0700) == 0 &&
               ::mount("tmpfs", at.c_str(), "tmpfs", MS_NOSUID | MS_NODEV, "size=64k") == 0;
  }
  ~TinyDisk() {
    if (mounted_) {
      ::umount2(at_.c_str(), MNT_DETACH);
    }
  }
  bool mounted() const { return mounted_; }

 private:
  std::string at_;
  bool mounted_ = false;
};

TEST_F(LogWriterTest, GoesOnInTheMiddleOfALineWhenAFullDiskHasRoomAgain) {
  const TinyDisk disk(dir_.file("disk"));
  if (!disk.mounted()) {
    GTEST_SKIP() << "a small tmpfs cannot be mounted here; only /dev/full was tried";
  }
  std::ofstream(dir_.file("disk/ballast")) << std::string(32 * 1024, 'b');
  LogWriter::Options o = options("disk/access.log");
  o.retry_ms = 600'000;  // only flush() makes it try again
  LogWriter writer(o);
  LogRing* ring = writer.add_ring(256 * 1024);
  ASSERT_TRUE(writer.start());
  std::string expected;
  for (int i = 0; i < 500; ++i) {
    const std::string line = std::to_string(i) + std::string(97, '.') + "\n";
    expected += line;
    ASSERT_TRUE(ring->push(line));
  }
  writer.flush();
  EXPECT_GE(writer.counters().errors, 1u);
  EXPECT_LT(read_file(o.path).size(), expected.size());
  std::filesystem::remove(dir_.file("disk/ballast"));
  writer.flush();
  EXPECT_EQ(read_file(o.path), expected);
  writer.stop();
  EXPECT_EQ(writer.counters().written, 500u);
  EXPECT_EQ(writer.counters().dropped, 0u);
}

TEST_F(LogWriterTest, AReopenedFileNeverBeginsWithHalfALine) {
  const TinyDisk disk(dir_.file("disk"));
  if (!disk.mounted()) {
    GTEST_SKIP() << "a small tmpfs cannot be mounted here";
  }
  LogWriter::Options o = options("disk/access.log");
  LogWriter writer(o);
  LogRing* ring = writer.add_ring(256 * 1024);
  ASSERT_TRUE(writer.start());
  for (int i = 0; i < 1000; ++i) {
    ASSERT_TRUE(ring->push("begin" + std::string(90, '.') + "end\n"));
  }
  writer.flush();
  std::filesystem::remove(o.path);  // its room comes back when the writer lets go of it
  writer.reopen();
  writer.stop();
  const std::string text = read_file(o.path);
  EXPECT_TRUE(text.starts_with("begin"));
  EXPECT_TRUE(text.ends_with("end\n"));
  EXPECT_EQ(writer.counters().written + writer.counters().dropped, 1000u);
}

TEST_F(LogWriterTest, WaitsForASlowPipeAndLosesNothing) {
  const LogWriter::Options o = options("pipe");
  ASSERT_EQ(::mkfifo(o.path.c_str(), 0600), 0);
  const int fd = ::open(o.path.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC);
  ASSERT_GE(fd, 0);
  ASSERT_EQ(::fcntl(fd, F_SETFL, 0), 0);
  auto writer = std::make_unique<LogWriter>(o);
  LogRing* ring = writer->add_ring(1 << 20);
  ASSERT_TRUE(writer->start());
  std::string expected;
  for (int i = 0; i < 5000; ++i) {
    const std::string line = std::to_string(i) + std::string(95, 'p') + "\n";
    expected += line;
    ASSERT_TRUE(ring->push(line));
  }
  writer->flush();  // has filled the pipe and come back
  EXPECT_LT(writer->counters().written, 5000u);
  std::string got;
  std::thread reader([fd, &got] {
    std::array<char, 4096> room;
    for (ssize_t n = 0; (n = ::read(fd, room.data(), room.size())) > 0;) {
      got.append(room.data(), static_cast<std::size_t>(n));
    }
  });
  writer->stop();
  EXPECT_EQ(writer->counters().written, 5000u);
  EXPECT_EQ(writer->counters().errors, 0u);
  writer.reset();  // closes the pipe
  reader.join();
  ::close(fd);
  EXPECT_EQ(got, expected);
}

TEST_F(LogWriterTest, ManyWorkersLoseNothingAndNeverMixLines) {
  constexpr int kWorkers = 3;
  constexpr int kRecords = 20'000;
  const LogWriter::Options o = options();
  LogWriter writer(o);
  std::vector<LogRing*> rings;
  for (int w = 0; w < kWorkers; ++w) {
    rings.push_back(writer.add_ring(8192));
  }
  ASSERT_TRUE(writer.start());
  std::vector<std::thread> workers;
  for (int w = 0; w < kWorkers; ++w) {
    workers.emplace_back([ring = rings[static_cast<std::size_t>(w)], w] {
      const std::string line = std::string(60, static_cast<char>('a' + w)) + "\n";
      for (int i = 0; i < kRecords;) {
        i += ring->push(line) ? 1 : 0;
      }
    });
  }
  for (std::thread& worker : workers) {
    worker.join();
  }
  writer.stop();
  std::ifstream in(o.path);
  std::array<int, kWorkers> seen{};
  for (std::string line; std::getline(in, line);) {
    ASSERT_EQ(line.size(), 60u);
    ASSERT_EQ(line, std::string(60, line[0]));
    ++seen.at(static_cast<std::size_t>(line[0] - 'a'));
  }
  EXPECT_EQ(seen, (std::array<int, kWorkers>{kRecords, kRecords, kRecords}));
}

TEST_F(LogWriterTest, AWorkersAccessLogWritesLinesAndCountsDrops) {
  const LogWriter::Options o = options();
  LogWriter writer(o);
  LogRing* ring = writer.add_ring(4096);
  Metrics metrics;
  AccessLog log(ring, metrics);
  AccessFormat format = *AccessFormat::compile("%{status} %{url}");
  const Record record = test::sample_record();
  const std::uint64_t before = test::allocations();
  for (int i = 0; i < 100; ++i) {
    log.write(record, format);  // the thread does not run yet: the ring fills
  }
  EXPECT_EQ(test::allocations(), before);
  ASSERT_TRUE(writer.start());
  writer.stop();
  const auto lines = static_cast<std::uint64_t>(std::ranges::count(read_file(o.path), '\n'));
  EXPECT_GT(lines, 50u);
  EXPECT_EQ(lines + metrics.value(metric::LogDropped), 100u);
  EXPECT_EQ(writer.counters().dropped, metrics.value(metric::LogDropped));
  AccessLog off(nullptr, metrics);
  EXPECT_FALSE(off.on());
  off.write(record, format);
}

}  // namespace
}  // namespace weir
