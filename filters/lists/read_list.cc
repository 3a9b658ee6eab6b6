// SPDX-License-Identifier: Apache-2.0
//
// See read_list.h.
#include "filters/lists/read_list.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <memory>
#include <system_error>
#include <utility>

#include "filters/lists/inflate.h"

namespace weir::filters {
namespace {

using Error = tl::unexpected<std::string>;

// Lines and offsets are counted in 32 bits.
constexpr std::uint64_t kTextMost = 2ULL << 30;
// Below this a text stays where it is: a mapping of its own would be a waste.
constexpr std::size_t kWorthMapping = 64 * 1024;

class Descriptor {
 public:
  explicit Descriptor(int fd) : fd_(fd) {}
  ~Descriptor() {
    if (fd_ >= 0) {
      ::close(fd_);
    }
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  int get() const { return fd_; }

 private:
  int fd_;
};

std::string because(const char* what) {
  return std::string(what) + ": " + std::generic_category().message(errno);
}

// All bytes of a regular file, at most `most`.
tl::expected<std::string, std::string> read_file(const std::string& path, std::uint64_t most) {
  // Without O_NONBLOCK, opening a named pipe would wait for somebody to write to it.
  const Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  struct stat about {};
  if (file.get() < 0 || ::fstat(file.get(), &about) != 0) {
    return Error(because("it cannot be opened"));
  }
  if (!S_ISREG(about.st_mode)) {
    return Error("it is not a file");
  }
  if (static_cast<std::uint64_t>(about.st_size) > most) {
    return Error(too_large(most));
  }
  std::string out(static_cast<std::size_t>(about.st_size), '\0');
  std::size_t used = 0;
  while (used < out.size()) {
    const ssize_t got = ::read(file.get(), out.data() + used, out.size() - used);
    if (got < 0 && errno != EINTR) {
      return Error(because("it cannot be read"));
    }
    if (got == 0) {
      break;
    }
    used += got > 0 ? static_cast<std::size_t>(got) : 0;
  }
  out.resize(used);
  return out;
}

bool write_all(int fd, std::string_view text) {
  while (!text.empty()) {
    const ssize_t put = ::write(fd, text.data(), text.size());
    if (put < 0 && errno != EINTR) {
      return false;
    }
    text.remove_prefix(put > 0 ? static_cast<std::size_t>(put) : 0);
  }
  return true;
}

// A file without a name that vanishes with its last user; -1 where there is no place for one.
int nameless_file() {
  const char* const wanted = std::getenv("TMPDIR");  // NOLINT(concurrency-mt-unsafe): at loading
  for (const char* folder : {wanted != nullptr ? wanted : "/var/tmp", "/var/tmp", "/tmp"}) {
    const int fd = ::open(folder, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
    if (fd >= 0) {
      return fd;
    }
  }
  return -1;
}

// Moves the text into a mapped file; false when that cannot be had, and nothing is lost.
bool keep_mapped(const std::string& text, List& list) {
  const Descriptor file(nameless_file());
  if (file.get() < 0 || !write_all(file.get(), text)) {
    return false;
  }
  const std::size_t size = text.size();
  void* const at = ::mmap(nullptr, size, PROT_READ, MAP_SHARED, file.get(), 0);
  if (at == MAP_FAILED) {
    return false;
  }
  list.owner = std::shared_ptr<const void>(
      at, [size](const void* mapped) { ::munmap(const_cast<void*>(mapped), size); });
  list.text = {static_cast<const char*>(at), size};
  list.mapped = true;
  return true;
}

void keep(std::string text, List& list) {
  if (text.size() >= kWorthMapping && keep_mapped(text, list)) {
    return;
  }
  text.shrink_to_fit();
  auto owner = std::make_shared<const std::string>(std::move(text));
  list.text = *owner;
  list.owner = std::move(owner);
}

// Why the bytes are no text, or an empty reason. Some control characters are left to the readers,
// which name the line.
std::string why_no_text(std::string_view bytes) {
  if (bytes.starts_with("\xff\xfe") || bytes.starts_with("\xfe\xff")) {
    return "it is UTF-16; save it as UTF-8";
  }
  if (bytes.find('\r') < bytes.size() - 1 && bytes.find('\n') == std::string_view::npos) {
    return "its lines end in CR alone; end them with LF";
  }
  const std::string_view first = bytes.substr(0, 4096);
  const auto controls = static_cast<std::size_t>(std::ranges::count_if(first, [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return byte < 0x20 && c != '\n' && c != '\r' && c != '\t';
  }));
  return controls * 20 > first.size() ? "it is not text" : "";
}

}  // namespace

tl::expected<List, std::string> read_list_text(std::string text, ListFormat format,
                                               std::uint64_t max_bytes) {
  const std::uint64_t most = std::min(max_bytes, kTextMost);
  if (text.size() > most) {
    return Error(too_large(most));
  }
  if (is_gzip(text)) {
    auto inflated = inflate_gzip(text, most);
    if (!inflated) {
      return Error(std::move(inflated).error());
    }
    text = std::move(*inflated);
  }
  if (std::string reason = why_no_text(text); !reason.empty()) {
    return Error(std::move(reason));
  }
  List list;
  list.format = format == ListFormat::Auto ? detect_format(text) : format;
  keep(std::move(text), list);
  return list;
}

tl::expected<List, std::string> read_list_file(const std::string& path, ListFormat format,
                                               std::uint64_t max_bytes) {
  auto bytes = read_file(path, std::min(max_bytes, kTextMost));
  if (!bytes) {
    return Error(std::move(bytes).error());
  }
  return read_list_text(std::move(*bytes), format, max_bytes);
}

void forget_pages(const List& list) {
  if (list.mapped) {
    ::madvise(const_cast<char*>(list.text.data()), list.text.size(), MADV_DONTNEED);
  }
}

}  // namespace weir::filters
