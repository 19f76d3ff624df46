#pragma once

#include "adapters/proxy/block.hpp"

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

namespace backendim::proxy {

/// Views of body bytes, in the block they came in.
using body_pieces = std::vector<std::string_view>;

/// Finds the bytes of a body, and its end, in what a connection delivers. Keeps no bytes.
class body_reader {
public:
  void expect_nothing() { start(kind::length, 0); }
  void expect_length(uint64_t n) { start(kind::length, n); }
  void expect_chunks() { start(kind::chunked, 0); }
  void expect_end_of_stream() { start(kind::until_end, 0); }

  bool done() const { return done_; }
  bool ends_with_stream() const { return kind_ == kind::until_end; }

  /// Consumes of *in* what belongs to the body, at most all of it. False: its chunks are malformed.
  bool feed(block& in, body_pieces& out);

  /// The stream ended here. False: this cut the body short.
  bool end_of_stream();

private:
  enum class kind : uint8_t { length, chunked, until_end };
  enum class place : uint8_t { size, blank, extension, size_end, data, data_cr, data_lf, trailer };

  void start(kind what, uint64_t n);
  bool feed_chunked(std::string_view bytes, size_t& used, body_pieces& out);
  bool framing(char c);
  bool line_ended();

  kind kind_ = kind::length;
  bool done_ = true;
  place place_ = place::size;
  uint64_t left_ = 0;     ///< Bytes of the body, or of the chunk.
  unsigned digits_ = 0;   ///< Of the chunk's size.
  unsigned overhead_ = 0; ///< Bytes of this chunk's line or of the trailers.
  unsigned line_ = 0;     ///< Bytes of this trailer line.
  bool cr_ = false;       ///< The last byte was one.
};

} // namespace backendim::proxy
