// SPDX-License-Identifier: Apache-2.0
//
// See decode.h. Caps hold for each coding by itself and for all of them together, so that two
// dense codings cannot multiply.
#include "filters/body/decode.h"

#include <algorithm>
#include <utility>

#include "filters/body/chain.h"
#include "filters/body/codec.h"
#include "proxy/base/ascii.h"

namespace weir::filters {
namespace {

// One coding as a stage.
class Undone final : public BodyStage {
 public:
  explicit Undone(std::unique_ptr<Codec> codec) : codec_(std::move(codec)) {
    trouble_ = codec_ == nullptr ? BodyTrouble::Malformed : BodyTrouble::None;
  }

  BodyFlow step(std::string_view in, bool last, std::span<char> to) override {
    if (over_) {
      return {in.size(), 0};
    }
    if (trouble_ != BodyTrouble::None) {
      return {};
    }
    const Codec::Result result = codec_->undo(in, to);
    began_ = began_ || result.flow.used > 0;
    const bool stuck = !in.empty() && result.flow.used == 0 && result.flow.made == 0;
    if (result.ended) {
      over_ = true;
      return {in.size(), result.flow.made};
    }
    if (result.bad || stuck) {
      trouble_ = BodyTrouble::Malformed;
    } else if (last && result.flow.used == in.size() && result.flow.made == 0) {
      over_ = !began_ || codec_->may_end();
      trouble_ = over_ ? BodyTrouble::None : BodyTrouble::Truncated;
    }
    return result.flow;
  }
  bool over() const override { return over_; }
  BodyTrouble trouble() const override { return trouble_; }

 private:
  std::unique_ptr<Codec> codec_;
  bool began_ = false;
  bool over_ = false;
  BodyTrouble trouble_;
};

class Copied final : public BodyStage {
 public:
  BodyFlow step(std::string_view in, bool last, std::span<char> to) override {
    const std::size_t n = std::min(in.size(), to.size());
    std::copy_n(in.data(), n, to.data());
    over_ = last && n == in.size();
    return {n, n};
  }
  bool over() const override { return over_; }
  BodyTrouble trouble() const override { return BodyTrouble::None; }

 private:
  bool over_ = false;
};

// A stage whose output is counted against its input.
class Capped final : public BodyStage {
 public:
  Capped(std::unique_ptr<BodyStage> inner, const DecodeLimits& limits)
      : inner_(std::move(inner)), limits_(limits) {}

  BodyFlow step(std::string_view in, bool last, std::span<char> to) override {
    if (trouble_ != BodyTrouble::None) {
      return {};
    }
    // One byte more than allowed, to tell a body that is too large from one that just fits.
    const std::uint64_t left = limits_.output == 0 ? UINT64_MAX - 1 : limits_.output - made_;
    const auto room = static_cast<std::size_t>(std::min<std::uint64_t>(to.size(), left + 1));
    BodyFlow flow = inner_->step(in, last, to.first(room));
    used_ += flow.used;
    if (flow.made > left) {
      flow.made = static_cast<std::size_t>(left);
      trouble_ = BodyTrouble::TooLarge;
    }
    made_ += flow.made;
    if (limits_.ratio != 0 && made_ > limits_.ratio_from && made_ / limits_.ratio > used_) {
      trouble_ = BodyTrouble::TooDense;
    }
    return flow;
  }
  bool busy() const override { return inner_->busy(); }
  bool over() const override { return inner_->over() && trouble_ == BodyTrouble::None; }
  BodyTrouble trouble() const override {
    return trouble_ != BodyTrouble::None ? trouble_ : inner_->trouble();
  }

 private:
  std::unique_ptr<BodyStage> inner_;
  const DecodeLimits limits_;
  std::uint64_t used_ = 0;
  std::uint64_t made_ = 0;
  BodyTrouble trouble_ = BodyTrouble::None;
};

std::unique_ptr<BodyStage> capped(ContentCoding coding, const DecodeLimits& limits) {
  return std::make_unique<Capped>(std::make_unique<Undone>(make_codec(coding)), limits);
}

std::optional<ContentCoding> coding_named(std::string_view word) {
  struct Name {
    std::string_view word;
    ContentCoding coding;
  };
  constexpr Name kNames[] = {{"gzip", ContentCoding::Gzip},
                             {"x-gzip", ContentCoding::Gzip},
                             {"deflate", ContentCoding::Deflate},
                             {"br", ContentCoding::Brotli},
                             {"zstd", ContentCoding::Zstd}};
  const auto* const found = std::ranges::find_if(
      kNames, [word](const Name& name) { return same_ignoring_case(word, name.word); });
  return found == std::end(kNames) ? std::nullopt : std::optional(found->coding);
}

// What the Content-Encoding fields say, word by word.
struct Said {
  CodingList list;
  std::size_t known = 0;  // codings, also those for which the list has no place
  bool identity = false;
  bool unknown = false;
};

// Firefox takes a space for a comma: "x gzip" is unknown to others, and holds one known to it.
void add_unknown(std::string_view word, Said& said) {
  said.unknown = true;
  while (!word.empty()) {
    const std::size_t space = std::min(word.find_first_of(" \t"), word.size());
    said.known += coding_named(word.substr(0, space)) ? 1U : 0U;
    word.remove_prefix(std::min(space + 1, word.size()));
  }
}

void add_word(std::string_view word, Said& said) {
  if (word.empty() || same_ignoring_case(word, "identity")) {
    said.identity = said.identity || !word.empty();
  } else if (const auto coding = coding_named(word); !coding) {
    add_unknown(word, said);
  } else if (++said.known <= CodingList::kMost) {
    said.list.codings[said.list.count++] = *coding;
  }
}

Said content_encoding(const FieldLookup& response) {
  Said out;
  for (std::size_t nth = 0;; ++nth) {
    std::string_view rest = response.value("Content-Encoding", nth);
    if (rest.data() == nullptr) {
      return out;
    }
    while (!rest.empty()) {
      const std::size_t comma = rest.find(',');
      add_word(trim_ows(rest.substr(0, comma)), out);
      rest = comma == std::string_view::npos ? std::string_view() : rest.substr(comma + 1);
    }
  }
}

}  // namespace

std::optional<CodingList> content_codings(const FieldLookup& response) {
  const Said said = content_encoding(response);
  const bool undone = !said.unknown && said.known == said.list.count;
  return undone ? std::optional(said.list) : std::nullopt;
}

CodingsSeen codings_as_seen(const FieldLookup& response) {
  const Said said = content_encoding(response);
  if (said.known == 0) {
    return {};
  }
  if (said.unknown || said.identity || said.known != said.list.count) {
    return {CodedAs::Disputed, {}};
  }
  return {CodedAs::Coded, said.list};
}

std::unique_ptr<BodyStage> make_decoder(const CodingList& list, const DecodeLimits& limits) {
  if (list.count == 0) {
    return std::make_unique<Copied>();
  }
  std::unique_ptr<BodyStage> out = capped(list.codings[list.count - 1], limits);
  for (std::size_t i = list.count - 1; i > 0; --i) {
    out = chain(std::move(out), capped(list.codings[i - 1], limits));
  }
  return list.count == 1 ? std::move(out) : std::make_unique<Capped>(std::move(out), limits);
}

DecodedStart decode_start(const CodingList& list, std::string_view coded, std::span<char> to) {
  const auto decoder = make_decoder(list, {.ratio = 0, .ratio_from = 0, .output = 0});
  std::size_t made = 0;
  while (made < to.size() && decoder->trouble() == BodyTrouble::None && !decoder->over()) {
    const BodyFlow flow = decoder->step(coded, false, to.subspan(made));
    coded.remove_prefix(flow.used);
    made += flow.made;
    if (flow.used == 0 && flow.made == 0) {
      break;
    }
  }
  return {{to.data(), made}, decoder->over(), decoder->trouble() != BodyTrouble::None};
}

}  // namespace weir::filters
