// SPDX-License-Identifier: Apache-2.0
//
// See curl_calls.h.
#include "proxy/lists/curl_calls.h"

#include <dlfcn.h>

namespace weir {
namespace {

bool fill(CurlCalls& calls) {
  // Kept until the process ends: its threads and its TLS library would not survive being unloaded.
  void* const library = ::dlopen("libcurl.so.4", RTLD_NOW | RTLD_LOCAL);
  if (library == nullptr) {
    return false;
  }
  bool whole = true;
#define CALL(name)                                                              \
  calls.name = reinterpret_cast<decltype(calls.name)>(::dlsym(library, #name)); \
  whole = whole && calls.name != nullptr;
  WEIR_CURL_CALLS(CALL)
#undef CALL
  return whole && calls.curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK;
}

}  // namespace

const CurlCalls* find_curl() {
  static CurlCalls calls;
  static const bool whole = fill(calls);
  return whole ? &calls : nullptr;
}

}  // namespace weir
