// SPDX-License-Identifier: Apache-2.0
//
// The built-in block pages, compiled: HTML and plain text, English and Chinese. A further language
// is a row in language.h and its words here.
#pragma once

#include <string>

#include "proxy/http/language.h"
#include "proxy/http/page_template.h"

namespace weir::http {

const PageTemplate& block_html(Language language);
const PageTemplate& block_text(Language language);
// The source of block_html.
const std::string& block_html_source(Language language);

}  // namespace weir::http
