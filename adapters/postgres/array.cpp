#include "adapters/postgres/array.hpp"

#include <endian.h>

namespace backendim::postgres {

namespace {

void put(std::string& to, uint32_t x) {
  const auto wire = ::htobe32(x);
  to.append(reinterpret_cast<const char*>(&wire), sizeof wire);
}

} // namespace

void array::add(std::string_view bytes) {
  put(elements_, static_cast<uint32_t>(bytes.size()));
  elements_.append(bytes);
  ++size_;
}

void array::add(int64_t x) {
  const auto wire = ::htobe64(static_cast<uint64_t>(x));
  add(std::string_view{reinterpret_cast<const char*>(&wire), sizeof wire});
}

pqxx::binarystring array::value() const {
  std::string text;
  text.reserve(elements_.size() + 20);
  put(text, size_ == 0 ? 0 : 1); // dimensions
  put(text, 0);                  // none is null
  put(text, element_type_);
  if (size_ > 0) {
    put(text, size_);
    put(text, 1); // where it begins to count
    text += elements_;
  }
  return {text.data(), text.size()};
}

} // namespace backendim::postgres
