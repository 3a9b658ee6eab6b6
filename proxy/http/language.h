// SPDX-License-Identifier: Apache-2.0
//
// What a client would rather have: the weights in Accept and Accept-Language (RFC 9110 12.4.2), and
// which of the languages that Weir's own pages are written in.
#pragma once

#include <cstdint>
#include <string_view>

#include "proxy/http/message.h"

namespace weir::http {

// One element of Accept, Accept-Language or their like, taken apart.
struct Weighed {
  std::string_view range;  // before the first ';', trimmed
  int thousandths = 1000;  // the weight; 1000 when there is none or it is malformed
};
Weighed weigh(std::string_view element);

enum class Language : std::uint8_t { English, Chinese };

// The one with the higher weight in Accept-Language, by RFC 4647 3.4: "zh-CN" asks for Chinese, "*"
// for whatever is not named. Of equal weights the one named first; English when neither is wanted.
Language preferred_language(const Fields& fields);

// For Content-Language and the page's lang: "en", "zh-Hans".
std::string_view language_tag(Language language);

}  // namespace weir::http
