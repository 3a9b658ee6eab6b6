// SPDX-License-Identifier: Apache-2.0
//
// Where downloaded lists are kept. Each list has a file of metadata (kept.h) and, beside it, one
// file for each version that it names: the one in use, the one before, and one that was held back,
// for inspection. A version's file is named by its digest and never changed, so replacing the
// metadata is the one step by which another version comes into use: whatever crash comes in
// between, the list is as it was before or as it shall be. What nothing names any more is removed.
//
// Several processes may read. Changes are made under a lock, each after a fresh look, so that
// `weir lists accept` may change what the proxy keeps. Only one process at a time downloads into a
// folder: claim(). From one thread at a time.
#pragma once

#include <string>
#include <string_view>

#include <tl/expected.hpp>

#include "filters/document.h"
#include "proxy/lists/files.h"
#include "proxy/lists/kept.h"

namespace weir {

class ListStore {
 public:
  // `folder` as lists_folder() gives it. Touches nothing.
  explicit ListStore(std::string folder) : folder_(std::move(folder)) {}
  const std::string& folder() const { return folder_; }

  // Makes the folder and becomes the one that downloads into it, until the store ends. The error
  // is a clause.
  tl::expected<void, std::string> claim();

  using List = filters::ListDocument;
  // What is known of the list; an empty Kept when there is nothing. An error when metadata is there
  // that cannot be used.
  tl::expected<Kept, std::string> look(const List& list) const;
  // The bytes of a version, checked against its digest.
  tl::expected<std::string, std::string> read(const List& list, const KeptVersion& version) const;
  std::string path_of(const List& list, const KeptVersion& version) const;
  // The same of the version in use: of the one before when that is damaged, which `warning` then
  // says. An error when there is neither.
  tl::expected<std::string, std::string> read_current(const List& list, std::string& warning) const;

  using Done = tl::expected<void, std::string>;
  // A new version comes into use. `version` describes `bytes`; its digest is computed here.
  Done take(const List& list, std::string_view bytes, KeptVersion version);
  // A new version is kept for inspection only.
  Done hold(const List& list, std::string_view bytes, KeptVersion version,
            const std::string& reason);
  // The server said at `when` that nothing is newer than what we know.
  Done confirm(const List& list, WallTime when);
  Done fail(const List& list, const std::string& reason);

  // The held-back version comes into use; an error when there is none or it is damaged.
  Done accept(const List& list);
  // The held-back version is forgotten.
  Done forget_held(const List& list);
  // The version in use proved useless: it is held back, the one before it is in use again.
  Done revert(const List& list, const std::string& reason);

  // The beginning of the names of a list's files.
  static std::string base_name(const List& list);

 private:
  template <class Change>
  Done change(const List& list, Change change);
  Done put_bytes(const List& list, std::string_view bytes, KeptVersion& version) const;
  std::string metadata_path(const List& list) const;
  void sweep(const List& list, const Kept& kept) const;

  std::string folder_;
  OwnedFile claim_;
};

}  // namespace weir
