// SPDX-License-Identifier: Apache-2.0
//
// What the disk tier costs at a million objects: bytes of memory for each, the start from the
// journal, the start by walking the segments when the journal is lost, questions and loads.
//
//   bench_disk_index [objects] [directory]
#include <malloc.h>
#include <stdlib.h>

#include <chrono>
#include <cstdio>
#include <filesystem>
#include <functional>
#include <future>
#include <memory>
#include <string>

#include "proxy/base/diag.h"
#include "proxy/store/disk_tier.h"

namespace {

using namespace weir;
using namespace weir::store;

double seconds(const std::function<void()>& work) {
  const auto start = std::chrono::steady_clock::now();
  work();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

std::string url_of(int n) {
  return "http://host-" + std::to_string(n % 1000) + ".example/folder/object-" + std::to_string(n);
}

EntryPtr entry_of(int n, const BlockPtr& body) {
  auto out = std::make_shared<Entry>();
  out->url = url_of(n);
  out->head_text =
      "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 100\r\n"
      "Cache-Control: max-age=3600\r\nETag: \"abcdef\"\r\n\r\n";
  out->length = body->filled;
  out->runs.push_back({0, std::make_shared<const Body>(std::vector<BlockPtr>{body})});
  return parse_head(*out) ? out : nullptr;
}

void flush(DiskTier& tier) {
  std::promise<void> done;
  if (tier.run([&] { done.set_value(); })) {
    done.get_future().wait();
  }
}

std::unique_ptr<DiskTier> open_tier(const DiskLimits& limits) {
  auto tier = DiskTier::open(limits);
  if (!tier) {
    std::fprintf(stderr, "%s\n", tier.error().c_str());
    std::exit(1);
  }
  return std::move(*tier);
}

void fill(DiskTier& tier, int objects) {
  const auto body = std::make_shared<Block>(100);
  body->filled = 100;
  std::fill_n(body->bytes.get(), 100, 'x');
  const double took = seconds([&] {
    for (int n = 0; n < objects; ++n) {
      tier.add(entry_of(n, body));
      if (n % 10'000 == 0) {
        flush(tier);
      }
    }
    flush(tier);
  });
  std::printf("store:           %.2f us an object\n", took / objects * 1e6);
}

void report_start(const char* how, const DiskLimits& limits) {
  const std::size_t before = ::mallinfo2().uordblks + ::mallinfo2().hblkhd;
  const auto tier = open_tier(limits);
  const std::size_t after = ::mallinfo2().uordblks + ::mallinfo2().hblkhd;
  const DiskStats stats = tier->stats();
  const auto each = static_cast<double>(stats.entries);
  std::printf(
      "%s %.3f s, %llu objects, index %.1f bytes an object, heap %.1f\n", how,
      static_cast<double>(stats.start_us) / 1e6, static_cast<unsigned long long>(stats.entries),
      static_cast<double>(stats.index_bytes) / each, static_cast<double>(after - before) / each);
}

void ask(const DiskLimits& limits, int objects) {
  const auto tier = open_tier(limits);
  constexpr int kQuestions = 1'000'000;
  constexpr int kLoads = 20'000;
  int found = 0;
  const double asked = seconds([&] {
    for (int n = 0; n < kQuestions; ++n) {
      found += tier->may_have(url_of(n * 7 % (2 * objects))) ? 1 : 0;
    }
  });
  const double loaded = seconds([&] {
    for (int n = 0; n < kLoads; ++n) {
      tier->load(url_of(n * 31 % objects), [](std::vector<EntryPtr>) {});
    }
    flush(*tier);
  });
  std::printf("may_have:        %.0f ns, the URL's making included (%d found)\n",
              asked / kQuestions * 1e9, found);
  std::printf("load:            %.2f us\n", loaded / kLoads * 1e6);
}

}  // namespace

int main(int argc, char** argv) {
  const int objects = argc > 1 ? std::atoi(argv[1]) : 1'000'000;
  std::string folder =
      argc > 2 ? argv[2] : (std::filesystem::temp_directory_path() / "weir-XXXXXX");
  if (argc <= 2 && ::mkdtemp(folder.data()) == nullptr) {
    return 1;
  }
  diag_open("stderr", Level::Warning);
  DiskLimits limits;
  limits.directory = folder;
  limits.bytes = std::uint64_t{16} << 30;
  limits.largest = limits.bytes;
  fill(*open_tier(limits), objects);
  report_start("from the journal:", limits);
  std::filesystem::remove(std::filesystem::path(folder) / "weir-cache.journal");
  report_start("from segments:   ", limits);
  report_start("from the journal:", limits);
  ask(limits, objects);
  if (argc <= 2) {
    std::filesystem::remove_all(folder);
  }
}
