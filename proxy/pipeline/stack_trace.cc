// SPDX-License-Identifier: Apache-2.0
//
// See stack_trace.h. The thread itself only notes addresses, which is all that may be done safely
// inside a signal; names are looked up by whoever asked.
#include "proxy/pipeline/stack_trace.h"

#include <cxxabi.h>
#include <execinfo.h>

#include <array>
#include <atomic>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <thread>

namespace weir {
namespace {

constexpr int kFramesMost = 64;
constexpr int kOwnFrames = 2;  // the handler, and what the kernel puts before it

std::array<void*, kFramesMost> frames;
std::atomic<int> frame_count{0};
std::atomic<unsigned> questions{0};  // by whoever wants to know; odd: an answer is awaited
std::atomic<unsigned> answered{0};   // the value of `questions` that the answer belongs to

int signal_number() {
  return SIGRTMIN + 1;
}

// An answer that comes too late finds that nobody waits for it and leaves everything as it is.
void note_frames(int) {
  const int error = errno;
  const unsigned question = questions.load(std::memory_order_acquire);
  if (question % 2 == 1) {
    frame_count.store(::backtrace(frames.data(), kFramesMost), std::memory_order_relaxed);
    answered.store(question, std::memory_order_release);
  }
  errno = error;
}

// "weir(_ZN4weir4Loop4turnEl+0x1f) [0x...]" with the name as people write it.
std::string readable(const char* symbol) {
  const std::string text = symbol;
  const std::size_t open = text.find('(');
  const std::size_t plus = text.find('+', open);
  if (open == std::string::npos || plus == std::string::npos) {
    return text;
  }
  const std::string mangled = text.substr(open + 1, plus - open - 1);
  int status = 0;
  char* plain = abi::__cxa_demangle(mangled.c_str(), nullptr, nullptr, &status);
  std::string out = status == 0 ? text.substr(0, open + 1) + plain + text.substr(plus) : text;
  std::free(plain);
  return out;
}

}  // namespace

void prepare_stack_traces() {
  ::backtrace(frames.data(), kFramesMost);  // the first call loads a library, which allocates
  struct sigaction action {};
  action.sa_handler = note_frames;
  action.sa_flags = SA_RESTART;
  sigemptyset(&action.sa_mask);
  ::sigaction(signal_number(), &action, nullptr);
}

std::vector<std::string> stack_of(pthread_t thread, Micros patience) {
  const unsigned question = questions.fetch_add(1, std::memory_order_acq_rel) + 1;
  const bool sent = ::pthread_kill(thread, signal_number()) == 0;
  const auto until = std::chrono::steady_clock::now() + std::chrono::microseconds(patience);
  bool told = false;
  while (sent && !told && std::chrono::steady_clock::now() < until) {
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
    told = answered.load(std::memory_order_acquire) == question;
  }
  questions.fetch_add(1, std::memory_order_acq_rel);
  std::vector<std::string> out;
  if (!told) {
    return out;
  }
  const int count = frame_count.load(std::memory_order_relaxed);
  char** symbols = ::backtrace_symbols(frames.data(), count);
  for (int i = kOwnFrames; symbols != nullptr && i < count; ++i) {
    out.push_back(readable(symbols[i]));
  }
  std::free(symbols);
  return out;
}

}  // namespace weir
