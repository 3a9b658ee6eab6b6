// SPDX-License-Identifier: Apache-2.0
//
// Carries adjustments out: the query and the fields of a request, the fields of a response. Pure
// functions; what they compose lives in the arena, and where nothing applies they give back what
// they were given and compose nothing. Fields that frame a message or name its next hop are never
// touched, whoever asks.
#pragma once

#include <span>
#include <string_view>

#include "filters/policy/adjustments.h"
#include "proxy/base/arena.h"

namespace weir::filters {

struct FieldLine {
  std::string_view name;
  std::string_view value;
};

// The lines with all field adjustments and list edits of the request, or of the response, in order.
// The same span when nothing changes.
std::span<const FieldLine> edit_request(std::span<const FieldLine> lines,
                                        const Adjustments& adjustments, Arena& arena);
std::span<const FieldLine> edit_response(std::span<const FieldLine> lines,
                                         const Adjustments& adjustments, Arena& arena);
bool edits_request(const Adjustments& adjustments);
bool edits_response(const Adjustments& adjustments);

// The path and query with the parameters of strip_query taken out. Names are compared after
// decoding; what stays keeps its bytes and its order, and no '?' is left without a query.
std::string_view strip_query(std::string_view path, const Adjustments& adjustments, Arena& arena);

// The path and query, as they were sent, without the parameters that lists have taken out of `url`,
// which is the same URL normalised (url.h); `left` is what they have left of it. What stays keeps
// its bytes and its order.
std::string_view take_out(std::string_view path, std::string_view url, std::string_view left,
                          Arena& arena);

// The path and query with exactly one parameter `name`, of this value; appended unless it stands
// there as it should.
std::string_view force_parameter(std::string_view path, std::string_view name,
                                 std::string_view value, Arena& arena);

// Whether rules put something into a request to `host` that its URL does not tell, or send it
// another way: then what comes is for those whom the rules mean, and theirs is not for others.
bool asks_otherwise(const Verdict& verdict, const Adjustments& adjustments, std::string_view host);

// Whether an action may change the field of this name: it is a token, and neither frames the
// message nor belongs to one hop.
bool may_edit_field(std::string_view name);

}  // namespace weir::filters
