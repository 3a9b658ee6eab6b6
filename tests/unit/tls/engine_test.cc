// SPDX-License-Identifier: Apache-2.0
//
// Both ends of TLS against each other over socket pairs, with a carrier between them that cuts what
// they say wherever it likes.
#include "proxy/tls/engine.h"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <string>

#include "tests/unit/tls/place.h"

namespace weir::tls {
namespace {

struct Wire {
  Wire() {
    EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends.data()), 0);
  }
  ~Wire() {
    ::close(ends[0]);
    ::close(ends[1]);
  }
  std::array<int, 2> ends{};
};

// A client and a server of ours, and a wire from each to the carrier.
struct Pair {
  explicit Pair(const Place& place, std::string_view asked = "a.test",
                std::string_view named = "a.test", bool trusts = true) {
    authority = place.load();
    auto made = Contexts::make(trusts ? place.certificate : "");
    EXPECT_TRUE(made) << (made ? "" : made.error());
    contexts = *made;
    leaf = authority->mint(named, wall_now());
    client = Engine::to_origin(*contexts, asked);
    server = Engine::to_client(*contexts, *leaf, "");
    client->use(near.ends[0]);
    server->use(far.ends[0]);
  }
  // Moves at most `most` bytes each way. False when there was nothing.
  bool carry(std::size_t most) {
    const bool up = move(near.ends[1], far.ends[1], most);
    const bool down = move(far.ends[1], near.ends[1], most);
    return up || down;
  }
  static bool move(int from, int to, std::size_t most) {
    std::string piece(most, '\0');
    const ssize_t n = ::recv(from, piece.data(), most, MSG_DONTWAIT);
    if (n == 0) {
      ::shutdown(to, SHUT_WR);
    }
    return n > 0 && ::send(to, piece.data(), static_cast<std::size_t>(n), MSG_NOSIGNAL) == n;
  }
  // Until both have agreed or one has given up; what each came to.
  std::pair<Move, Move> shake(std::size_t most) {
    Move a = Move::WantsRead;
    Move b = Move::WantsRead;
    for (int i = 0; i < 20'000; ++i) {
      a = a == Move::Done || a == Move::Broken ? a : client->shake().what;
      b = b == Move::Done || b == Move::Broken ? b : server->shake().what;
      if (!carry(most) && (a == Move::Broken || b == Move::Broken || (a == b && a == Move::Done))) {
        break;
      }
    }
    return {a, b};
  }

  Wire near;
  Wire far;
  std::shared_ptr<const Authority> authority;
  std::shared_ptr<const Contexts> contexts;
  std::shared_ptr<const Leaf> leaf;
  std::unique_ptr<Engine> client;
  std::unique_ptr<Engine> server;
};

std::string text_of(std::size_t size) {
  std::string out(size, '\0');
  for (std::size_t i = 0; i < size; ++i) {
    out[i] = static_cast<char>('a' + i * 7 % 26);
  }
  return out;
}

// Writes all of it from one end and reads it at the other, in parts, cut on the way.
std::string send(Pair& pair, Engine& from, Engine& to, const std::string& text, std::size_t most) {
  std::string got;
  std::size_t sent = 0;
  for (int i = 0; i < 2'000'000 && got.size() < text.size(); ++i) {
    if (sent < text.size()) {
      const std::size_t head = std::min<std::size_t>(10, text.size() - sent);
      const std::array<iovec, 3> parts = {
          iovec{const_cast<char*>(text.data()) + sent, head}, iovec{nullptr, 0},
          iovec{const_cast<char*>(text.data()) + sent + head, text.size() - sent - head}};
      const Moved moved = from.write(parts);
      EXPECT_NE(moved.what, Move::Broken);
      sent += moved.what == Move::Done ? moved.bytes : 0;
    }
    pair.carry(most);
    std::array<char, 5000> bytes{};
    const Moved moved = to.read(bytes.data(), bytes.size());
    EXPECT_NE(moved.what, Move::Broken);
    got.append(bytes.data(), moved.what == Move::Done ? moved.bytes : 0);
  }
  return got;
}

Move read_once(Engine& from) {
  char byte = 0;
  return from.read(&byte, 1).what;
}

TEST(Engine, CarriesBytesBothWaysHoweverTheyAreCut) {
  const Place place;
  for (const std::size_t most :
       {std::size_t{1}, std::size_t{7}, std::size_t{1448}, std::size_t{70'000}}) {
    Pair pair(place);
    EXPECT_EQ(pair.shake(most), std::pair(Move::Done, Move::Done)) << most;
    const std::string text = text_of(most == 1 ? 3'000 : 200'000);
    EXPECT_EQ(send(pair, *pair.client, *pair.server, text, most), text) << most;
    EXPECT_EQ(send(pair, *pair.server, *pair.client, text, most), text) << most;
    EXPECT_TRUE(pair.client->quiet());
    EXPECT_TRUE(pair.server->quiet());
  }
}

TEST(Engine, EndsOnlyWhenTheFarEndHasSaidSo) {
  const Place place;
  Pair pair(place);
  pair.shake(70'000);
  EXPECT_EQ(pair.client->end().what, Move::Done);
  pair.carry(70'000);
  EXPECT_EQ(read_once(*pair.server), Move::End);
  EXPECT_FALSE(pair.server->quiet());
  const std::string text = text_of(50'000);
  EXPECT_EQ(send(pair, *pair.server, *pair.client, text, 1448), text) << "the other way goes on";
  EXPECT_EQ(pair.server->end().what, Move::Done);
  pair.carry(70'000);
  EXPECT_EQ(read_once(*pair.client), Move::End);
}

TEST(Engine, CallsAnEndThatWasNotSaidBroken) {
  const Place place;
  Pair pair(place);
  pair.shake(70'000);
  ::shutdown(pair.near.ends[0], SHUT_WR);
  pair.carry(70'000);
  pair.carry(70'000);
  EXPECT_EQ(read_once(*pair.server), Move::Broken);
}

TEST(Engine, TakesInWhatWasReadBefore) {
  const Place place;
  Pair pair(place);
  EXPECT_EQ(pair.client->shake().what, Move::WantsRead);
  std::string greeting(16'384, '\0');
  const ssize_t n = ::recv(pair.near.ends[1], greeting.data(), greeting.size(), 0);
  greeting.resize(static_cast<std::size_t>(n));
  pair.server = Engine::to_client(*pair.contexts, *pair.leaf, greeting);
  pair.server->use(pair.far.ends[0]);
  EXPECT_EQ(pair.shake(1448), std::pair(Move::Done, Move::Done));
}

TEST(Engine, SaysWhatIsWrongWithACertificate) {
  const Place place;
  Pair other_name(place, "a.test", "b.test");
  EXPECT_EQ(other_name.shake(70'000).first, Move::Broken);
  EXPECT_EQ(other_name.client->trouble(), Trouble::WrongName);
  Pair untrusted(place, "a.test", "a.test", false);
  EXPECT_EQ(untrusted.shake(70'000), std::pair(Move::Broken, Move::Broken));
  EXPECT_EQ(untrusted.client->trouble(), Trouble::Untrusted);
  EXPECT_EQ(untrusted.server->trouble(), Trouble::Rejected);
  Pair address(place, "10.0.0.1", "10.0.0.1");
  EXPECT_EQ(address.shake(70'000), std::pair(Move::Done, Move::Done));
  Pair other_address(place, "10.0.0.1", "10.0.0.2");
  EXPECT_EQ(other_address.shake(70'000).first, Move::Broken);
  EXPECT_EQ(other_address.client->trouble(), Trouble::WrongName);
}

TEST(Engine, TellsAnEndThatSpeaksSomethingElseFromOneThatLeft) {
  const Place place;
  Pair pair(place);
  ASSERT_EQ(::send(pair.far.ends[1], "GET / HTTP/1.1\r\n\r\n", 18, 0), 18);
  EXPECT_EQ(pair.server->shake().what, Move::Broken);
  EXPECT_EQ(pair.server->trouble(), Trouble::Protocol);
  Pair left(place);
  ::shutdown(left.far.ends[1], SHUT_WR);
  EXPECT_EQ(left.server->shake().what, Move::Broken);
  EXPECT_EQ(left.server->trouble(), Trouble::Gone);
}

}  // namespace
}  // namespace weir::tls
