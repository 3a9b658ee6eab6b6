// SPDX-License-Identifier: Apache-2.0
//
// What `weir cache` prints for people.
#include "proxy/cli/cache_text.h"

#include <gtest/gtest.h>

namespace weir::cli {
namespace {

TEST(CacheText, StatsOfBothTiers) {
  EXPECT_EQ(
      cache_stats_text(
          R"({"memory":{"entries":1234,"urls":1200,"bytes":1572864,"limit":134217728,"found":98,)"
          R"("not_found":2,"evicted":7},"disk":{"entries":5,"bytes":2048,"index_bytes":500,)"
          R"("written":6,"dropped":1,"evicted":0,"corrupt":0,"start_seconds":0.012}})"),
      "memory          1,234 entries of 1,200 URLs, 1.5 MiB of 128.0 MiB\n"
      "                98 look-ups found something, 2 nothing: 98.0 %\n"
      "                7 URLs evicted\n"
      "disk            5 entries, 2.0 KiB; index 500 B, rebuilt in 0.012 s\n"
      "                6 written, 0 evicted, 1 not written, 0 found corrupt\n");
  EXPECT_EQ(cache_stats_text("{"), std::nullopt);
}

TEST(CacheText, AListHasAColumnForEachFigure) {
  EXPECT_EQ(cache_list_heading() +
                *cache_list_text(R"({"url":"http://a:80/x","status":200,"size":2048,"age":5,)"
                                 R"("ttl":7200,"tier":"both","hits":1234})"),
            "status      size       age       ttl  tier      hits  URL\n"
            "   200    2.0 KiB       5 s       2 h  both     1,234  http://a:80/x\n");
  EXPECT_NE(cache_list_text(R"({"url":"http://a:80/\u001b[2J","ttl":-3})")->find("\\x1b"),
            std::string::npos);
}

TEST(CacheText, WhyNamesTheClauseAndWhatWasNotStored) {
  EXPECT_EQ(
      cache_why_text(R"({"url":"http://a:80/","variants":0,"answer":"fetch","reason":"absent",)"
                     R"("sentence":"Forwarded: nothing.","not_stored":{"at":1,"seconds_ago":12,)"
                     R"("reason":"no_store","sentence":"Not stored: no-store."}})"),
      "http://a:80/\n"
      "a plain GET     fetched from the origin\n"
      "because         Forwarded: nothing. [absent]\n"
      "the last answer Not stored: no-store. [no_store], 12 s ago\n");
  EXPECT_EQ(cache_why_text(R"({"url":"u","answer":"hit","reason":"fresh","sentence":"Reused.",)"
                           R"("entry":{"status":200,"age":1,"ttl":59,"tier":"memory"},)"
                           R"("not_stored":null})"),
            "u\n"
            "a plain GET     answered from memory\n"
            "because         Reused. [fresh]\n"
            "what is stored  200, 1 s old, fresh for 59 s\n");
}

TEST(CacheText, APurgeSaysWhetherItWas) {
  const std::string figures = R"("urls":3,"in_memory":2,"on_disk":1})";
  EXPECT_EQ(cache_purged_text(R"({"dry_run":false,)" + figures),
            "forgot 3 URLs: 2 in memory, 1 on disk\n");
  EXPECT_EQ(cache_purged_text(R"({"dry_run":true,)" + figures),
            "would forget 3 URLs: 2 in memory, 1 on disk\n");
}

}  // namespace
}  // namespace weir::cli
