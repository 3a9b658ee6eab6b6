// SPDX-License-Identifier: Apache-2.0
//
// The names under which an answer may be saved (RFC 6266). Browsers read Content-Disposition with
// leniency, each with its own: one undoes escapes in `filename`, another ends it at a blank, both
// undo the encoded words of mail (RFC 2047). A rule on file names has to hold for what any of them
// would save, so every reading is a name. Only names to compare: nothing is ever opened by one.
#pragma once

#include "filters/subject.h"
#include "proxy/base/arena.h"

namespace weir::filters {

// Sets subject.file_names from all Content-Disposition fields of subject.response: each `filename`
// and `filename*` (RFC 8187), without folders before it and without the dots and blanks behind it
// that no system keeps. The last segment of subject.path is one, too, unless there is a name that
// every browser understands. At most eight: the first seven and the last; that there are more
// is told by subject.more_file_names. They live in `arena` or where the fields do. Cost: linear in
// the fields.
void set_file_names(Subject& subject, Arena& arena);

}  // namespace weir::filters
