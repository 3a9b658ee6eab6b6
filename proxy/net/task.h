// SPDX-License-Identifier: Apache-2.0
//
// Task<T>: a coroutine that may wait, and the five await rules. A task starts when it is awaited
// (or start()ed) and runs at once, on the caller's stack, until it finishes or first has to wait; a
// task that never waits therefore costs one pooled frame and no trip through the event loop.
//
// Frames come from a per-thread pool: the warm path meets no heap. One thread per worker; a task
// never leaves the thread that created it.
//
// The five await rules (tests/house_test.cc checks what a machine can check):
//   1. `co_await` appears only in the files listed there.
//   2. Every argument inside an awaited expression is a named variable, a moved named variable, a
//      reference, a view or a number. No braces, no lambdas: g++ 12 destroys such temporaries
//      twice.
//      Nor does co_await stand inside ?:, && or ||, or in the condition of a loop, where g++ 12
//      lays the frame out wrongly.
//   3. Coroutines are named functions. Parameters are values, or references to what the session or
//      worker owns. No lambda coroutines.
//   4. No timer races. Deadlines belong to streams and live in the wheel.
//   5. A function that does not wait is not a coroutine.
#pragma once

#include <coroutine>
#include <cstddef>
#include <exception>
#include <optional>
#include <utility>

#include "proxy/base/assert.h"

namespace weir {

// The per-thread frame pool. Blocks are kept in size classes of 64 bytes up to 2 KiB; larger frames
// go to the heap. allocate() and release() must be called on the same thread.
void* allocate_frame(std::size_t size);
void release_frame(void* frame, std::size_t size) noexcept;

namespace detail {

struct PromiseBase {
  static void* operator new(std::size_t size) { return allocate_frame(size); }
  static void operator delete(void* frame, std::size_t size) { release_frame(frame, size); }

  // At the end, whoever awaits is resumed in our place.
  struct Final {
    bool await_ready() noexcept { return false; }
    template <class Promise>
    std::coroutine_handle<> await_suspend(std::coroutine_handle<Promise> h) noexcept {
      const auto next = h.promise().continuation;
      return next ? next : std::noop_coroutine();
    }
    void await_resume() noexcept {}
  };
  std::suspend_always initial_suspend() noexcept { return {}; }
  Final final_suspend() noexcept { return {}; }
  [[noreturn]] void unhandled_exception() noexcept { std::terminate(); }

  std::coroutine_handle<> continuation;
  bool started = false;
};

template <class T>
struct Promise : PromiseBase {
  std::optional<T> value;
  template <class U>
  void return_value(U&& v) {
    value.emplace(std::forward<U>(v));
  }
};

template <>
struct Promise<void> : PromiseBase {
  void return_void() noexcept {}
};

}  // namespace detail

template <class T = void>
class [[nodiscard]] Task {
 public:
  struct promise_type : detail::Promise<T> {
    Task get_return_object() {
      return Task(std::coroutine_handle<promise_type>::from_promise(*this));
    }
  };

  Task() = default;
  Task(Task&& other) noexcept : handle_(std::exchange(other.handle_, nullptr)) {}
  Task& operator=(Task&& other) noexcept {
    if (this != &other) {
      drop();
      handle_ = std::exchange(other.handle_, nullptr);
    }
    return *this;
  }
  ~Task() { drop(); }

  // Runs until the first wait. Await it later to learn that it has finished.
  void start() {
    if (!handle_.promise().started) {
      handle_.promise().started = true;
      handle_.resume();
    }
  }
  bool valid() const { return static_cast<bool>(handle_); }
  bool done() const { return !handle_ || handle_.done(); }

  bool await_ready() {
    start();
    return handle_.done();
  }
  void await_suspend(std::coroutine_handle<> waiter) { handle_.promise().continuation = waiter; }
  T await_resume() {
    if constexpr (!std::is_void_v<T>) {
      return std::move(*handle_.promise().value);
    }
  }

 private:
  explicit Task(std::coroutine_handle<promise_type> handle) : handle_(handle) {}
  void drop() {
    if (handle_) {
      // A task that waits must be finished by closing what it waits for, never dropped.
      WEIR_ASSERT(handle_.done() || !handle_.promise().started);
      handle_.destroy();
      handle_ = nullptr;
    }
  }
  std::coroutine_handle<promise_type> handle_;
};

// The root of a chain of tasks: runs at once, belongs to nobody, frees itself when it ends.
struct Spawned {
  struct promise_type {
    static void* operator new(std::size_t size) { return allocate_frame(size); }
    static void operator delete(void* frame, std::size_t size) { release_frame(frame, size); }
    Spawned get_return_object() noexcept { return {}; }
    std::suspend_never initial_suspend() noexcept { return {}; }
    std::suspend_never final_suspend() noexcept { return {}; }
    void return_void() noexcept {}
    [[noreturn]] void unhandled_exception() noexcept { std::terminate(); }
  };
};

}  // namespace weir
