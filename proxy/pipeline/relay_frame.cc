// SPDX-License-Identifier: Apache-2.0
//
// See relay_frame.h.
#include "proxy/pipeline/relay_frame.h"

#include <charconv>
#include <cstring>

#include "filters/body/rewritable.h"
#include "proxy/base/ascii.h"
#include "proxy/http/forward.h"
#include "proxy/pipeline/transform.h"

namespace weir {
namespace {

// Is there more payload than allowed, or as much as somebody wants to know of?
Failure check_payload(RelayPlan& plan) {
  if (plan.most != 0 && plan.payload > plan.most) {
    return plan.too_large;
  }
  if (plan.check_at != 0 && plan.payload >= plan.check_at) {
    return plan.watch->grown(plan.payload, plan.check_at);
  }
  return Failure::None;
}

// Trailers about a body that is no longer the one they speak of.
std::string_view true_trailers(std::string_view section, Arena& arena) {
  std::string_view out;
  while (!section.empty()) {
    const std::size_t end = section.find("\r\n") + 2;
    const std::string_view line = section.substr(0, end);
    const std::string_view name = line.substr(0, line.find(':'));
    if (!filters::untrue_when_rewritten(name) && !same_ignoring_case(name, "ETag")) {
      out = arena.join({out, line});
    }
    section.remove_prefix(end);
  }
  return out;
}

}  // namespace

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

// One step of the reader.
Failure RelayFrame::take_run(RelayPlan& plan, std::string_view& run) {
  const http::BodyStep step = plan.reader->next(plan.in->unread());
  if (step.bad) {
    return plan.reader->bad_trailer() ? plan.bad_trailer : plan.bad_body;
  }
  run = step.payload;
  plan.in->use(step.used);
  plan.received += step.used;
  return Failure::None;
}

Failure RelayFrame::take_runs(RelayPlan& plan) {
  while (!plan.in->empty() && !plan.reader->over() && run_count_ < kRuns) {
    std::string_view run;
    if (const Failure why = take_run(plan, run); why != Failure::None) {
      return why;
    }
    if (!run.empty()) {
      add_run(run);
    }
  }
  plan.payload += run_bytes_;
  return check_payload(plan);
}

Failure RelayFrame::add_end(RelayPlan& plan) {
  ended_ = true;
  std::string_view trailers;
  if (!plan.reader->trailers().empty() &&
      !http::write_trailers(plan.reader->trailers(), *plan.arena, trailers)) {
    return plan.bad_trailer;
  }
  if (plan.transform != nullptr) {
    trailers = true_trailers(trailers, *plan.arena);
  }
  if (plan.chunked) {
    add("0\r\n");
    add(plan.keep_trailers ? trailers : std::string_view());
    add("\r\n");
  }
  return Failure::None;
}

void RelayFrame::lay_out(RelayPlan& plan) {
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
}

Failure RelayFrame::gather(RelayPlan& plan) {
  first_ = count_ = run_count_ = 0;
  run_bytes_ = 0;
  if (const Failure why = take_runs(plan); why != Failure::None) {
    return why;
  }
  lay_out(plan);
  return plan.reader->over() && !ended_ ? add_end(plan) : Failure::None;
}

Failure RelayFrame::next_payload(RelayPlan& plan) {
  if (!rest_.empty() || plan.in->empty() || plan.reader->over()) {
    return Failure::None;
  }
  if (const Failure why = take_run(plan, rest_); why != Failure::None) {
    return why;
  }
  plan.payload += rest_.size();
  return check_payload(plan);
}

// Goes on until `to` is full, more input is needed, or it is somebody else's turn.
Failure RelayFrame::change(RelayPlan& plan, std::span<char> to, std::size_t& made) {
  BodyTransform& transform = *plan.transform;
  busy_ = hungry_ = false;
  while (made < to.size() && !busy_ && !hungry_) {
    if (const Failure why = next_payload(plan); why != Failure::None) {
      return why;
    }
    const bool last = plan.reader->over();
    const bool dry = rest_.empty() && (last || plan.in->empty());
    const filters::BodyFlow flow = transform.step(rest_, last, to.subspan(made));
    rest_.remove_prefix(flow.used);
    made += flow.made;
    if (transform.failure() != Failure::None) {
      return transform.failure();
    }
    busy_ = transform.busy();
    if (!busy_ && !rest_.empty() && flow.used == 0 && flow.made == 0) {
      return Failure::Internal;  // a transform takes what it is offered or makes something
    }
    hungry_ = !busy_ && dry && flow.made == 0;
  }
  return Failure::None;
}

Failure RelayFrame::lay_out_changed(RelayPlan& plan, std::string_view made) {
  first_ = count_ = run_count_ = 0;
  run_bytes_ = made.size();
  if (!made.empty()) {
    runs_[run_count_++] = made;
  }
  lay_out(plan);
  const bool over = plan.reader->over() && rest_.empty() && plan.transform->over();
  if (hungry_ && plan.reader->over() && !over) {
    return Failure::Internal;  // a transform must end when its input has ended
  }
  return over ? add_end(plan) : Failure::None;
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
