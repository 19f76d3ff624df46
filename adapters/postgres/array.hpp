#pragma once

#include <pqxx/pqxx>

#include <cstdint>
#include <string>
#include <string_view>

namespace backendim::postgres {

/// Many values for one parameter of a prepared statement, in PostgreSQL's binary format of an
/// array: nothing is turned into digits here and back there.
class array {
public:
  static array of_bytea() { return array{17}; }
  static array of_bigint() { return array{20}; }

  void add(std::string_view bytes);
  void add(int64_t x);

  pqxx::binarystring value() const;

private:
  explicit array(uint32_t element_type) : element_type_{element_type} {}

  uint32_t element_type_; ///< Its OID, the same in each PostgreSQL.
  uint32_t size_ = 0;
  std::string elements_;
};

} // namespace backendim::postgres
