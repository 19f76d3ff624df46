#pragma once

#include "protocol/json_codec.hpp"

#include <concepts>
#include <memory>
#include <optional>
#include <utility>

namespace backendim {

/// A std::optional for what is large and mostly absent: until then it takes the room of a pointer.
template <class T>
class boxed {
public:
  boxed() = default;
  boxed(std::nullopt_t) {}
  boxed(T x) : value_{std::make_unique<T>(std::move(x))} {}
  boxed(const boxed& other) : value_{other ? std::make_unique<T>(*other) : nullptr} {}
  boxed(boxed&&) noexcept = default;
  boxed& operator=(const boxed& other) {
    value_ = other ? std::make_unique<T>(*other) : nullptr;
    return *this;
  }
  boxed& operator=(boxed&&) noexcept = default;
  ~boxed() = default;

  T& emplace() { return *(value_ = std::make_unique<T>()); }
  void reset() { value_.reset(); }

  bool has_value() const { return value_ != nullptr; }
  explicit operator bool() const { return has_value(); }
  T& operator*() { return *value_; }
  const T& operator*() const { return *value_; }
  T* operator->() { return value_.get(); }
  const T* operator->() const { return value_.get(); }

  friend bool operator==(const boxed& x, const boxed& y) requires std::equality_comparable<T> {
    return x && y ? *x == *y : x.has_value() == y.has_value();
  }

private:
  std::unique_ptr<T> value_;
};

template <class T>
struct json_field<boxed<T>> {
  using codec = json_codec<T>;
  static constexpr bool required = false;
  static const T* get(const boxed<T>& x) { return x ? &*x : nullptr; }
  static T& make(boxed<T>& x) { return x.emplace(); }
};

} // namespace backendim
