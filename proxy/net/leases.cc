// SPDX-License-Identifier: Apache-2.0
//
// See leases.h. The formats, as their servers write them:
//
//   dnsmasq  1767225600 02:57:65:69:72:07 192.168.1.20 toms-phone 01:02:57:65:69:72:07
//            1767225600 1234567 fd00::20 toms-phone 00:01:00:01:…      (number: an IAID, no MAC)
//   odhcpd   # br-lan 025765697207 ipv4 toms-phone 1767225600 64 32 192.168.1.20/32
//            # br-lan 0001000130… 1a2b toms-phone 1767225600 20 128 fd00::20/128
//   dhcpd    lease 192.168.1.20 {
//              ends 4 2026/01/01 00:00:00;
//              binding state active;
//              hardware ethernet 02:57:65:69:72:07;
//              client-hostname "toms-phone";
//            }
//   Kea      address,hwaddr,client_id,valid_lifetime,expire,…,hostname,state,…   and such lines
#include "proxy/net/leases.h"

#include <algorithm>
#include <chrono>

#include "proxy/base/ascii.h"

namespace weir {
namespace {

constexpr std::size_t kLineMost = 4096;
constexpr std::size_t kColumnsMost = 24;
constexpr std::uint64_t kForEver = UINT32_MAX;  // a lifetime of DHCP's own (RFC 2131 3.3)

using Words = std::vector<std::string_view>;

void split(std::string_view line, char at, Words& out) {
  out.clear();
  while (!line.empty() && out.size() < kColumnsMost) {
    const std::size_t end = std::min(line.find(at), line.size());
    if (end > 0 || at != ' ') {
      out.push_back(line.substr(0, end));
    }
    line.remove_prefix(std::min(end + 1, line.size()));
  }
}

std::int64_t seconds_of(std::string_view text) {
  const auto number = parse_decimal(text);
  return number && *number <= INT64_MAX ? static_cast<std::int64_t>(*number) : 0;
}

// Twelve digits without anything between them, as odhcpd writes a hardware address.
std::optional<MacAddress> bare_mac(std::string_view text) {
  std::string parted;
  for (std::size_t i = 0; i < text.size() && text.size() == 12; i += 2) {
    parted.append(i == 0 ? "" : ":").append(text.substr(i, 2));
  }
  return parse_mac(parted);
}

// "4 2026/01/01 00:00:00" in UTC, "epoch 1767225600", "never". What cannot be read has ended.
std::int64_t end_of_isc(const Words& words) {
  constexpr std::int64_t kLongAgo = 1;
  if (words.size() >= 2 && words[1] == "never") {
    return 0;
  }
  if (words.size() >= 3 && words[1] == "epoch") {
    return std::max(seconds_of(words[2]), kLongAgo);
  }
  Words date;
  Words time;
  if (words.size() < 4) {
    return kLongAgo;
  }
  split(words[2], '/', date);
  split(words[3], ':', time);
  if (date.size() != 3 || time.size() != 3) {
    return kLongAgo;
  }
  using namespace std::chrono;
  const year_month_day day(
      year(static_cast<int>(std::min<std::int64_t>(seconds_of(date[0]), 9999))),
      month(static_cast<unsigned>(seconds_of(date[1]) & 0xff)),
      std::chrono::day(static_cast<unsigned>(seconds_of(date[2]) & 0xff)));
  if (!day.ok()) {
    return kLongAgo;
  }
  return duration_cast<seconds>(sys_days(day).time_since_epoch()).count() +
         seconds_of(time[0]) * 3600 + seconds_of(time[1]) * 60 + seconds_of(time[2]);
}

class Reading {
 public:
  Reading(std::vector<Lease>& out, std::size_t most) : out_(out), most_(most) {}

  bool full() const { return out_.size() >= most_; }

  void take(std::string_view line) {
    while (!line.empty() && (line.back() == '\r' || line.back() == ' ' || line.back() == '\t')) {
      line.remove_suffix(1);
    }
    const bool indented = !line.empty() && (line.front() == ' ' || line.front() == '\t');
    line.remove_prefix(std::min(line.find_first_not_of(" \t"), line.size()));
    if (line.empty() || line.size() > kLineMost) {
      return;
    }
    if (line.starts_with("address,")) {
      split(line, ',', columns_);
      return;
    }
    if (!columns_.empty()) {
      return take_kea(line);
    }
    split(in_block_ ? line.substr(0, line.find(';')) : line, ' ', words_);
    if (words_.empty()) {
      return;
    }
    if (in_block_ || (words_[0] == "lease" && !indented)) {
      return take_isc(line);
    }
    words_[0] == "#" ? take_odhcpd() : take_dnsmasq();
  }

 private:
  void add(std::string_view address, std::optional<MacAddress> mac, std::string_view name,
           std::int64_t until, bool active = true) {
    if (const auto parsed = IpAddress::parse(address)) {
      out_.push_back({*parsed, mac, plain_name(name), until, active});
    }
  }

  void take_dnsmasq() {
    if (words_.size() >= 4 && parse_decimal(words_[0])) {
      add(words_[2], parse_mac(words_[1]), words_[3], seconds_of(words_[0]));
    }
  }

  void take_odhcpd() {
    constexpr std::size_t kFirstAddress = 8;
    if (words_.size() <= kFirstAddress) {
      return;
    }
    const auto mac = words_[3] == "ipv4" ? bare_mac(words_[2]) : std::nullopt;
    const std::int64_t until =
        words_[5] == "-1" ? 0 : std::max(seconds_of(words_[5]), std::int64_t{1});
    for (std::size_t i = kFirstAddress; i < words_.size() && !full(); ++i) {
      add(words_[i].substr(0, words_[i].find('/')), mac, words_[4], until);
    }
  }

  void take_isc(std::string_view line) {
    if (!in_block_) {
      const auto address =
          words_.size() >= 3 && words_[2] == "{" ? IpAddress::parse(words_[1]) : std::nullopt;
      in_block_ = address.has_value();
      block_ = Lease{address.value_or(IpAddress()), std::nullopt, {}, 0, true};
      return;
    }
    if (line == "}") {
      in_block_ = false;
      out_.push_back(block_);
      return;
    }
    if (words_[0] == "ends") {
      block_.until = end_of_isc(words_);
    } else if (words_[0] == "binding" && words_.size() == 3) {
      block_.active = words_[2] == "active";
    } else if (words_[0] == "hardware" && words_.size() == 3 && words_[1] == "ethernet") {
      block_.mac = parse_mac(words_[2]);
    } else if (words_[0] == "client-hostname" && words_.size() == 2) {
      const std::string_view quoted = words_[1];
      const bool whole = quoted.size() > 2 && quoted.front() == '"' && quoted.back() == '"';
      block_.name = whole ? plain_name(quoted.substr(1, quoted.size() - 2)) : std::string();
    }
  }

  std::string_view column(std::string_view name) const {
    const auto at = std::ranges::find(columns_, name);
    const auto index = static_cast<std::size_t>(at - columns_.begin());
    return at != columns_.end() && index < words_.size() ? words_[index] : std::string_view();
  }

  // State 0 is a lease; 1 is one that was declined, 2 one that has ended. The file is a journal.
  void take_kea(std::string_view line) {
    split(line, ',', words_);
    const bool for_ever = parse_decimal(column("valid_lifetime")) == kForEver;
    const std::string_view state = column("state");
    const std::int64_t until = std::max(seconds_of(column("expire")), std::int64_t{1});
    add(column("address"), parse_mac(column("hwaddr")), column("hostname"), for_ever ? 0 : until,
        state.empty() || state == "0");
  }

  std::vector<Lease>& out_;
  const std::size_t most_;
  Words words_;
  Words columns_;  // of Kea
  Lease block_;    // of dhcpd
  bool in_block_ = false;
};

bool holds(const Lease& lease, WallTime now) {
  return lease.until == 0 || lease.until > now.us / kSecond;
}

}  // namespace

std::vector<Lease> parse_leases(std::string_view text, std::size_t most) {
  std::vector<Lease> out;
  Reading reading(out, most);
  while (!text.empty() && !reading.full()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    reading.take(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return out;
}

LeaseTable::LeaseTable(std::vector<Lease> leases) : leases_(std::move(leases)) {
  // Of one address what was written last holds.
  std::ranges::stable_sort(leases_, {}, &Lease::address);
  std::size_t kept = 0;
  for (std::size_t i = 0; i < leases_.size(); ++i) {
    const bool last = i + 1 == leases_.size() || leases_[i + 1].address != leases_[i].address;
    if (last && leases_[i].active && kept < kMost) {
      if (kept != i) {
        leases_[kept] = std::move(leases_[i]);
      }
      ++kept;
    }
  }
  leases_.resize(kept);
  for (std::uint32_t i = 0; i < leases_.size(); ++i) {
    if (leases_[i].mac && !leases_[i].name.empty()) {
      named_.emplace_back(*leases_[i].mac, i);
    }
  }
  std::ranges::sort(named_);
}

const Lease* LeaseTable::of(const IpAddress& address, WallTime now) const {
  const auto at = std::ranges::lower_bound(leases_, address, {}, &Lease::address);
  return at != leases_.end() && at->address == address && holds(*at, now) ? &*at : nullptr;
}

const Lease* LeaseTable::of(const MacAddress& mac, WallTime now) const {
  const std::pair<MacAddress, std::uint32_t> from{mac, 0};
  for (auto at = std::ranges::lower_bound(named_, from); at != named_.end() && at->first == mac;
       ++at) {
    if (holds(leases_[at->second], now)) {
      return &leases_[at->second];
    }
  }
  return nullptr;
}

std::vector<const Lease*> LeaseTable::named(std::string_view name, WallTime now) const {
  std::vector<const Lease*> out;
  const std::string wanted = plain_name(name);
  const bool whole = wanted.find('.') != std::string::npos;
  for (const Lease& lease : leases_) {
    const std::string_view own = whole ? std::string_view(lease.name) : first_label(lease.name);
    if (!wanted.empty() && own == wanted && holds(lease, now)) {
      out.push_back(&lease);
    }
  }
  return out;
}

}  // namespace weir
