// SPDX-License-Identifier: Apache-2.0
//
// Secrets (passwords and what contains them) in a type that cannot be printed, logged, compared or
// copied by accident: to see the bytes one must say reveal(), which is easy to search for. The
// bytes are wiped when the secret dies, in a way the compiler may not leave out.
//
// A Secret belongs to one owner and one thread at a time; a SecretView must not outlive its Secret.
#pragma once

#include <string.h>  // explicit_bzero

#include <array>
#include <cstddef>
#include <span>
#include <string_view>

#include "proxy/base/assert.h"

namespace weir {

class SecretView {
 public:
  SecretView() = default;
  explicit SecretView(std::string_view text) : text_(text) {}
  std::string_view reveal() const { return text_; }
  std::size_t size() const { return text_.size(); }

 private:
  std::string_view text_;
};

// At most kCapacity bytes, always followed by a NUL for the sake of C libraries. Never on the heap
// by itself, so that no reallocation leaves a copy behind.
template <std::size_t kCapacity>
class Secret {
 public:
  Secret() = default;
  Secret(const Secret&) = delete;
  Secret& operator=(const Secret&) = delete;
  ~Secret() { wipe(); }

  // Requires `from` fits.
  void assign(SecretView from) {
    WEIR_ASSERT(from.size() <= kCapacity);
    wipe();
    from.reveal().copy(bytes_.data(), from.size());
    size_ = from.size();
  }
  // Room to write into; say with resize() how much of it was used.
  std::span<char> room() { return std::span<char>(bytes_.data(), kCapacity); }
  void resize(std::size_t size) {
    WEIR_ASSERT(size <= kCapacity);
    size_ = size;
  }
  void wipe() {
    ::explicit_bzero(bytes_.data(), bytes_.size());
    size_ = 0;
  }

  SecretView view() const { return SecretView(std::string_view(bytes_.data(), size_)); }
  std::size_t size() const { return size_; }
  // NUL-terminated, for crypt(3). Requires that the bytes hold no NUL of their own.
  const char* reveal_c_str() const { return bytes_.data(); }

 private:
  std::array<char, kCapacity + 1> bytes_{};
  std::size_t size_ = 0;
};

}  // namespace weir
