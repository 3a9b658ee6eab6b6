// SPDX-License-Identifier: Apache-2.0
//
// See process_figures.h.
#include "proxy/admin/process_figures.h"

#include <dirent.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include <cstdio>
#include <fstream>
#include <string>

#include "proxy/base/ascii.h"

namespace weir::admin {
namespace {

Micros micros_of(const timeval& time) {
  return time.tv_sec * kSecond + time.tv_usec;
}

// The numbers of /proc/self/stat behind the name, which may hold anything, in the order of proc(5):
// the first is field 3.
std::int64_t stat_field(const std::string& stat, int number) {
  std::size_t at = stat.rfind(')');
  for (int field = 2; field < number && at != std::string::npos; ++field) {
    at = stat.find(' ', at + 1);
  }
  const std::size_t begin = at == std::string::npos ? stat.size() : at + 1;
  const std::string_view digits(stat.data() + begin,
                                std::min(stat.find(' ', begin), stat.size()) - begin);
  return static_cast<std::int64_t>(parse_decimal(digits).value_or(0));
}

// When the machine was started, in microseconds since 1970.
Micros boot_time() {
  timespec wall{};
  timespec up{};
  ::clock_gettime(CLOCK_REALTIME, &wall);
  ::clock_gettime(CLOCK_BOOTTIME, &up);
  return (wall.tv_sec - up.tv_sec) * kSecond + (wall.tv_nsec - up.tv_nsec) / 1000;
}

void count_stat(Metrics& into) {
  std::ifstream file("/proc/self/stat");
  std::string stat;
  if (!std::getline(file, stat)) {
    return;
  }
  constexpr int kThreads = 20;
  constexpr int kStarted = 22;
  constexpr int kVirtual = 23;
  constexpr int kResident = 24;
  const std::int64_t ticks = ::sysconf(_SC_CLK_TCK);
  into.set(metric::ProcessThreads, stat_field(stat, kThreads));
  into.set(metric::ProcessVirtual, stat_field(stat, kVirtual));
  into.set(metric::ProcessResident, stat_field(stat, kResident) * ::sysconf(_SC_PAGESIZE));
  if (ticks > 0 && into.value(metric::ProcessStart) == 0) {  // said once: it must not waver
    into.set(metric::ProcessStart, boot_time() + stat_field(stat, kStarted) * kSecond / ticks);
  }
}

void count_descriptors(Metrics& into) {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) == 0) {
    into.set(metric::ProcessMaxFds, static_cast<std::int64_t>(limit.rlim_cur));
  }
  DIR* folder = ::opendir("/proc/self/fd");
  if (folder == nullptr) {
    return;
  }
  std::int64_t count = -3;  // "." and "..", and the one that reads them
  while (::readdir(folder) != nullptr) {
    ++count;
  }
  ::closedir(folder);
  into.set(metric::ProcessFds, count);
}

}  // namespace

void count_process(Metrics& into) {
  rusage used{};
  if (::getrusage(RUSAGE_SELF, &used) == 0) {
    const Micros now = micros_of(used.ru_utime) + micros_of(used.ru_stime);
    into.raise(metric::ProcessCpu, static_cast<std::uint64_t>(now));
  }
  count_stat(into);
  count_descriptors(into);
}

}  // namespace weir::admin
