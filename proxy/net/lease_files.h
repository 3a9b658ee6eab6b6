// SPDX-License-Identifier: Apache-2.0
//
// The lease files of DHCP servers (leases.h), read again when they change. Looking costs a stat()
// for each file; reading happens on the thread that looks, which is no worker's, and is bounded.
// A file that is missing is looked for again; one that was named and cannot be read is told of.
#pragma once

#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "proxy/net/file_stamp.h"
#include "proxy/net/leases.h"

namespace weir {

struct LeaseFileReport {
  std::string path;
  std::size_t leases = 0;
  std::string failure;  // a clause; empty: it was read
};

class LeaseFiles {
 public:
  static constexpr std::size_t kBytesMost = 16 * 1024 * 1024;

  // `files` as in clients.leases: "auto" stands for the places where the servers usually write.
  explicit LeaseFiles(const std::vector<std::string>& files);

  // The leases of all files together, if one of them has changed since the last call; null else.
  // The first call always brings some. One thread.
  std::shared_ptr<const LeaseTable> look(WallTime now);
  // Of the files that are there, and those that were named and cannot be read. Any thread.
  std::vector<LeaseFileReport> report() const;

 private:
  struct File {
    std::string path;
    bool named = false;  // by the operator; the others may be missing
    FileStamp stamp;
    bool unsettled = true;  // it was written just before it was read: it may be half written
    std::vector<Lease> leases;
    std::string failure;
  };
  bool read_again(File& file, WallTime now);

  std::vector<File> files_;
  bool looked_ = false;
  mutable std::mutex mutex_;
  std::vector<LeaseFileReport> report_;  // guarded
};

}  // namespace weir
