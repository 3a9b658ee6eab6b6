// SPDX-License-Identifier: Apache-2.0
//
// See safe_search.h. What the services document: Google and YouTube "Lock SafeSearch" and "Restrict
// YouTube content", Bing "Block adult content with SafeSearch", DuckDuckGo and Yandex their help
// pages. A host of another country is the same service: Google by the country domains it uses.
#include "filters/policy/safe_search.h"

#include <algorithm>
#include <array>

namespace weir::filters {
namespace {

struct Row {
  SearchEngine engine;
  std::string_view name;
  std::string_view parameter;
  std::string_view value;
};

constexpr std::array<Row, 10> kEngines = {{
    {SearchEngine::Google, "google", "safe", "active"},
    {SearchEngine::Bing, "bing", "adlt", "strict"},
    {SearchEngine::DuckDuckGo, "duckduckgo", "kp", "1"},
    {SearchEngine::Yandex, "yandex", "family", "yes"},
    {SearchEngine::Brave, "brave", "safesearch", "strict"},
    {SearchEngine::Ecosia, "ecosia", "safesearch", "2"},
    {SearchEngine::Qwant, "qwant", "safesearch", "2"},
    {SearchEngine::Pixabay, "pixabay", "safesearch", "1"},
    {SearchEngine::Startpage, "startpage", "qadf", "heavy"},
    {SearchEngine::Yahoo, "yahoo", "vm", "r"},
}};

struct Place {
  std::string_view host;
  SearchEngine engine;
  std::string_view connect_to;
};

constexpr std::array<Place, 24> kPlaces = {{
    {"bing.com", SearchEngine::Bing, "strict.bing.com"},
    {"cn.bing.com", SearchEngine::Bing, "strict.bing.com"},
    {"edgeservices.bing.com", SearchEngine::Bing, "strict.bing.com"},
    {"www.bing.com", SearchEngine::Bing, "strict.bing.com"},
    {"www4.bing.com", SearchEngine::Bing, "strict.bing.com"},
    {"duckduckgo.com", SearchEngine::DuckDuckGo, "safe.duckduckgo.com"},
    {"www.duckduckgo.com", SearchEngine::DuckDuckGo, "safe.duckduckgo.com"},
    {"start.duckduckgo.com", SearchEngine::DuckDuckGo, "safe.duckduckgo.com"},
    {"html.duckduckgo.com", SearchEngine::DuckDuckGo, ""},
    {"lite.duckduckgo.com", SearchEngine::DuckDuckGo, ""},
    {"links.duckduckgo.com", SearchEngine::DuckDuckGo, ""},
    {"search.brave.com", SearchEngine::Brave, "forcesafe.search.brave.com"},
    {"ecosia.org", SearchEngine::Ecosia, ""},
    {"www.ecosia.org", SearchEngine::Ecosia, "strict-safe-search.ecosia.org"},
    {"api.qwant.com", SearchEngine::Qwant, "safeapi.qwant.com"},
    {"www.qwant.com", SearchEngine::Qwant, ""},
    {"lite.qwant.com", SearchEngine::Qwant, ""},
    {"pixabay.com", SearchEngine::Pixabay, "safesearch.pixabay.com"},
    {"www.pixabay.com", SearchEngine::Pixabay, "safesearch.pixabay.com"},
    {"startpage.com", SearchEngine::Startpage, "safe.startpage.com"},
    {"www.startpage.com", SearchEngine::Startpage, "safe.startpage.com"},
    {"search.yahoo.com", SearchEngine::Yahoo, ""},
    {"images.search.yahoo.com", SearchEngine::Yahoo, ""},
    {"video.search.yahoo.com", SearchEngine::Yahoo, ""},
}};

constexpr std::array<std::string_view, 6> kYoutube = {
    "www.youtube.com",          "m.youtube.com",
    "youtubei.googleapis.com",  "youtube.googleapis.com",
    "www.youtube-nocookie.com", "youtube.com"};

// Country domains under which Google answers as google.<one of these>, by length of their parts.
constexpr std::string_view kTopLevel =
    " ad ae al am as at az ba be bf bg bi bj bs bt by ca cat cd cf cg ch ci cl cm cn com cv cz de "
    "dj dk dm dz ee es fi fm fr ga ge gg gl gm gp gr gy hn hr ht hu ie im iq is it je jo kg ki kz "
    "la li lk lt lu lv md me mg mk ml mn mu mv mw ne nl no nr nu pl pn ps pt ro rs ru rw sc se sh "
    "si sk sm sn so sr st td tg tl tm tn to tt us vg vu ws ";
constexpr std::string_view kBelowCo =
    " ao bw ck cr id il in jp ke kr ls ma mz nz th tz ug uk uz ve vi za zm zw ";
constexpr std::string_view kBelowCom =
    " af ag ai ar au bd bh bn bo br by bz co cu cy do ec eg et fj gh gi gt hk jm kh kw lb lc ly mm "
    "mt mx my na nf ng ni np om pa pe pg ph pk pr py qa sa sb sg sl sv tj tr tw ua uy vc vn ";
constexpr std::string_view kYandex =
    " az by co.il com com.am com.ge com.ru com.tr com.ua ee eu fr kg kz lt lv md pl ru tj tm ua "
    "uz ";

bool listed(std::string_view words, std::string_view word) {
  if (word.empty() || word.find(' ') != std::string_view::npos) {
    return false;
  }
  for (auto at = words.find(word); at != std::string_view::npos; at = words.find(word, at + 1)) {
    if (words[at - 1] == ' ' && words[at + word.size()] == ' ') {
      return true;
    }
  }
  return false;
}

bool google_suffix(std::string_view suffix) {
  if (suffix.starts_with("co.")) {
    return listed(kBelowCo, suffix.substr(3));
  }
  if (suffix.starts_with("com.")) {
    return listed(kBelowCom, suffix.substr(4));
  }
  return listed(kTopLevel, suffix);
}

std::string_view without_www(std::string_view host) {
  return host.starts_with("www.") ? host.substr(4) : host;
}

const Row& row(SearchEngine engine) {
  return kEngines[static_cast<std::size_t>(engine)];
}

SafeSearch found(SearchEngine engine, std::uint32_t engines, std::string_view connect_to) {
  const Row& it = row(engine);
  if ((engines >> static_cast<unsigned>(engine) & 1) == 0) {
    return {};
  }
  return {it.name, it.parameter, it.value, {}, {}, connect_to};
}

// The engine whose search answers under this host, and the host to connect to instead.
std::optional<Place> place_of(std::string_view host) {
  const std::string_view bare = without_www(host);
  if (bare.starts_with("google.") && google_suffix(bare.substr(7))) {
    return Place{host, SearchEngine::Google, "forcesafesearch.google.com"};
  }
  if (host == "ya.ru" || (bare.starts_with("yandex.") && listed(kYandex, bare.substr(7)))) {
    return Place{host, SearchEngine::Yandex, "familysearch.yandex.ru"};
  }
  const auto at = std::ranges::find(kPlaces, host, &Place::host);
  return at == kPlaces.end() ? std::nullopt : std::optional(*at);
}

}  // namespace

SafeSearch safe_search_for(std::string_view host, std::uint32_t engines,
                           std::optional<Youtube> youtube) {
  if (engines == 0 && !youtube) {
    return {};
  }
  if (youtube && std::ranges::find(kYoutube, host) != kYoutube.end()) {
    const bool strict = *youtube == Youtube::Strict;
    return {"youtube",
            {},
            {},
            "YouTube-Restrict",
            strict ? "Strict" : "Moderate",
            strict ? "restrict.youtube.com" : "restrictmoderate.youtube.com"};
  }
  const auto place = place_of(host);
  return place ? found(place->engine, engines, place->connect_to) : SafeSearch{};
}

std::optional<SearchEngine> search_engine(std::string_view name) {
  const auto at = std::ranges::find(kEngines, name, &Row::name);
  return at == kEngines.end() ? std::nullopt : std::optional(at->engine);
}

std::string_view search_engine_name(SearchEngine engine) {
  return row(engine).name;
}

}  // namespace weir::filters
