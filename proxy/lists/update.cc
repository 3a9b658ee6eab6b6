// SPDX-License-Identifier: Apache-2.0
//
// See update.h.
#include "proxy/lists/update.h"

#include "proxy/lists/digest.h"
#include "proxy/lists/stage.h"

namespace weir {
namespace {

std::string called(const filters::ListDocument& list) {
  return "list \"" + list.name + "\": ";
}

// What the server may say is the newest: the version in use, or the one held back.
DownloadOrder order_for(const filters::ListDocument& list, const Kept& kept, bool damaged) {
  DownloadOrder order{list.url, list.timeout, list.max_bytes, {}, {}};
  if (damaged) {
    return order;
  }
  order.etags = kept.current.etag;
  if (!kept.held.etag.empty() && kept.held.etag != kept.current.etag) {
    order.etags += (order.etags.empty() ? "" : ", ") + kept.held.etag;
  }
  order.last_modified = kept.held ? kept.held.last_modified : kept.current.last_modified;
  return order;
}

std::optional<ListBefore> before(const Kept& kept) {
  return kept.current ? std::optional(ListBefore{kept.current.format, kept.current.rules})
                      : std::nullopt;
}

KeptVersion version_of(const Downloaded& got, const ListMeasure& measure, WallTime now) {
  KeptVersion out;
  out.rules = measure.rules;
  out.format = measure.format;
  out.etag = got.etag;
  out.last_modified = got.last_modified;
  out.fetched = now;
  return out;
}

std::string taken_text(const filters::ListDocument& list, const ListMeasure& now,
                       const Kept& kept) {
  std::string out = called(list) + "taken: " + std::to_string(now.rules) + " rules";
  if (kept.current) {
    out += ", " + std::to_string(kept.current.rules) + " before";
  }
  if (now.faulty != 0) {
    out += "; " + std::to_string(now.faulty) + " faulty lines, first " + now.first_fault;
  }
  return out;
}

}  // namespace

Updated Updater::failed(const List& list, const std::string& why) {
  if (downloader_.stopped()) {
    return {ListOutcome::Failed, {}};  // the list's server is not to blame
  }
  // What cannot be noted either is said all the same.
  static_cast<void>(store_.fail(list, why));
  return {ListOutcome::Failed, called(list) + "not updated: " + why};
}

Updated Updater::update(const List& list, WallTime now) {
  const auto known = store_.look(list);
  const Kept kept = known.value_or(Kept{});
  const bool damaged = !known || (kept.current && !store_.read(list, kept.current)) ||
                       (kept.held && !store_.read(list, kept.held));
  auto got = downloader_.fetch(order_for(list, kept, damaged));
  if (!got) {
    return failed(list, got.error());
  }
  return got->unchanged ? unchanged(list, kept, *got, now)
                        : judge(list, kept, std::move(*got), damaged, now);
}

// The server has nothing newer. A version that is held back is judged again, since the limits may
// be others now; and is forgotten when the server went back to the one in use.
Updated Updater::unchanged(const List& list, const Kept& kept, const Downloaded& got,
                           WallTime now) {
  const bool went_back =
      kept.held && !got.etag.empty() && got.etag == kept.current.etag && got.etag != kept.held.etag;
  if (kept.held && !went_back) {
    Downloaded held;
    held.bytes = store_.read(list, kept.held).value_or(std::string());
    held.etag = kept.held.etag;
    held.last_modified = kept.held.last_modified;
    return stage(list, kept, std::move(held), now);
  }
  auto done = store_.confirm(list, now);
  if (done && went_back) {
    done = store_.forget_held(list);
  }
  return done ? Updated{} : failed(list, done.error());
}

Updated Updater::judge(const List& list, const Kept& kept, Downloaded got, bool damaged,
                       WallTime now) {
  if (!damaged && kept.current && sha256_hex(got.bytes) == kept.current.sha256) {
    // The same once more, perhaps under another ETag.
    KeptVersion version = kept.current;
    version.etag = got.etag;
    version.last_modified = got.last_modified;
    version.fetched = now;
    const auto done = store_.take(list, got.bytes, std::move(version));
    return done ? Updated{} : failed(list, done.error());
  }
  return stage(list, kept, std::move(got), now);
}

Updated Updater::stage(const List& list, const Kept& kept, Downloaded got, WallTime now) {
  const auto measure = measure_list(list, got.bytes);
  const std::string reason =
      measure ? why_held_back(list, *measure, before(kept)) : measure.error();
  if (reason.empty()) {
    const auto done = store_.take(list, got.bytes, version_of(got, *measure, now));
    return done ? Updated{ListOutcome::Taken, taken_text(list, *measure, kept)}
                : failed(list, done.error());
  }
  const bool said = kept.held && kept.held.sha256 == sha256_hex(got.bytes);
  const auto done =
      store_.hold(list, got.bytes, version_of(got, measure.value_or(ListMeasure{}), now), reason);
  if (!done) {
    return failed(list, done.error());
  }
  return {ListOutcome::HeldBack,
          said ? std::string() : called(list) + "new version held back: " + reason};
}

}  // namespace weir
