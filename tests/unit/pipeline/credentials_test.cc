// SPDX-License-Identifier: Apache-2.0
//
// The Authenticator with real hashes, a real pool and a real loop. Order is forced by holding the
// pool's only thread; time is the loop's: it stands still between turns, and turns are made until
// it has come far enough.
#include "proxy/pipeline/credentials.h"

#include <gtest/gtest.h>

#include <array>
#include <latch>
#include <memory>
#include <string>
#include <thread>
#include <type_traits>
#include <utility>
#include <vector>

#include "tests/base64_encode.h"
#include "tests/unit/counted_new.h"
#include "tests/unit/pipeline/counted_openssl.h"
#include "tests/unit/pipeline/make_hash.h"

namespace weir {
namespace {

// g++ 12 must never have to destroy what a co_await yields (see task.h).
static_assert(std::is_trivially_destructible_v<AuthOutcome>);

std::string basic(std::string_view user, std::string_view password) {
  return "Basic " + test::encode_base64(std::string(user) + ":" + std::string(password));
}

struct Answer {
  bool done = false;
  AuthOutcome outcome;
  Failure failure() const { return outcome.failure; }
  std::string_view user() const { return outcome.user.view(); }
};

Spawned ask(Authenticator& authenticator, std::string value, Answer& answer) {
  Task<AuthOutcome> task = authenticator.check(value);
  answer.outcome = co_await task;
  answer.done = true;
}

// Holds a thread of the pool until released.
class Hold {
 public:
  explicit Hold(Offload& offload) {
    const auto begun = std::make_shared<std::latch>(1);
    const auto job = [begun, end = end_] {
      begun->count_down();
      end->wait();
    };
    EXPECT_EQ(offload.submit(job), Failure::None);
    begun->wait();
  }
  ~Hold() { release(); }
  void release() {
    if (!std::exchange(released_, true)) {
      end_->count_down();
    }
  }

 private:
  std::shared_ptr<std::latch> end_ = std::make_shared<std::latch>(1);
  bool released_ = false;
};

std::shared_ptr<const PasswordFile> make_file(const std::string& text) {
  const auto loaded = PasswordFile::parse(text, "users");
  EXPECT_NE(loaded.file, nullptr);
  return loaded.file;
}

class Credentials : public testing::Test {
 protected:
  Credentials() { make(Authenticator::Limits{}); }
  ~Credentials() override { offload_.stop(); }

  void make(const Authenticator::Limits& limits) {
    authenticator_ = std::make_unique<Authenticator>(loop_, offload_, file_, limits);
  }
  Answer check(const std::string& value) {
    Answer answer;
    ask(*authenticator_, value, answer);
    finish(answer);
    return answer;
  }
  void finish(const Answer& answer) {
    while (!answer.done) {
      loop_.turn(-1);
    }
  }
  // True when the value was judged without a wait.
  bool at_once(const std::string& value) {
    Answer answer;
    ask(*authenticator_, value, answer);
    const bool done = answer.done;
    finish(answer);
    return done;
  }
  void pass(Micros time) {
    const Instant until = loop_.now() + time;
    while (loop_.now() < until) {
      loop_.turn(0);
    }
  }
  const AuthCounters& counters() const { return authenticator_->counters(); }

  Loop loop_;
  Offload offload_{1, 4};
  std::string alice_hash_ = test::make_hash("wonder land", "$2y$");
  std::string bob_hash_ = test::make_hash("", "$6$");
  std::shared_ptr<const PasswordFile> file_ =
      make_file("alice:" + alice_hash_ + "\nbob:" + bob_hash_ + "\n");
  std::unique_ptr<Authenticator> authenticator_;
};

TEST_F(Credentials, TheRightPasswordNamesTheUser) {
  const Answer alice = check(basic("alice", "wonder land"));
  EXPECT_EQ(alice.failure(), Failure::None);
  EXPECT_EQ(alice.user(), "alice");
  const Answer bob = check(basic("bob", ""));
  EXPECT_EQ(bob.failure(), Failure::None);
  EXPECT_EQ(bob.user(), "bob");
  EXPECT_EQ(counters().verified, 2u);
  EXPECT_EQ(counters().failed, 0u);
}

TEST_F(Credentials, EveryKindOfHashLetsItsUserIn) {
  for (const char* kind : {"$2y$", "$2b$", "$2a$", "$y$", "$6$", "$5$"}) {
    authenticator_->use(make_file("u:" + test::make_hash("secret", kind)));
    EXPECT_EQ(check(basic("u", "secret")).failure(), Failure::None) << kind;
    EXPECT_EQ(check(basic("u", "Secret")).failure(), Failure::AuthFailed) << kind;
  }
}

TEST_F(Credentials, WrongPasswordsAndUnknownUsersFailAlike) {
  for (const auto& [user, password] : std::vector<std::pair<std::string, std::string>>{
           {"alice", "wonder"},
           {"alice", ""},
           {"Alice", "wonder land"},
           {"nobody", "wonder land"},
           {"nobody", ""},
           {"alice ", "wonder land"},
       }) {
    const Answer answer = check(basic(user, password));
    EXPECT_EQ(answer.failure(), Failure::AuthFailed) << user;
    EXPECT_EQ(answer.user(), "") << user;
  }
  EXPECT_EQ(counters().failed, 6u);
  EXPECT_EQ(counters().verified, 0u);
}

TEST_F(Credentials, AnUnknownUserIsHashedToo) {
  EXPECT_FALSE(at_once(basic("nobody", "x")));
  EXPECT_FALSE(at_once(basic("alice", "x")));
}

TEST_F(Credentials, TheDecoysPasswordOpensNothing) {
  // Whichever user lends its hash, its password is tried here.
  for (const char* user : {"nobody", "someone", "carol", "dave", "eve", "mallory"}) {
    EXPECT_EQ(check(basic(user, "wonder land")).failure(), Failure::AuthFailed);
    EXPECT_EQ(check(basic(user, "")).failure(), Failure::AuthFailed);
  }
}

TEST_F(Credentials, WithoutCredentialsTheyAreAskedFor) {
  EXPECT_EQ(check("").failure(), Failure::AuthRequired);
  EXPECT_EQ(check("Bearer x").failure(), Failure::AuthRequired);
  EXPECT_EQ(counters().failed, 0u);
}

TEST_F(Credentials, MalformedCredentialsFailAtOnce) {
  for (const char* value : {"Basic", "Basic !!!!", "Basic dTpwcA", "Basic dXNlcg=="}) {
    EXPECT_TRUE(at_once(value)) << value;
    EXPECT_EQ(check(value).failure(), Failure::AuthFailed) << value;
  }
  EXPECT_EQ(counters().failed, 8u);
}

TEST_F(Credentials, WithoutUsersNobodyPasses) {
  authenticator_->use(make_file("# none\n"));
  EXPECT_TRUE(at_once(basic("alice", "wonder land")));
  EXPECT_EQ(check(basic("alice", "wonder land")).failure(), Failure::AuthFailed);
}

TEST_F(Credentials, ARightPasswordIsRememberedForItsTime) {
  make({.remember = kMillisecond});
  EXPECT_FALSE(at_once(basic("alice", "wonder land")));
  EXPECT_TRUE(at_once(basic("alice", "wonder land")));
  EXPECT_EQ(counters().cached, 1u);
  EXPECT_EQ(check(basic("alice", "wonder land")).user(), "alice");
  EXPECT_FALSE(at_once(basic("alice", "wonder")));
  pass(kMillisecond);
  EXPECT_FALSE(at_once(basic("alice", "wonder land")));
  EXPECT_EQ(counters().verified, 2u);
}

TEST_F(Credentials, UseDoesNotProlongWhatIsRemembered) {
  make({.remember = kMillisecond});
  check(basic("alice", "wonder land"));
  const Instant end = loop_.now() + kMillisecond;
  while (loop_.now() < end) {
    EXPECT_TRUE(at_once(basic("alice", "wonder land")));
    loop_.turn(0);
  }
  EXPECT_FALSE(at_once(basic("alice", "wonder land")));
}

TEST_F(Credentials, RememberingCanBeSwitchedOff) {
  make({.remember = 0, .remember_failure = 0});
  for (int i = 0; i < 2; ++i) {
    EXPECT_FALSE(at_once(basic("alice", "wonder land")));
    EXPECT_FALSE(at_once(basic("alice", "wrong")));
  }
  EXPECT_EQ(counters().verified, 2u);
}

TEST_F(Credentials, AWrongPasswordIsRememberedBriefly) {
  make({.remember_failure = kMillisecond});
  EXPECT_FALSE(at_once(basic("alice", "wrong")));
  EXPECT_TRUE(at_once(basic("alice", "wrong")));
  EXPECT_FALSE(at_once(basic("alice", "wronger")));
  EXPECT_EQ(counters().failed, 3u);
  pass(kMillisecond);
  EXPECT_FALSE(at_once(basic("alice", "wrong")));
}

TEST_F(Credentials, AWrongPasswordDoesNotPushOutARightOne) {
  make({.most_remembered = 1, .most_failures = 1});
  check(basic("alice", "wonder land"));
  for (int i = 0; i < 50; ++i) {
    check(basic("alice", std::to_string(i)));
  }
  EXPECT_TRUE(at_once(basic("alice", "wonder land")));
}

TEST_F(Credentials, AChangedHashForgetsThePasswordAtOnce) {
  check(basic("alice", "wonder land"));
  authenticator_->use(make_file("alice:" + test::make_hash("looking glass", "$2y$") + "\n"));
  EXPECT_EQ(check(basic("alice", "wonder land")).failure(), Failure::AuthFailed);
  EXPECT_EQ(check(basic("alice", "looking glass")).failure(), Failure::None);
}

TEST_F(Credentials, ARemovedUserIsOutAtOnceAndAnAddedOneIn) {
  check(basic("alice", "wonder land"));
  check(basic("carol", "new"));
  authenticator_->use(make_file("carol:" + test::make_hash("new", "$2y$") + "\n"));
  EXPECT_EQ(check(basic("alice", "wonder land")).failure(), Failure::AuthFailed);
  EXPECT_EQ(check(basic("carol", "new")).failure(), Failure::None);
}

TEST_F(Credentials, AReloadThatChangesNothingForAUserForgetsNothing) {
  check(basic("alice", "wonder land"));
  authenticator_->use(make_file("zoe:" + bob_hash_ + "\nalice:" + alice_hash_ + "\n"));
  EXPECT_TRUE(at_once(basic("alice", "wonder land")));
}

TEST_F(Credentials, AFileMayBeReplacedWhileAPasswordIsVerified) {
  Hold hold(offload_);
  Answer answer;
  ask(*authenticator_, basic("alice", "wonder land"), answer);
  authenticator_->use(make_file("# none\n"));
  file_.reset();
  hold.release();
  finish(answer);
  EXPECT_EQ(answer.failure(), Failure::None);  // it was right when it was asked
  EXPECT_EQ(check(basic("alice", "wonder land")).failure(), Failure::AuthFailed);
}

TEST_F(Credentials, ChecksOfTheSamePasswordAtOnceShareOneHash) {
  Hold hold(offload_);
  std::array<Answer, 20> answers;  // more than the queue would take
  for (Answer& answer : answers) {
    ask(*authenticator_, basic("alice", "wonder land"), answer);
  }
  hold.release();
  for (Answer& answer : answers) {
    finish(answer);
    EXPECT_EQ(answer.failure(), Failure::None);
    EXPECT_EQ(answer.user(), "alice");
  }
  EXPECT_EQ(counters().verified, 1u);
  EXPECT_EQ(counters().cached, 19u);
}

TEST_F(Credentials, ChecksOfTheSameWrongPasswordShareOneHashToo) {
  Hold hold(offload_);
  std::array<Answer, 20> answers;
  for (Answer& answer : answers) {
    ask(*authenticator_, basic("alice", "wrong"), answer);
  }
  hold.release();
  for (Answer& answer : answers) {
    finish(answer);
    EXPECT_EQ(answer.failure(), Failure::AuthFailed);
    EXPECT_EQ(answer.user(), "");
  }
  EXPECT_EQ(counters().failed, 20u);
}

TEST_F(Credentials, WhenThePoolIsFullNewPasswordsAreRefusedAtOnceAndKnownOnesPass) {
  check(basic("alice", "wonder land"));
  Hold hold(offload_);
  std::array<Answer, 4> queued;
  for (std::size_t i = 0; i < queued.size(); ++i) {
    ask(*authenticator_, basic("alice", std::to_string(i)), queued[i]);
    EXPECT_FALSE(queued[i].done);
  }
  Answer refused;
  ask(*authenticator_, basic("bob", ""), refused);
  EXPECT_TRUE(refused.done);
  EXPECT_EQ(refused.failure(), Failure::Overloaded);
  EXPECT_EQ(refused.user(), "");
  EXPECT_EQ(counters().overloaded, 1u);
  EXPECT_TRUE(at_once(basic("alice", "wonder land")));
  hold.release();
  for (const Answer& answer : queued) {
    finish(answer);
    EXPECT_EQ(answer.failure(), Failure::AuthFailed);
  }
  EXPECT_EQ(check(basic("bob", "")).failure(), Failure::None);  // a refusal is not remembered
}

TEST_F(Credentials, AStoppedPoolIsToldAsShuttingDown) {
  offload_.stop();
  EXPECT_TRUE(at_once(basic("alice", "wonder land")));
  EXPECT_EQ(check(basic("alice", "wonder land")).failure(), Failure::ShuttingDown);
}

TEST_F(Credentials, TheLongestNameAndPasswordWork) {
  const std::string user(255, 'u');
  const std::string password(511, 'p');
  authenticator_->use(make_file(user + ":" + test::make_hash(password, "$6$") + "\n"));
  const Answer answer = check(basic(user, password));
  EXPECT_EQ(answer.failure(), Failure::None);
  EXPECT_EQ(answer.user(), user);
  EXPECT_EQ(check(basic(user, password.substr(1))).failure(), Failure::AuthFailed);
}

TEST_F(Credentials, ARememberedPasswordCostsNoAllocation) {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
  constexpr std::size_t kFrames = 2;  // under a sanitizer coroutine frames come from the heap
#else
  constexpr std::size_t kFrames = 0;
#endif
  ASSERT_TRUE(test::openssl_counted());
  const std::string value = basic("alice", "wonder land");
  check(value);
  check(value);
  std::string moved = value;
  Answer answer;
  const std::size_t before = test::allocations();
  ask(*authenticator_, std::move(moved), answer);
  EXPECT_EQ(test::allocations() - before, kFrames);
  EXPECT_TRUE(answer.done);
  EXPECT_EQ(answer.failure(), Failure::None);
}

// One worker of the stress test, on a thread of its own.
struct Worker {
  Loop loop;
  std::unique_ptr<Authenticator> authenticator;
  int running = 0;
  int wrong_answers = 0;
};

Spawned keep_asking(Worker& worker, int checks, int who) {
  ++worker.running;
  for (int i = 0; i < checks; ++i) {
    const bool right = (i + who) % 3 != 0;
    const std::string value = basic("alice", right ? "p" : std::to_string(i % 5));
    Task<AuthOutcome> task = worker.authenticator->check(value);
    const AuthOutcome outcome = co_await task;
    const Failure expected = right ? Failure::None : Failure::AuthFailed;
    worker.wrong_answers += outcome.failure == expected ? 0 : 1;
  }
  --worker.running;
}

TEST(CredentialsStress, WorkersShareTheFileAndThePool) {
  constexpr int kTasks = 10;
  constexpr int kChecks = 30;
  const auto file = make_file("alice:" + test::make_hash("p", "$2b$") + "\n");
  std::array<Worker, 3> workers;
  Offload offload(2, 100);
  std::vector<std::thread> threads;
  for (Worker& worker : workers) {
    threads.emplace_back([&offload, &worker, &file] {
      const Authenticator::Limits limits{.remember = kMillisecond,
                                         .remember_failure = kMillisecond};
      worker.authenticator = std::make_unique<Authenticator>(worker.loop, offload, file, limits);
      for (int i = 0; i < kTasks; ++i) {
        keep_asking(worker, kChecks, i);
      }
      while (worker.running > 0) {
        worker.loop.turn(-1);
      }
    });
  }
  for (std::thread& thread : threads) {
    thread.join();
  }
  offload.stop();
  for (const Worker& worker : workers) {
    const AuthCounters& c = worker.authenticator->counters();
    EXPECT_EQ(worker.wrong_answers, 0);
    EXPECT_EQ(c.verified + c.cached + c.failed, static_cast<unsigned>(kTasks * kChecks));
    EXPECT_EQ(c.overloaded, 0u);
  }
}

}  // namespace
}  // namespace weir
