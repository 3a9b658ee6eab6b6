// SPDX-License-Identifier: Apache-2.0
//
// See keep_entry.h.
#include "proxy/pipeline/keep_entry.h"

#include <algorithm>
#include <string>
#include <utility>

#include "proxy/cache/ranges.h"

namespace weir {
namespace {

using store::Body;
using store::Entry;
using store::EntryPtr;
using store::Run;

constexpr std::size_t kMostRuns = 64;  // of one representation: more holes are not worth keeping

// "HTTP/1.1 200 OK", the fields, an empty line: what the store's entries are read from.
std::string head_text(std::uint16_t status, std::string_view reason, std::uint8_t minor,
                      const http::Fields& fields) {
  std::string out = minor == 0 ? "HTTP/1.0 " : "HTTP/1.1 ";
  out += std::to_string(status);
  out += ' ';
  out += reason;
  out += "\r\n";
  for (const http::Field& line : fields.lines) {
    out.append(line.name).append(": ").append(line.value).append("\r\n");
  }
  out += "\r\n";
  return out;
}

std::shared_ptr<Entry> copy_of(const Entry& from) {
  auto out = std::make_shared<Entry>();
  out->url = from.url;
  out->vary = from.vary;
  out->variant = from.variant;
  out->head_text = from.head_text;
  out->freshness = from.freshness;
  out->length = from.length;
  return store::parse_head(*out) ? out : nullptr;
}

// A 206 of which every byte is there has become a 200.
void make_whole(Entry& entry) {
  http::Fields fields;
  for (const http::Field& line : entry.head.fields.lines) {
    if (line.id != http::FieldId::ContentRange) {
      fields.lines.push_back(line);
    }
  }
  std::string text = head_text(200, "OK", entry.head.minor, fields);
  entry.head_text = std::move(text);
  store::parse_head(entry);
}

// Blocks of both in one body: `b` goes on where `a` ends. In memory only.
std::shared_ptr<const Body> join(const Body& a, const Body& b) {
  std::vector<store::BlockPtr> blocks = a.blocks();
  blocks.insert(blocks.end(), b.blocks().begin(), b.blocks().end());
  return std::make_shared<const Body>(std::move(blocks));
}

bool in_memory(const Run& run) {
  return run.body->extent() == nullptr;
}

// Adds a run to what is there. Where they overlap, what is there stays if it holds all of the new
// one; else the new one takes the place of those it overlaps.
void add_run(std::vector<Run>& runs, Run fresh) {
  const std::uint64_t end = fresh.first + fresh.body->size();
  const auto holds = [&](const Run& r) {
    return r.first <= fresh.first && r.first + r.body->size() >= end;
  };
  if (std::any_of(runs.begin(), runs.end(), holds)) {
    return;
  }
  std::erase_if(
      runs, [&](const Run& r) { return r.first < end && fresh.first < r.first + r.body->size(); });
  runs.push_back(std::move(fresh));
  std::sort(runs.begin(), runs.end(), [](const Run& a, const Run& b) { return a.first < b.first; });
  for (std::size_t i = 0; i + 1 < runs.size();) {
    const bool touch = runs[i].first + runs[i].body->size() == runs[i + 1].first;
    if (touch && in_memory(runs[i]) && in_memory(runs[i + 1])) {
      runs[i].body = join(*runs[i].body, *runs[i + 1].body);
      runs.erase(runs.begin() + static_cast<std::ptrdiff_t>(i) + 1);
    } else {
      ++i;
    }
  }
}

// What is stored of the same content under the same variant.
EntryPtr stored_before(store::Store& store, const Entry& draft) {
  const store::GroupPtr group = store.find(draft.url, store::MemoryTier::hash(draft.url));
  if (!group) {
    return nullptr;
  }
  const auto same =
      std::find_if(group->entries.begin(), group->entries.end(), [&draft](const EntryPtr& e) {
        return e->vary == draft.vary && e->variant == draft.variant && e->length == draft.length &&
               cache::may_combine(e->head, e->freshness, draft.head, draft.freshness);
      });
  return same == group->entries.end() ? nullptr : *same;
}

}  // namespace

std::shared_ptr<Entry> make_entry(const EntryNames& names, const http::ResponseHead& head,
                                  const http::Fields& fields, const cache::Freshness& freshness) {
  auto out = std::make_shared<Entry>();
  out->url = names.url;
  out->vary = names.vary;
  out->variant = names.variant;
  out->head_text = head_text(head.status, head.reason, head.minor, fields);
  out->freshness = freshness;
  return store::parse_head(*out) ? out : nullptr;
}

void keep_with_body(store::Store& store, const Entry& draft, std::uint64_t first,
                    std::shared_ptr<const Body> body, std::uint64_t since) {
  const std::shared_ptr<Entry> entry = copy_of(draft);
  if (entry == nullptr) {
    return;
  }
  if (entry->head.status != 206) {
    entry->length = body->size();
    if (body->size() > 0) {
      entry->runs.push_back({0, std::move(body)});
    }
    store.keep(entry, since);
    return;
  }
  if (const EntryPtr before = stored_before(store, draft)) {
    if (before->complete()) {
      return;  // there is nothing to add to it
    }
    entry->runs = before->runs;
  }
  add_run(entry->runs, {first, std::move(body)});
  if (entry->runs.size() > kMostRuns) {
    return;
  }
  if (entry->complete()) {
    make_whole(*entry);
  }
  store.keep(entry, since);
}

}  // namespace weir
