// SPDX-License-Identifier: Apache-2.0
//
// See date.h. Calendar arithmetic is the library's (std::chrono), not ours.
#include "proxy/http/date.h"

#include <chrono>

#include "proxy/base/ascii.h"

namespace weir::http {
namespace {

using std::string_view;

constexpr std::array<string_view, 7> kDays = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
constexpr std::array<string_view, 7> kLongDays = {"Sunday",   "Monday", "Tuesday", "Wednesday",
                                                  "Thursday", "Friday", "Saturday"};
constexpr std::array<string_view, 12> kMonths = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                 "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};

char* put_digits(char* to, unsigned value, int digits) {
  for (int i = digits - 1; i >= 0; --i) {
    to[i] = static_cast<char>('0' + value % 10);
    value /= 10;
  }
  return to + digits;
}

char* put(char* to, string_view text) {
  return to + text.copy(to, text.size());
}

// Takes a date apart from the left. After the first thing that is not as it should be nothing fits.
class Reader {
 public:
  explicit Reader(string_view text) : rest_(text) {}

  void literal(string_view text) {
    good_ = good_ && starts_with_ignoring_case(rest_, text);
    rest_.remove_prefix(good_ ? text.size() : 0);
  }

  int digits(std::size_t count) {
    good_ = good_ && rest_.size() >= count && all(rest_.substr(0, count), kDigit);
    int value = 0;
    for (std::size_t i = 0; good_ && i < count; ++i) {
      value = value * 10 + (rest_[i] - '0');
    }
    rest_.remove_prefix(good_ ? count : 0);
    return value;
  }

  // Two digits, or a space and one (asctime).
  int padded() {
    if (!rest_.starts_with(' ')) {
      return digits(2);
    }
    rest_.remove_prefix(1);
    return digits(1);
  }

  // The place of the name that comes next.
  template <std::size_t N>
  int one_of(const std::array<string_view, N>& names) {
    for (std::size_t i = 0; good_ && i < N; ++i) {
      if (starts_with_ignoring_case(rest_, names[i])) {
        rest_.remove_prefix(names[i].size());
        return static_cast<int>(i);
      }
    }
    good_ = false;
    return 0;
  }

  bool done() const { return good_ && rest_.empty(); }

 private:
  string_view rest_;
  bool good_ = true;
};

struct Civil {
  int year = 0;
  int month = 0;  // from 0
  int day = 0;
  int hour = 0;
  int minute = 0;
  int second = 0;
};

void read_time(Reader& in, Civil& out) {
  out.hour = in.digits(2);
  in.literal(":");
  out.minute = in.digits(2);
  in.literal(":");
  out.second = in.digits(2);
}

// The year with these last two digits that is nearest to `now`, half a century to either side.
int full_year(int two_digits, WallTime now) {
  using namespace std::chrono;
  const auto today = floor<days>(sys_seconds{seconds{now.us / kSecond}});
  const int year = static_cast<int>(year_month_day{today}.year());
  int out = year - year % 100 + two_digits;
  if (out > year + 50) {
    out -= 100;
  } else if (out <= year - 50) {
    out += 100;
  }
  return out;
}

bool read_imf(string_view text, Civil& out) {
  Reader in(text);
  in.one_of(kDays);
  in.literal(", ");
  out.day = in.digits(2);
  in.literal(" ");
  out.month = in.one_of(kMonths);
  in.literal(" ");
  out.year = in.digits(4);
  in.literal(" ");
  read_time(in, out);
  in.literal(" GMT");
  return in.done();
}

bool read_rfc850(string_view text, WallTime now, Civil& out) {
  Reader in(text);
  in.one_of(kLongDays);
  in.literal(", ");
  out.day = in.digits(2);
  in.literal("-");
  out.month = in.one_of(kMonths);
  in.literal("-");
  out.year = full_year(in.digits(2), now);
  in.literal(" ");
  read_time(in, out);
  in.literal(" GMT");
  return in.done();
}

bool read_asctime(string_view text, Civil& out) {
  Reader in(text);
  in.one_of(kDays);
  in.literal(" ");
  out.month = in.one_of(kMonths);
  in.literal(" ");
  out.day = in.padded();
  in.literal(" ");
  read_time(in, out);
  in.literal(" ");
  out.year = in.digits(4);
  return in.done();
}

}  // namespace

string_view DateText::at(WallTime now) {
  const std::int64_t second = now.us / kSecond;
  if (second != second_) {
    write_date(second, text_.data());
    second_ = second;
  }
  return {text_.data(), kDateLength};
}

void write_date(std::int64_t second, char* out) {
  using namespace std::chrono;
  const sys_seconds time{seconds{second}};
  const auto day = floor<days>(time);
  const year_month_day date{day};
  const hh_mm_ss clock{time - day};
  out = put(out, kDays[weekday{day}.c_encoding()]);
  out = put_digits(put(out, ", "), static_cast<unsigned>(date.day()), 2);
  out = put(put(out, " "), kMonths[static_cast<unsigned>(date.month()) - 1]);
  out = put_digits(put(out, " "), static_cast<unsigned>(static_cast<int>(date.year())), 4);
  out = put_digits(put(out, " "), static_cast<unsigned>(clock.hours().count()), 2);
  out = put_digits(put(out, ":"), static_cast<unsigned>(clock.minutes().count()), 2);
  out = put_digits(put(out, ":"), static_cast<unsigned>(clock.seconds().count()), 2);
  put(out, " GMT");
}

std::optional<std::int64_t> parse_date(string_view text, WallTime now) {
  using namespace std::chrono;
  Civil at;
  if (!read_imf(text, at) && !read_rfc850(text, now, at) && !read_asctime(text, at)) {
    return std::nullopt;
  }
  const year_month_day date{year{at.year}, month{static_cast<unsigned>(at.month) + 1},
                            day{static_cast<unsigned>(at.day)}};
  // A leap second is a second like the next (RFC 9110 5.6.7 allows 60).
  if (!date.ok() || at.hour > 23 || at.minute > 59 || at.second > 60) {
    return std::nullopt;
  }
  const auto days_since = sys_days{date}.time_since_epoch().count();
  return std::int64_t{days_since} * 86'400 + at.hour * 3600 + at.minute * 60 + at.second;
}

}  // namespace weir::http
