// SPDX-License-Identifier: Apache-2.0
//
// See transform.h.
#include "proxy/pipeline/transform.h"

#include <utility>

#include "filters/body/chain.h"

namespace weir {

Failure BodyTransform::failure() const {
  // Whatever it is, the body was not one that could be handed on; the log's detail says more.
  return stage_->trouble() == filters::BodyTrouble::None ? Failure::None : Failure::OriginBadBody;
}

std::unique_ptr<BodyTransform> make_transform(
    const filters::CodingList& codings, const filters::DecodeLimits& decode_limits,
    std::span<const std::shared_ptr<const filters::Rewriter>> rewriters,
    const filters::RewriteLimits& rewrite_limits) {
  std::unique_ptr<filters::BodyStage> stage;
  if (codings.count > 0 || rewriters.empty()) {
    stage = filters::make_decoder(codings, decode_limits);
  }
  for (const auto& rewriter : rewriters) {
    auto next = rewriter->start(rewrite_limits);
    stage = stage == nullptr ? std::move(next) : filters::chain(std::move(stage), std::move(next));
  }
  return std::make_unique<BodyTransform>(std::move(stage));
}

}  // namespace weir
