// SPDX-License-Identifier: Apache-2.0
//
// See password_file.h. Lines are read one by one and all their problems are told together; only a
// file without any becomes a PasswordFile. The file is opened once and judged through its
// descriptor, so that what was checked is what is read.
#include "proxy/pipeline/password_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <optional>

#include "proxy/http/basic_auth.h"
#include "proxy/pipeline/password_hash.h"

namespace weir {
namespace {

// Reads lines into entries and problems.
class Reader {
 public:
  Reader(const std::string& name, PasswordFile::Loaded& out) : name_(name), out_(out) {}

  void read(std::string_view text) {
    if (text.starts_with("\xef\xbb\xbf")) {
      text.remove_prefix(3);  // the mark some editors put before UTF-8; never part of a name
    }
    while (!text.empty()) {
      ++line_;
      const std::size_t end = std::min(text.find('\n'), text.size());
      read_line(text.substr(0, end));
      text.remove_prefix(std::min(end + 1, text.size()));
    }
    find_duplicates();
    if (problems_ > PasswordFile::kMaxProblems) {
      out_.problems.push_back(name_ + ": and " +
                              std::to_string(problems_ - PasswordFile::kMaxProblems) +
                              " more lines with problems");
    }
  }
  std::vector<PasswordFile::Entry> take() { return std::move(entries_); }

 private:
  void problem(std::size_t line, std::string_view what) {
    if (++problems_ <= PasswordFile::kMaxProblems) {
      out_.problems.push_back(name_ + ":" + std::to_string(line) + ": " + std::string(what));
    }
  }

  void read_line(std::string_view line) {
    while (!line.empty() && (line.back() == '\r' || line.back() == ' ' || line.back() == '\t')) {
      line.remove_suffix(1);
    }
    if (line.empty() || line.front() == '#') {
      return;
    }
    if (line.size() > PasswordFile::kMaxLine) {
      problem(line_,
              "the line is longer than " + std::to_string(PasswordFile::kMaxLine) + " bytes");
      return;
    }
    const std::size_t colon = line.find(':');
    if (colon == std::string_view::npos) {
      problem(line_, "expected user:hash, found no colon");
      return;
    }
    read_entry(line.substr(0, colon), line.substr(colon + 1));
  }

  void read_entry(std::string_view user, std::string_view hash) {
    if (user.empty()) {
      problem(line_, "the user name is empty");
      return;
    }
    if (!http::may_be_basic_user(user)) {
      problem(line_, "the user name is too long or holds control characters; nobody can send it");
      return;
    }
    const std::string_view why = why_refused(hash);
    if (!why.empty()) {
      problem(line_,
              std::string(why) + "; set the password anew with: htpasswd -B " + name_ + " <user>");
      return;
    }
    entries_.push_back({std::string(user), std::string(hash), line_});
  }

  void find_duplicates() {
    std::stable_sort(entries_.begin(), entries_.end(),
                     [](const auto& a, const auto& b) { return a.user < b.user; });
    for (std::size_t i = 1; i < entries_.size(); ++i) {
      if (entries_[i].user == entries_[i - 1].user) {
        problem(entries_[i].line, "the same user stands in line " +
                                      std::to_string(entries_[i - 1].line) +
                                      " already; remove one of them");
      }
    }
  }

  const std::string& name_;
  PasswordFile::Loaded& out_;
  std::vector<PasswordFile::Entry> entries_;
  std::size_t line_ = 0;
  std::size_t problems_ = 0;
};

// Opens a file that may be anything; only a regular one is read. -1 and errno on failure.
int open_regular(const std::string& path, struct stat& about) {
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (fd < 0) {
    return -1;
  }
  if (::fstat(fd, &about) == 0 && S_ISREG(about.st_mode)) {
    return fd;
  }
  ::close(fd);
  errno = EINVAL;
  return -1;
}

// Everything up to the end, or nothing after an error or once there is more than `most`.
std::optional<std::string> read_all(int fd, std::size_t most) {
  std::string text;
  std::array<char, 16384> part{};
  for (;;) {
    const ssize_t n = ::read(fd, part.data(), part.size());
    if (n < 0 && errno == EINTR) {
      continue;
    }
    if (n < 0 || text.size() > most) {
      return std::nullopt;
    }
    if (n == 0) {
      return text;
    }
    text.append(part.data(), static_cast<std::size_t>(n));
  }
}

}  // namespace

PasswordFile::Loaded PasswordFile::parse(std::string_view text, const std::string& name) {
  Loaded out;
  Reader reader(name, out);
  reader.read(text);
  if (!out.problems.empty()) {
    return out;
  }
  out.file = std::shared_ptr<const PasswordFile>(new PasswordFile(reader.take()));
  if (out.file->users() == 0) {
    out.warnings.push_back(name + ": there are no users, so nobody can use the proxy");
  }
  return out;
}

PasswordFile::Loaded PasswordFile::load(const std::string& path) {
  Loaded out;
  struct stat about {};
  const int fd = open_regular(path, about);
  if (fd < 0) {
    const char* why = errno == EINVAL ? "not a regular file" : std::strerror(errno);
    out.problems.push_back(path + ": cannot be read: " + why +
                           "; the user that weir runs as must be able to");
    return out;
  }
  const auto text = read_all(fd, kMaxFile);
  ::close(fd);
  if (!text) {
    out.problems.push_back(path + ": cannot be read to its end, or is larger than " +
                           std::to_string(kMaxFile) + " bytes");
    return out;
  }
  out = parse(*text, path);
  if ((about.st_mode & (S_IROTH | S_IWOTH)) != 0) {
    out.warnings.push_back(path + ": every user of this machine can " +
                           ((about.st_mode & S_IWOTH) != 0 ? "change" : "read") +
                           " the password hashes; chmod 640 it");
  }
  return out;
}

std::string_view PasswordFile::hash_of(std::string_view user) const {
  const auto at =
      std::lower_bound(entries_.begin(), entries_.end(), user,
                       [](const Entry& e, std::string_view name) { return e.user < name; });
  return at != entries_.end() && at->user == user ? std::string_view(at->hash) : std::string_view();
}

std::string_view PasswordFile::decoy(std::uint64_t pick) const {
  return entries_.empty() ? std::string_view() : entries_[pick % entries_.size()].hash;
}

}  // namespace weir
