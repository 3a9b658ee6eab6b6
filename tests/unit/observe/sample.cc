// SPDX-License-Identifier: Apache-2.0
//
// See sample.h. This file replaces the global operator new of the test program to count its calls.
#include "tests/unit/observe/sample.h"

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <new>

#include <gtest/gtest.h>

namespace {
thread_local std::uint64_t allocated = 0;
}  // namespace

void* operator new(std::size_t size) {
  ++allocated;
  if (void* out = std::malloc(size == 0 ? 1 : size)) {
    return out;
  }
  throw std::bad_alloc();
}
void operator delete(void* at) noexcept {
  std::free(at);
}
void operator delete(void* at, std::size_t) noexcept {
  std::free(at);
}

namespace weir::test {

Record sample_record() {
  Record r;
  r.kind = RecordKind::Exchange;
  r.served_by = ServedBy::Origin;
  r.started = WallTime{1767323045678901};
  r.id = 0x0123456789abcdef;
  r.client = {IpAddress::v4(0x0a000007), 51234};
  r.listener = {IpAddress::v4(0x0a000001), 3128};
  r.listener_name = "office";
  r.destination = {IpAddress::v4(0xcb007105), 80};
  r.user = "anna";
  r.method = "GET";
  r.url = "http://www.example.com/news/today.html?page=2";
  r.host = "www.example.com";
  r.version = "HTTP/1.1";
  r.status = 200;
  r.origin_status = 200;
  r.content_type = "text/html; charset=utf-8";
  r.referer = "http://www.example.com/";
  r.user_agent = "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0";
  r.bytes_from_client = 555;
  r.bytes_to_client = 5432;
  r.bytes_from_origin = 5400;
  r.bytes_to_origin = 600;
  r.body_to_client = 5120;
  r.client_reused = true;
  r.dns = 1500;
  r.connect = 20000;
  r.first_byte = 41000;
  r.total = 87654;
  return r;
}

Record sample_tunnel() {
  Record r = sample_record();
  r.kind = RecordKind::Tunnel;
  r.method = "CONNECT";
  r.url = "www.example.com:443";
  r.destination.port = 443;
  r.content_type = "";
  r.origin_status = 0;
  r.total = 12'345'678;
  return r;
}

std::string line_of(const Record& record, std::string_view format) {
  auto compiled = AccessFormat::compile(format);
  if (!compiled) {
    ADD_FAILURE() << compiled.error();
    return {};
  }
  std::string room(AccessFormat::kMostLine, '\0');
  return std::string(compiled->write(record, room));
}

TempDir::TempDir() {
  std::string pattern = (std::filesystem::temp_directory_path() / "weir-observe-XXXXXX").string();
  EXPECT_NE(::mkdtemp(pattern.data()), nullptr);
  path_ = pattern;
}

TempDir::~TempDir() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

std::string read_file(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

std::uint64_t allocations() {
  return allocated;
}

}  // namespace weir::test
