#pragma once

#include <cstddef>
#include <cstring>
#include <memory>
#include <span>
#include <string_view>
#include <utility>

namespace backendim::proxy {

/// A buffer of fixed size; [begin, end) is what was received and not yet consumed. Its bytes move
/// in compact() only, so views into it live until then.
class block {
public:
  explicit block(size_t capacity) : data_{new char[capacity]}, capacity_{capacity} {}

  std::string_view unread() const { return {data_.get() + begin_, end_ - begin_}; }
  bool empty() const { return begin_ == end_; }
  std::span<char> room() { return {data_.get() + end_, capacity_ - end_}; }
  void filled(size_t n) { end_ += n; }
  void consume(size_t n) { begin_ += n; }
  void clear() { begin_ = end_ = 0; }

  void compact() {
    if (begin_ != 0)
      std::memmove(data_.get(), data_.get() + begin_, end_ - begin_);
    end_ -= std::exchange(begin_, 0);
  }

private:
  std::unique_ptr<char[]> data_; // uninitialized: pages never touched cost nothing
  size_t capacity_;
  size_t begin_ = 0;
  size_t end_ = 0;
};

} // namespace backendim::proxy
