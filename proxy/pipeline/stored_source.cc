// SPDX-License-Identifier: Apache-2.0
//
// See stored_source.h.
#include "proxy/pipeline/stored_source.h"

#include <algorithm>

namespace weir {
namespace {

using What = store::Part::What;

std::uint64_t size_of(const StoredPiece& piece) {
  return piece.text.empty() ? piece.size : piece.text.size();
}

// No more of it than `most`.
void shorten(StoredPart& part, std::uint64_t most) {
  if (part.what == What::Bytes) {
    part.bytes = part.bytes.substr(
        0, static_cast<std::size_t>(std::min<std::uint64_t>(most, part.bytes.size())));
  } else if (part.what == What::File) {
    part.length = std::min(part.length, most);
  }
}

}  // namespace

StoredPart StoredSource::next(std::uint64_t most, const std::shared_ptr<Knock>& knock) {
  while (piece_ < use_.pieces.size() && done_ == size_of(use_.pieces[piece_])) {
    ++piece_;
    done_ = 0;
  }
  StoredPart part;
  if (piece_ == use_.pieces.size()) {
    part.what = What::End;
    return part;
  }
  const StoredPiece& piece = use_.pieces[piece_];
  const std::uint64_t left = size_of(piece) - done_;
  if (!piece.text.empty()) {
    part.what = What::Bytes;
    part.bytes = piece.text.substr(static_cast<std::size_t>(done_));
  } else if (use_.filling) {
    part = from_filling(piece.first + done_, left, knock);
  } else {
    part = from_entry(piece.first + done_, left);
  }
  shorten(part, std::min(left, most));
  return part;
}

void StoredSource::used(std::uint64_t n) {
  done_ += n;
  if (use_.follower && use_.pieces[piece_].text.empty()) {
    use_.follower->used(n);
  }
}

StoredPart StoredSource::from_entry(std::uint64_t at, std::uint64_t most) const {
  StoredPart part;
  const auto& runs = use_.entry->runs;
  const auto run = std::find_if(runs.begin(), runs.end(), [at](const store::Run& r) {
    return at >= r.first && at < r.first + r.body->size();
  });
  if (run == runs.end()) {
    part.what = What::Failed;
    part.why = Failure::StoredUnreadable;
    return part;
  }
  const std::uint64_t inside = at - run->first;
  if (run->body->extent() == nullptr) {
    part.what = What::Bytes;
    part.bytes = run->body->from(inside);
    return part;
  }
  store::Extent& extent = *run->body->extent();
  part.what = What::File;
  part.fd = extent.fd();
  part.at = extent.base() + inside;
  part.length = std::min(most, extent.size() - inside);
  part.extent = &extent;
  part.extent_at = inside;
  return part;
}

StoredPart StoredSource::from_filling(std::uint64_t at, std::uint64_t most,
                                      const std::shared_ptr<Knock>& knock) {
  StoredPart part;
  if (done_ == 0) {
    use_.follower->move_to(at);
  }
  static_cast<store::Part&>(part) = use_.follower->next(knock);
  if (part.what == What::End && most != 0 && use_.pieces[piece_].size != UINT64_MAX) {
    part.what = What::Failed;  // shorter than it was said to be
    part.why = Failure::OriginCut;
  }
  return part;
}

}  // namespace weir
