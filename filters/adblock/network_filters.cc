// SPDX-License-Identifier: Apache-2.0
//
// The order of a decision: a block that is important stands; any other falls to an exception,
// unless an important one blocks too. Exceptions are asked only when something blocks: most
// requests match nothing at all. A request about which the lists cannot be asked to their end is
// blocked, whatever has been found so far: who makes a URL that costs too much must not pass by it.
#include "filters/adblock/network_filters.h"

#include <algorithm>

#include "filters/adblock/compile.h"
#include "filters/adblock/engine.h"
#include "filters/adblock/match.h"
#include "filters/adblock/modifiers.h"

namespace weir::adblock {

std::size_t Engine::list_of(std::size_t filter) const {
  const auto behind = std::ranges::upper_bound(lists, filter, {}, &Source::first);
  return static_cast<std::size_t>(behind - lists.begin()) - 1;
}

filters::ListHit Engine::hit(const Filter& filter) const {
  const auto id = static_cast<std::size_t>(&filter - filters.data());
  const Origin& origin = origins[id];
  const Source& source = lists[list_of(id)];
  filters::ListHit out;
  out.list = source.list;
  out.line = origin.line;
  out.list_name = source.name;
  out.rest = source.text.substr(origin.line_at);
  return out;
}

std::size_t Engine::memory() const {
  std::size_t out = filters.capacity() * sizeof(Filter) + origins.capacity() * sizeof(Origin) +
                    limits.capacity() * sizeof(Limits) + texts.capacity() + hosts.memory() +
                    by_host.memory() + by_token.memory() + by_page.memory() + expressions.memory();
  for (const Rest& each : rest) {
    out += each.always.capacity() * sizeof(Unfiled);
  }
  return out;
}

}  // namespace weir::adblock

namespace weir::filters {

struct NetworkFilters::Compiled {
  std::unique_ptr<adblock::Engine> engine;
};

NetworkFilters::NetworkFilters(std::unique_ptr<Compiled> compiled)
    : compiled_(std::move(compiled)) {}

NetworkFilters::~NetworkFilters() = default;

std::unique_ptr<const NetworkFilters> NetworkFilters::build(std::span<const List* const> lists,
                                                            std::span<ListReport* const> reports,
                                                            const NetworkFilterOptions& options) {
  auto compiled = std::make_unique<Compiled>();
  compiled->engine = adblock::compile(lists, reports);
  compiled->engine->third_party_hosts = options.third_party_hosts;
  return std::unique_ptr<const NetworkFilters>(new NetworkFilters(std::move(compiled)));
}

namespace {

void decide(const adblock::Engine& engine, adblock::Asked& asked, ListHit host_hit, Arena& arena,
            ListVerdict& out) {
  const auto any = [](const adblock::Filter&) { return true; };
  const auto important = [](const adblock::Filter& filter) { return filter.important; };
  const adblock::Filter* block = nullptr;
  const auto blocks = [&block](const adblock::Filter& filter) {
    block = &filter;
    return true;
  };
  adblock::each_match(engine, adblock::Purpose::Block, asked, any, blocks);
  if (block == nullptr && !host_hit) {
    adblock::remove_params(engine, asked, arena, out.edits);
    return adblock::edit_fields(engine, asked, out.edits);
  }
  out.block = true;
  out.by = block != nullptr ? engine.hit(*block) : host_hit;
  out.important = block != nullptr && block->important;
  const adblock::Filter* exception = nullptr;
  const auto excepts = [&exception](const adblock::Filter& filter) {
    exception = &filter;
    return true;
  };
  if (!out.important) {
    // A name in a list of names is not opened for the sake of some type.
    const bool listed = asked.host_only && host_hit;
    const auto lifts = [listed](const adblock::Filter& filter) {
      return !listed || filter.whatever_asks();
    };
    asked.ask_about(engine, adblock::Purpose::Except);
    adblock::each_match(engine, adblock::Purpose::Except, asked, lifts, excepts);
    asked.ask_about(engine, adblock::Purpose::Block);
  }
  if (exception != nullptr) {
    out.exception = engine.hit(*exception);
    block = nullptr;
    adblock::each_match(engine, adblock::Purpose::Block, asked, important, blocks);
    out.block = out.important = block != nullptr;
    if (block != nullptr) {
      out.by = engine.hit(*block);
      out.exception = {};  // it is not asked where an important one is found first
    }
  }
  if (!out.block) {
    adblock::remove_params(engine, asked, arena, out.edits);
    return adblock::edit_fields(engine, asked, out.edits);
  }
  out.redirect = adblock::redirect_of(engine, asked);
}

}  // namespace

void NetworkFilters::judge(const Subject& subject, ListHit host_hit, Arena& arena,
                           ListVerdict& out) const {
  const adblock::Engine& engine = *compiled_->engine;
  adblock::Asked asked;  // not `{}`: most of it is only filled as far as needed
  asked.set(engine, subject, arena);
  decide(engine, asked, host_hit, arena, out);
  if (asked.work.spent()) {
    out.block = out.gave_up = true;
    out.important = false;
    out.by = asked.dearest != nullptr ? engine.hit(*asked.dearest) : ListHit{};
    out.exception = {};
    out.redirect = {};
    out.edits.clear();
  }
}

bool NetworkFilters::some_page_is_excepted(const Subject& subject, Arena& arena) const {
  const adblock::Engine& engine = *compiled_->engine;
  adblock::Asked asked;
  asked.set(engine, subject, arena);
  asked.from_any_page = true;
  return std::ranges::any_of(engine.filters,
                             [&](const adblock::Filter& filter) {
                               return filter.exception &&
                                      filter.modifier == adblock::Modifier::None &&
                                      filter.party < adblock::PartyLimit::SameHost &&
                                      engine.hosts.needs_one(engine.limits[filter.limits].from) &&
                                      adblock::matches(engine, filter, asked);
                             }) ||
         asked.work.spent();
}

bool NetworkFilters::empty() const {
  return compiled_->engine->filters.empty();
}

std::size_t NetworkFilters::memory() const {
  return sizeof(Compiled) + compiled_->engine->memory();
}

}  // namespace weir::filters
