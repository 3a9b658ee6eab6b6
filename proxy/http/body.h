// SPDX-License-Identifier: Apache-2.0
//
// Bodies from bytes (RFC 9112 6-7). A BodyReader is told how the body is framed and then fed
// whatever arrives; it points out the payload inside and says when the body is over, never looking
// at a byte behind its end. Chunk extensions are dropped, bounded in sum; trailers are collected,
// bounded.
//
// Pure: no I/O, no clock. Allocates only when trailers arrive.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "proxy/http/framing.h"

namespace weir::http {

struct BodyStep {
  std::size_t used = 0;      // bytes of the input consumed, framing included
  std::string_view payload;  // inside the input; may be empty
  bool over = false;         // the body ended with the last consumed byte
  bool bad = false;          // malformed; `bad_trailer()` tells where
};

class BodyReader {
 public:
  static constexpr std::size_t kMaxExtensions = 16 * 1024;  // bytes, all chunks of a body together
  static constexpr std::size_t kMaxTrailers = 16 * 1024;
  static constexpr std::size_t kMaxSizeDigits = 16;

  void begin(const Framing& framing);

  // One step: consumes up to and including the next run of payload, or to the end of what can be
  // used. Progress is certain for non-empty input unless the body is over.
  BodyStep next(std::string_view in);

  // The origin closed. True when that is how this body ends (UntilClose); then it is over.
  bool close();

  bool over() const { return state_ == State::Over; }
  // How many of the next bytes are payload for certain, whatever they are: what may be moved
  // without being looked at.
  std::uint64_t sure_payload() const;
  // True when the body has a length: nothing behind its end need ever be read.
  bool counted() const { return state_ == State::Length; }
  // Tells the reader that `n` bytes of sure_payload() went by unseen.
  void skip(std::uint64_t n);

  bool bad_trailer() const { return state_ == State::BadTrailer; }
  // The trailer section: complete lines with CRLF, without the final empty line.
  std::string_view trailers() const { return trailers_; }

 private:
  enum class State : std::uint8_t {
    Length,
    UntilClose,
    SizeFirst,  // the first digit of a chunk size
    Size,       // further digits
    SizeSpace,  // white space that only ";" may follow
    Extension,
    SizeLf,
    Data,
    DataCr,
    DataLf,
    Trailer,  // at the start of or inside a trailer line
    TrailerLf,
    Over,
    Bad,
    BadTrailer,
  };
  void step_frame(char c);
  void size_digit(char c);
  void after_size(char c);
  void trailer_byte(char c);
  void after_size_line();

  State state_ = State::Over;
  std::uint64_t left_ = 0;  // Length, Data: payload bytes to come; Size: the number so far
  std::uint32_t extension_bytes_ = 0;
  std::uint8_t digits_ = 0;
  std::string trailers_;
  std::size_t trailer_line_ = 0;  // where the present trailer line starts
};

}  // namespace weir::http
