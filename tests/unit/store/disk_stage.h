// SPDX-License-Identifier: Apache-2.0
//
// What the tests of the disk tier share: a directory that goes away, entries whose bodies can be
// recognised by their URL and version, and loads that are waited for.
#pragma once

#include <gtest/gtest.h>
#include <stdlib.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <future>
#include <memory>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "proxy/base/diag.h"
#include "proxy/store/disk_tier.h"

namespace weir::store::test {

// Thousands of starts would say how much they found.
inline const bool kQuiet = diag_open("stderr", Level::Error).has_value();

// What the operator's log says while this lives.
class Log {
 public:
  explicit Log(std::filesystem::path path) : path_(std::move(path)) {
    EXPECT_TRUE(diag_open(path_.string(), Level::Info).has_value());
  }
  ~Log() { EXPECT_TRUE(diag_open("stderr", Level::Error).has_value()); }
  Log(const Log&) = delete;
  Log& operator=(const Log&) = delete;
  std::string text() const {
    std::ifstream in(path_);
    std::ostringstream out;
    out << in.rdbuf();
    return out.str();
  }

 private:
  std::filesystem::path path_;
};

// A new, empty directory, removed at the end; in memory where that is possible, because thousands
// of starts bring their journals to the disk.
class Folder {
 public:
  Folder() {
    const bool shm = ::access("/dev/shm", W_OK) == 0;
    const std::filesystem::path parent = shm ? "/dev/shm" : std::filesystem::temp_directory_path();
    std::string name = (parent / "weir-store-XXXXXX").string();
    EXPECT_NE(::mkdtemp(name.data()), nullptr);
    path_ = name;
  }
  ~Folder() { std::filesystem::remove_all(path_); }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  const std::filesystem::path& path() const { return path_; }
  std::filesystem::path operator/(const std::string& name) const { return path_ / name; }

  // Files whose names begin so, by name.
  std::vector<std::filesystem::path> files(const std::string& prefix) const {
    std::vector<std::filesystem::path> out;
    for (const auto& each : std::filesystem::directory_iterator(path_)) {
      if (each.path().filename().string().starts_with(prefix)) {
        out.push_back(each.path());
      }
    }
    std::ranges::sort(out);
    return out;
  }

 private:
  std::filesystem::path path_;
};

inline std::string read_file(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  std::ostringstream out;
  out << in.rdbuf();
  return out.str();
}

inline void write_file(const std::filesystem::path& path, const std::string& bytes) {
  std::ofstream(path, std::ios::binary | std::ios::trunc) << bytes;
}

inline DiskLimits limits_in(const Folder& folder, std::uint64_t bytes = 64 * 1024 * 1024) {
  DiskLimits out;
  out.directory = folder.path().string();
  out.bytes = bytes;
  out.largest = bytes / 4;
  out.pause = 0;
  return out;
}

inline std::unique_ptr<DiskTier> open_tier(const DiskLimits& limits) {
  auto out = DiskTier::open(limits);
  EXPECT_TRUE(out.has_value()) << (out ? "" : out.error());
  return out ? std::move(*out) : nullptr;
}

// Bytes that follow from a name, so that those of one entry can never pass for another's.
inline std::string bytes_of(const std::string& name, std::size_t n) {
  std::uint64_t state = std::hash<std::string>{}(name) | 1U;
  std::string out;
  out.reserve(n);
  while (out.size() < n) {
    state = state * 6364136223846793005U + 1442695040888963407U;
    out.push_back(static_cast<char>(state >> 56));
  }
  return out;
}

inline BlockPtr block_of(const std::string& bytes) {
  auto out = std::make_shared<Block>(bytes.size());
  bytes.copy(out->bytes.get(), bytes.size());
  out->filled = bytes.size();
  return out;
}

inline std::shared_ptr<const Body> body_of(const std::string& bytes, std::size_t piece = 5000) {
  std::vector<BlockPtr> blocks;
  for (std::size_t at = 0; at < bytes.size(); at += piece) {
    blocks.push_back(block_of(bytes.substr(at, piece)));
  }
  return std::make_shared<const Body>(std::move(blocks));
}

struct Wanted {
  std::string url;
  std::string variant = "";
  std::string version = "1";
  std::size_t size = 1000;

  std::string head() const {
    return "HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(size) + "\r\nETag: \"" + version +
           "\"\r\n\r\n";
  }
  std::string bytes() const { return bytes_of(url + variant + version, size); }
  std::shared_ptr<Entry> without_body() const {
    auto out = std::make_shared<Entry>();
    out->url = url;
    out->vary = variant.empty() ? "" : "accept-encoding";
    out->variant = variant;
    out->head_text = head();
    out->length = size;
    EXPECT_TRUE(parse_head(*out));
    return out;
  }
  EntryPtr entry() const {
    auto out = without_body();
    if (size != 0) {
      out->runs.push_back({0, body_of(bytes())});
    }
    return out;
  }
};

// Waits until all that was queued before has been done.
inline void flush(DiskTier& tier) {
  std::promise<void> done;
  ASSERT_TRUE(tier.run([&] { done.set_value(); }));
  done.get_future().wait();
}

inline std::vector<EntryPtr> load(DiskTier& tier, const std::string& url) {
  std::promise<std::vector<EntryPtr>> found;
  tier.load(url, [&](std::vector<EntryPtr> entries) { found.set_value(std::move(entries)); });
  return found.get_future().get();
}

// The bytes of a body, wherever they lie; "unreadable" when they were not what was stored.
inline std::string read_body(DiskTier& tier, const std::shared_ptr<const Body>& body) {
  std::string out;
  if (!body->extent()) {
    for (const auto& block : body->blocks()) {
      out += block->text();
    }
    return out;
  }
  out.resize(static_cast<std::size_t>(body->size()));
  std::promise<bool> done;
  EXPECT_TRUE(tier.run([&] { done.set_value(body->extent()->read(0, out.data(), out.size())); }));
  return done.get_future().get() ? out : "unreadable";
}

inline std::string text_of(DiskTier& tier, const EntryPtr& entry) {
  std::string out;
  for (const Run& run : entry->runs) {
    out += read_body(tier, run.body);
  }
  return out;
}

// An entry as it was found, with its bytes; "unreadable" when they were not what was stored.
struct Found {
  EntryPtr entry;
  std::string text;
};

// All that is stored under some URLs, in the order of the URLs, waiting for the disk thread once.
inline std::vector<Found> load_all(DiskTier& tier, const std::vector<std::string>& urls) {
  std::vector<Found> out;
  for (const std::string& url : urls) {
    tier.load(url, [&out](const std::vector<EntryPtr>& entries) {
      for (const auto& entry : entries) {
        std::string text(static_cast<std::size_t>(entry->length), '\0');
        for (const Run& run : entry->runs) {
          if (!run.body->extent()->read(0, text.data() + run.first,
                                        static_cast<std::size_t>(run.body->size()))) {
            text = "unreadable";
            break;
          }
        }
        out.push_back({entry, text});
      }
    });
  }
  flush(tier);
  return out;
}

// What is stored under the URL is exactly what is wanted.
inline testing::AssertionResult holds(DiskTier& tier, const Wanted& wanted) {
  for (const auto& entry : load(tier, wanted.url)) {
    if (entry->variant == wanted.variant) {
      if (entry->head_text != wanted.head() || !entry->complete()) {
        return testing::AssertionFailure() << "another head: " << entry->head_text;
      }
      return text_of(tier, entry) == wanted.bytes()
                 ? testing::AssertionSuccess()
                 : testing::AssertionFailure() << "another body of " << wanted.url;
    }
  }
  return testing::AssertionFailure() << "nothing under " << wanted.url;
}

}  // namespace weir::store::test
