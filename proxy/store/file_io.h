// SPDX-License-Identifier: Apache-2.0
//
// Reading and writing files at an offset until all is done. errno tells why not. Blocking: for the
// disk thread.
#pragma once

#include <sys/uio.h>

#include <cstdint>
#include <string_view>
#include <vector>

namespace weir::store {

// False: an error, or the file ends before; errno is then 0.
bool read_whole(int fd, std::uint64_t at, char* to, std::size_t n);

// As many bytes as there are, up to n; negative: an error.
std::int64_t read_some(int fd, std::uint64_t at, char* to, std::size_t n);

// False: an error; part of it may have been written.
bool write_whole(int fd, std::uint64_t at, std::string_view bytes);

// The same, gathered; `parts` is used up.
bool write_parts(int fd, std::uint64_t at, std::vector<iovec>& parts);

// Bytes of the file; 0 when that cannot be told.
std::uint64_t size_of_file(int fd);

}  // namespace weir::store
