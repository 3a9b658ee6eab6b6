// SPDX-License-Identifier: Apache-2.0
//
// See relay_frame.h.
#include "proxy/pipeline/relay_frame.h"

#include <charconv>
#include <cstring>

#include "proxy/http/forward.h"

namespace weir {

void RelayFrame::add(std::string_view text) {
  if (!text.empty()) {
    parts_[count_++] = {const_cast<char*>(text.data()), text.size()};
  }
}

void RelayFrame::add_size_line(std::uint64_t n) {
  char* end = std::to_chars(size_line_.data(), size_line_.data() + 16, n, 16).ptr;
  *end++ = '\r';
  *end++ = '\n';
  add({size_line_.data(), static_cast<std::size_t>(end - size_line_.data())});
}

void RelayFrame::add_run(std::string_view run) {
  run_bytes_ += run.size();
  if (run_count_ > 0 && run.size() <= kShort) {
    // Both lie in the same buffer, this one behind the other: close the gap between them.
    std::string_view& last = runs_[run_count_ - 1];
    char* const end = const_cast<char*>(last.data()) + last.size();
    std::memmove(end, run.data(), run.size());
    last = {last.data(), last.size() + run.size()};
    return;
  }
  runs_[run_count_++] = run;
}

Failure RelayFrame::take_runs(RelayPlan& plan) {
  while (!plan.in->empty() && !plan.reader->over() && run_count_ < kRuns) {
    const http::BodyStep step = plan.reader->next(plan.in->unread());
    if (step.bad) {
      return plan.reader->bad_trailer() ? plan.bad_trailer : plan.bad_body;
    }
    if (!step.payload.empty()) {
      add_run(step.payload);
    }
    plan.in->use(step.used);
    plan.received += step.used;
  }
  plan.payload += run_bytes_;
  return plan.most != 0 && plan.payload > plan.most ? plan.too_large : Failure::None;
}

Failure RelayFrame::add_end(RelayPlan& plan) {
  ended_ = true;
  std::string_view trailers;
  if (!plan.reader->trailers().empty() &&
      !http::write_trailers(plan.reader->trailers(), *plan.arena, trailers)) {
    return plan.bad_trailer;
  }
  if (plan.chunked) {
    add("0\r\n");
    add(plan.keep_trailers ? trailers : std::string_view());
    add("\r\n");
  }
  return Failure::None;
}

Failure RelayFrame::gather(RelayPlan& plan) {
  first_ = count_ = run_count_ = 0;
  run_bytes_ = 0;
  if (const Failure why = take_runs(plan); why != Failure::None) {
    return why;
  }
  add(std::exchange(owed_, {}));
  add(std::exchange(plan.prefix, {}));
  if (plan.chunked && run_bytes_ > 0) {
    add_size_line(run_bytes_);
  }
  for (std::size_t i = 0; i < run_count_; ++i) {
    add(runs_[i]);
  }
  if (plan.chunked && run_bytes_ > 0) {
    add("\r\n");
  }
  return plan.reader->over() && !ended_ ? add_end(plan) : Failure::None;
}

void RelayFrame::announce(RelayPlan& plan, std::uint64_t n) {
  first_ = count_ = 0;
  add(std::exchange(owed_, {}));
  if (plan.chunked) {
    add_size_line(n);
    owed_ = "\r\n";
  }
}

void RelayFrame::written(std::size_t n) {
  while (n > 0 && first_ < count_) {
    iovec& part = parts_[first_];
    if (n < part.iov_len) {
      part.iov_base = static_cast<char*>(part.iov_base) + n;
      part.iov_len -= n;
      return;
    }
    n -= part.iov_len;
    ++first_;
  }
}

}  // namespace weir
