#pragma once

#include <boost/json.hpp>

#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace backendim::inspection {

/// Both count from 1.
struct position {
  int line = 1;
  int column = 1;
};

/// A YAML document as JSON, with the place of each key and value by RFC 6901 pointer.
struct yaml_document {
  boost::json::value root;
  std::map<std::string, position> keys;
  std::map<std::string, position> values;
  /// How plain numbers and booleans were written, by pointer; "" for null.
  std::map<std::string, std::string> plain;
};

struct yaml_problem {
  position at;
  std::string message;
  std::string next;
};

/// Reads the one document in *text*; no document is null. Plain scalars follow the core schema of
/// YAML 1.2. Refused: duplicate keys, keys that are no scalars, tags, a second document, control
/// characters, bytes that are not UTF-8, and more than 2,000 nodes after aliases are resolved.
std::optional<yaml_problem> parse_yaml(std::string_view text, yaml_document& out);

} // namespace backendim::inspection
