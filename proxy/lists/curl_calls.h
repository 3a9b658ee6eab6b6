// SPDX-License-Identifier: Apache-2.0
//
// libcurl, found when the first list is downloaded. Linked in the ordinary way it would bring some
// twenty libraries and 4 MiB into every process, and most processes never download anything.
#pragma once

#include <curl/curl.h>

namespace weir {

#define WEIR_CURL_CALLS(CALL)    \
  CALL(curl_easy_cleanup)        \
  CALL(curl_easy_getinfo)        \
  CALL(curl_easy_header)         \
  CALL(curl_easy_init)           \
  CALL(curl_easy_setopt)         \
  CALL(curl_easy_strerror)       \
  CALL(curl_free)                \
  CALL(curl_global_init)         \
  CALL(curl_multi_add_handle)    \
  CALL(curl_multi_cleanup)       \
  CALL(curl_multi_info_read)     \
  CALL(curl_multi_init)          \
  CALL(curl_multi_perform)       \
  CALL(curl_multi_poll)          \
  CALL(curl_multi_remove_handle) \
  CALL(curl_multi_wakeup)        \
  CALL(curl_slist_append)        \
  CALL(curl_slist_free_all)      \
  CALL(curl_url)                 \
  CALL(curl_url_cleanup)         \
  CALL(curl_url_get)             \
  CALL(curl_url_set)

struct CurlCalls {
#define CALL(name) decltype(&::name) name = nullptr;
  WEIR_CURL_CALLS(CALL)
#undef CALL
};

// Loads and sets up the library at the first call; null when it is not installed, or older than
// what is asked of it. Any thread.
const CurlCalls* find_curl();

}  // namespace weir
