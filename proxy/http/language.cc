// SPDX-License-Identifier: Apache-2.0
//
// See language.h. Lists are read element by element; nothing is kept but the best weights.
#include "proxy/http/language.h"

#include <array>

#include "proxy/base/ascii.h"

namespace weir::http {
namespace {

using std::string_view;

// qvalue of RFC 9110 12.4.2: "0", "1", up to three digits behind a point, nothing above 1.
int qvalue(string_view text) {
  constexpr int kNone = 1000;
  if (text.empty() || text.size() > 5 || (text[0] != '0' && text[0] != '1') ||
      (text.size() > 1 && text[1] != '.')) {
    return kNone;
  }
  int value = text[0] == '1' ? 1000 : 0;
  int unit = 100;
  for (std::size_t i = 2; i < text.size(); ++i) {
    if (!is(text[i], kDigit)) {
      return kNone;
    }
    value += unit * (text[i] - '0');
    unit /= 10;
  }
  return value > 1000 ? kNone : value;
}

// The weights of one language: by its own name, or by "*".
struct Claim {
  int weight = -1;  // -1: not named
  std::size_t place = SIZE_MAX;
};

struct Claims {
  std::array<Claim, 2> named;
  Claim any;
  std::size_t elements = 0;
};

void raise(Claim& claim, int weight, std::size_t place) {
  if (weight > claim.weight) {
    claim = {weight, place};
  }
}

bool in_language(string_view range, string_view language) {
  return starts_with_ignoring_case(range, language) &&
         (range.size() == language.size() || range[language.size()] == '-');
}

void read_element(string_view element, Claims& claims) {
  const Weighed weighed = weigh(element);
  const std::size_t place = claims.elements++;
  if (in_language(weighed.range, "en")) {
    raise(claims.named[0], weighed.thousandths, place);
  } else if (in_language(weighed.range, "zh")) {
    raise(claims.named[1], weighed.thousandths, place);
  } else if (weighed.range == "*") {
    raise(claims.any, weighed.thousandths, place);
  }
}

}  // namespace

Weighed weigh(string_view element) {
  Weighed out;
  std::size_t at = element.find(';');
  out.range = trim_ows(element.substr(0, at));
  while (at != string_view::npos) {
    const std::size_t next = element.find(';', at + 1);
    const string_view parameter = trim_ows(element.substr(at + 1, next - at - 1));
    if (starts_with_ignoring_case(parameter, "q=")) {
      out.thousandths = qvalue(parameter.substr(2));
    }
    at = next;
  }
  return out;
}

Language preferred_language(const Fields& fields) {
  Claims claims;
  for (const Field& line : fields.lines) {
    if (line.id == FieldId::AcceptLanguage) {
      each_element(line.value, [&claims](string_view element) {
        read_element(element, claims);
        return true;
      });
    }
  }
  for (Claim& claim : claims.named) {
    claim = claim.weight < 0 ? claims.any : claim;
  }
  const Claim& english = claims.named[0];
  const Claim& chinese = claims.named[1];
  const bool first = chinese.weight == english.weight && chinese.place < english.place;
  return chinese.weight > 0 && (chinese.weight > english.weight || first) ? Language::Chinese
                                                                          : Language::English;
}

string_view language_tag(Language language) {
  return language == Language::Chinese ? "zh-Hans" : "en";
}

}  // namespace weir::http
