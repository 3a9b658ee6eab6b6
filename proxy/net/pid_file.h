// SPDX-License-Identifier: Apache-2.0
//
// The file that says which process is to be told to stop. It is written with the rights of the
// start, never through a link, and stays whose it is then: a file that a user with less rights may
// change would let that user choose whom root's scripts kill. What cannot be removed later, without
// those rights, is emptied, so that it names nobody.
#pragma once

#include <sys/types.h>

#include <string>

namespace weir {

class PidFile {
 public:
  PidFile() = default;
  ~PidFile();
  PidFile(const PidFile&) = delete;
  PidFile& operator=(const PidFile&) = delete;

  // Writes it; false, and errno, if that cannot be. At most once.
  bool write(const std::string& path, pid_t pid);

  // To the process whose pid is in it: this one, which has less rights from now on, keeps no way of
  // writing there, and removes nothing.
  void leave();

  // Removes what was written, or else empties it, unless it names another process by now. Any
  // thread.
  void remove() const;

  // The same for one that another process wrote for this pid.
  static void remove(const std::string& path, pid_t pid);

 private:
  bool open(const std::string& path, pid_t pid, int how);

  std::string path_;
  std::string text_;
  int fd_ = -1;
};

}  // namespace weir
