// SPDX-License-Identifier: Apache-2.0
//
// See store.h.
#include "proxy/lists/store.h"

#include <algorithm>
#include <array>
#include <filesystem>
#include <system_error>

#include "proxy/lists/digest.h"

namespace weir {
namespace {

namespace fs = std::filesystem;
using Error = tl::unexpected<std::string>;

constexpr std::uint64_t kMetadataMost = 64 * 1024;
constexpr std::size_t kReadableMost = 40;  // of a list's name in the names of its files

// For a list's file, whose name a person may read.
std::string readable(std::string_view name) {
  std::string out;
  for (const char c : name.substr(0, kReadableMost)) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    out += plain ? c : '_';
  }
  return out;
}

}  // namespace

std::string ListStore::base_name(const List& list) {
  // Not by the name alone: another URL is another list, and two names may read alike.
  return readable(list.name) + "-" +
         sha256_hex(list.name + std::string(1, '\0') + list.url).substr(0, 12);
}

std::string ListStore::metadata_path(const List& list) const {
  return folder_ + "/" + base_name(list) + ".about";
}

std::string ListStore::path_of(const List& list, const KeptVersion& version) const {
  return folder_ + "/" + base_name(list) + "." + version.sha256.substr(0, 16) + ".list";
}

tl::expected<void, std::string> ListStore::claim() {
  if (folder_.empty()) {
    return Error("there is no folder to keep lists in; name one in lists.directory");
  }
  if (auto made = make_folder(folder_); !made) {
    return Error(folder_ + ": " + made.error());
  }
  claim_ = lock_file(folder_ + "/downloads.lock", Waiting::No);
  if (!claim_) {
    return Error(folder_ + " cannot be written, or another process downloads lists into it");
  }
  return {};
}

tl::expected<Kept, std::string> ListStore::look(const List& list) const {
  const std::string path = metadata_path(list);
  std::error_code error;
  if (folder_.empty() || !fs::exists(path, error)) {
    return error ? tl::expected<Kept, std::string>(Error(path + ": " + error.message())) : Kept{};
  }
  const auto text = read_whole(path, kMetadataMost);
  if (!text) {
    return Error(path + ": " + text.error());
  }
  auto kept = read_kept(*text);
  if (!kept) {
    return Error(path + " is damaged");
  }
  return std::move(*kept);
}

tl::expected<std::string, std::string> ListStore::read(const List& list,
                                                       const KeptVersion& version) const {
  const std::string path = path_of(list, version);
  auto bytes = read_whole(path, list.max_bytes);
  if (!bytes) {
    return Error(path + ": " + bytes.error());
  }
  if (sha256_hex(*bytes) != version.sha256) {
    return Error(path + " is damaged");
  }
  return bytes;
}

tl::expected<std::string, std::string> ListStore::read_current(const List& list,
                                                               std::string& warning) const {
  const auto kept = look(list);
  if (!kept) {
    return Error(kept.error());
  }
  if (!kept->current) {
    return Error(kept->held              ? "held back: " + kept->held_reason
                 : kept->failure.empty() ? "it has not been downloaded"
                                         : kept->failure);
  }
  auto bytes = read(list, kept->current);
  if (bytes || !kept->previous) {
    return bytes;
  }
  auto before = read(list, kept->previous);
  if (!before) {
    return bytes;
  }
  warning = bytes.error() + "; the version before it is used";
  return before;
}

// Looks, changes and writes the metadata under the lock of changes.
template <class Change>
ListStore::Done ListStore::change(const List& list, Change change) {
  const OwnedFile lock = lock_file(folder_ + "/changes.lock", Waiting::Yes);
  if (!lock) {
    return Error(folder_ + " cannot be written");
  }
  // Damaged metadata is begun anew: the list is downloaded again.
  Kept kept = look(list).value_or(Kept{});
  kept.url = list.url;
  if (Done done = change(kept); !done) {
    return done;
  }
  if (Done written = replace_file(metadata_path(list), kept_text(kept)); !written) {
    return Error(metadata_path(list) + ": " + written.error());
  }
  sweep(list, kept);
  return {};
}

ListStore::Done ListStore::put_bytes(const List& list, std::string_view bytes,
                                     KeptVersion& version) const {
  version.sha256 = sha256_hex(bytes);
  version.bytes = bytes.size();
  if (version.sha256.empty()) {
    return Error("its digest cannot be computed");
  }
  const std::string path = path_of(list, version);
  return replace_file(path, bytes).map_error([&](const std::string& why) {
    return path + ": " + why;
  });
}

// Removes versions that are not named any more and what a crash has left half written.
void ListStore::sweep(const List& list, const Kept& kept) const {
  const std::string begin = base_name(list) + ".";
  std::error_code error;
  const std::array<fs::path, 4> named = {metadata_path(list), path_of(list, kept.current),
                                         path_of(list, kept.previous), path_of(list, kept.held)};
  std::error_code ignored;
  for (fs::directory_iterator at(folder_, error); !error && at != fs::directory_iterator();
       at.increment(error)) {
    if (at->path().filename().string().starts_with(begin) &&
        std::ranges::find(named, at->path()) == named.end()) {
      fs::remove(at->path(), ignored);
    }
  }
}

ListStore::Done ListStore::take(const List& list, std::string_view bytes, KeptVersion version) {
  return change(list, [&](Kept& kept) -> Done {
    if (Done put = put_bytes(list, bytes, version); !put) {
      return put;
    }
    if (kept.current.sha256 != version.sha256) {
      kept.previous = std::move(kept.current);
    }
    kept.checked = version.fetched;
    kept.current = std::move(version);
    kept.held = {};
    kept.held_reason.clear();
    kept.failure.clear();
    return {};
  });
}

ListStore::Done ListStore::hold(const List& list, std::string_view bytes, KeptVersion version,
                                const std::string& reason) {
  return change(list, [&](Kept& kept) -> Done {
    if (Done put = put_bytes(list, bytes, version); !put) {
      return put;
    }
    kept.checked = version.fetched;
    kept.held = std::move(version);
    kept.held_reason = reason;
    kept.failure.clear();
    return {};
  });
}

ListStore::Done ListStore::confirm(const List& list, WallTime when) {
  return change(list, [&](Kept& kept) -> Done {
    kept.checked = when;
    kept.failure.clear();
    return {};
  });
}

ListStore::Done ListStore::fail(const List& list, const std::string& reason) {
  return change(list, [&](Kept& kept) -> Done {
    kept.failure = reason;
    return {};
  });
}

ListStore::Done ListStore::accept(const List& list) {
  return change(list, [&](Kept& kept) -> Done {
    if (!kept.held) {
      return Error("no version of this list is held back");
    }
    if (auto bytes = read(list, kept.held); !bytes) {
      return Error(bytes.error());
    }
    kept.previous = std::move(kept.current);
    kept.current = std::move(kept.held);
    kept.held = {};
    kept.held_reason.clear();
    return {};
  });
}

ListStore::Done ListStore::forget_held(const List& list) {
  return change(list, [](Kept& kept) -> Done {
    kept.held = {};
    kept.held_reason.clear();
    return {};
  });
}

ListStore::Done ListStore::revert(const List& list, const std::string& reason) {
  return change(list, [&](Kept& kept) -> Done {
    kept.held = std::move(kept.current);
    kept.held_reason = reason;
    kept.current = std::move(kept.previous);
    kept.previous = {};
    return {};
  });
}

}  // namespace weir
