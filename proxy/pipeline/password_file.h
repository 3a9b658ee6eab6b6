// SPDX-License-Identifier: Apache-2.0
//
// The users and their password hashes, from a file as `htpasswd -B` writes it: "user:hash" on each
// line, empty lines and lines that begin with "#" apart. Only hashes made for passwords are taken:
// bcrypt, yescrypt, sha512-crypt and sha256-crypt. Everything else (plain text, DES, MD5, SHA-1) is
// a problem with the line's number and the remedy, and a file with problems is not used at all. No
// message ever repeats a hash, nor any text that might be a password.
//
// Immutable once loaded, shared by all workers; a changed file becomes a new object.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace weir {

class PasswordFile {
 public:
  struct Entry {
    std::string user;
    std::string hash;
    std::size_t line = 0;
  };

  static constexpr std::size_t kMaxFile = std::size_t{16} * 1024 * 1024;  // bytes
  static constexpr std::size_t kMaxLine = 1024;
  static constexpr std::size_t kMaxProblems = 20;  // told one by one

  // What came of loading: a file, or at least one problem.
  struct Loaded {
    std::shared_ptr<const PasswordFile> file;
    std::vector<std::string> problems;  // "users.htpasswd:3: what is wrong; the remedy"
    std::vector<std::string> warnings;  // such as: everybody can read the file
  };

  // Reads the file; blocks. For start-up and reload, never on a worker.
  static Loaded load(const std::string& path);
  // The same from text; `name` is what problems call the file.
  static Loaded parse(std::string_view text, const std::string& name);

  // The stored hash, or empty when there is no such user. Names are compared byte by byte. The view
  // lives as long as this object.
  std::string_view hash_of(std::string_view user) const;

  // The hash of some user, always the same for the same `pick`; empty when there are no users.
  // Names that do not exist are verified against it (and fail), so that they take as long as names
  // that do.
  std::string_view decoy(std::uint64_t pick) const;

  std::size_t users() const { return entries_.size(); }

 private:
  explicit PasswordFile(std::vector<Entry> entries) : entries_(std::move(entries)) {}

  std::vector<Entry> entries_;  // sorted by user, each once
};

}  // namespace weir
