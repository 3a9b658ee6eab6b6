// SPDX-License-Identifier: Apache-2.0
//
// What a thousand clients ask of a proxy, made up from a fixed seed: a popular set by Zipf's law
// that drifts, pages asked for once and never again, a crawler that comes by from time to time and
// walks through a long list, always the same one. Sizes by a log-normal law, as those of web
// objects are. Things are numbered from 0.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <random>
#include <string>
#include <vector>

namespace weir::bench {

struct TraceKind {
  std::string name;
  double alpha = 0.9;               // of Zipf's law
  std::uint32_t popular = 100'000;  // things it applies to
  double once = 0.15;               // share of requests for what nobody asks for again
  std::uint32_t scan_every = 0;     // requests between two scans; 0: none
  std::uint32_t scan = 0;           // things in a scan
  bool sizes = true;                // false: all weigh the same
  std::uint32_t requests = 1'500'000;
};

struct Trace {
  std::vector<std::uint32_t> asked;
  std::vector<std::uint32_t> size;  // by number
  std::uint64_t bytes = 0;          // of all things that are asked for more than once
};

// Numbers by Zipf's law from a table of sums.
class Zipf {
 public:
  Zipf(std::uint32_t n, double alpha) : sums_(n) {
    double sum = 0;
    for (std::uint32_t rank = 0; rank < n; ++rank) {
      sum += 1 / std::pow(rank + 1.0, alpha);
      sums_[rank] = sum;
    }
  }
  template <class Random>
  std::uint32_t operator()(Random& random) const {
    const double at = std::uniform_real_distribution<>(0, sums_.back())(random);
    return static_cast<std::uint32_t>(std::ranges::upper_bound(sums_, at) - sums_.begin());
  }

 private:
  std::vector<double> sums_;
};

inline std::uint32_t some_size(std::mt19937_64& random) {
  // Median 9 KB, mean some 50 KB, as archives of the web report; at most 4 MB.
  const double bytes = std::lognormal_distribution<>(std::log(9000.0), 1.8)(random);
  return static_cast<std::uint32_t>(std::clamp(bytes, 200.0, 4e6));
}

inline Trace make_trace(const TraceKind& kind) {
  std::mt19937_64 random(42);
  const Zipf zipf(kind.popular, kind.alpha);
  // Which thing has which rank; now and then two change places.
  std::vector<std::uint32_t> ranks(kind.popular);
  for (std::uint32_t n = 0; n < kind.popular; ++n) {
    ranks[n] = n;
  }
  std::ranges::shuffle(ranks, random);
  Trace out;
  std::uint32_t next = kind.popular + kind.scan;  // the number of the next thing asked for once
  while (out.asked.size() < kind.requests) {
    if (kind.scan_every > 0 && out.asked.size() % kind.scan_every == kind.scan_every / 2) {
      for (std::uint32_t n = 0; n < kind.scan; ++n) {
        out.asked.push_back(kind.popular + n);
      }
    }
    if (std::bernoulli_distribution(kind.once)(random)) {
      out.asked.push_back(next++);
    } else {
      out.asked.push_back(ranks[zipf(random)]);
    }
    if (out.asked.size() % 64 == 0) {
      std::swap(ranks[random() % kind.popular], ranks[random() % kind.popular]);
    }
  }
  out.size.resize(next);
  for (std::uint32_t n = 0; n < next; ++n) {
    out.size[n] = kind.sizes ? some_size(random) : 10'000;
    out.bytes += n < kind.popular + kind.scan ? out.size[n] : 0;
  }
  return out;
}

}  // namespace weir::bench
