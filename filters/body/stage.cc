// SPDX-License-Identifier: Apache-2.0
//
// The words for what can go wrong while a body is changed.
#include "filters/body/stage.h"

namespace weir::filters {

std::string_view trouble_text(BodyTrouble trouble) {
  switch (trouble) {
    case BodyTrouble::None:
      return "";
    case BodyTrouble::Malformed:
      return "it is not what its content coding says";
    case BodyTrouble::Truncated:
      return "it ended in the middle of its content coding";
    case BodyTrouble::TooDense:
      return "it decodes to suspiciously many bytes for its size";
    case BodyTrouble::TooLarge:
      return "it decodes to more bytes than are allowed";
    case BodyTrouble::TooMuchNew:
      return "replacements made it larger than is allowed";
  }
  return "";
}

}  // namespace weir::filters
