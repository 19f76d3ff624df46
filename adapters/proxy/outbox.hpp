#pragma once

#include "adapters/proxy/body.hpp"

#include <sys/uio.h>

#include <array>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

namespace backendim::proxy {

/// What is to be written next: views, gathered into one write. Refill it only when it is empty.
class outbox {
public:
  bool empty() const { return next_ == parts_.size(); }
  std::span<iovec> parts() { return std::span{parts_}.subspan(next_); }

  void clear() {
    parts_.clear();
    next_ = 0;
  }

  void add(std::string_view bytes) {
    if (!bytes.empty()) // writev does not write through the pointer
      parts_.push_back({const_cast<char*>(bytes.data()), bytes.size()});
  }

  /// Adds body bytes; *chunked*: as one chunk, and behind the *last* ones the end of all chunks.
  void add(const body_pieces& pieces, bool chunked, bool last) {
    size_t size = 0;
    for (const auto& x : pieces)
      size += x.size();
    if (chunked && size != 0) {
      auto* end = std::to_chars(size_.data(), size_.data() + 16, size, 16).ptr;
      *end++ = '\r';
      *end++ = '\n';
      add({size_.data(), static_cast<size_t>(end - size_.data())});
    }
    for (const auto& x : pieces)
      add(x);
    if (!chunked)
      return;
    if (size != 0)
      add("\r\n");
    if (last)
      add("0\r\n\r\n");
  }

  /// *n* bytes of it were written.
  void written(size_t n) {
    written_ += n;
    while (n != 0) {
      auto& front = parts_[next_];
      if (n < front.iov_len) {
        front.iov_base = static_cast<char*>(front.iov_base) + n;
        front.iov_len -= n;
        return;
      }
      n -= front.iov_len;
      ++next_;
    }
    if (empty())
      clear();
  }

  uint64_t written() const { return written_; } ///< Bytes ever.

private:
  uint64_t written_ = 0;
  std::vector<iovec> parts_;
  size_t next_ = 0;
  std::array<char, 24> size_{};
};

} // namespace backendim::proxy
