// SPDX-License-Identifier: Apache-2.0
//
// See transform.h.
#include "proxy/pipeline/transform.h"

#include <utility>

#include "filters/body/chain.h"

namespace weir {

Failure BodyTransform::failure() const {
  switch (stage_->trouble()) {
    case filters::BodyTrouble::None:
      return Failure::None;
    case filters::BodyTrouble::Malformed:
    case filters::BodyTrouble::Truncated:
      return Failure::OriginBadBody;
    case filters::BodyTrouble::TooDense:
    case filters::BodyTrouble::TooLarge:
    case filters::BodyTrouble::TooMuchNew:
      return Failure::BodyTooDense;
  }
  return Failure::OriginBadBody;
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
