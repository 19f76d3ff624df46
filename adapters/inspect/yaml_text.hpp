#pragma once

#include "adapters/inspect/yaml.hpp"

#include <cstddef>
#include <optional>
#include <string_view>
#include <vector>

namespace backendim::inspection {

/// The text of a YAML file, for what yaml-cpp does not say: it counts columns in bytes, takes the
/// end of the file for a missing quote, and gives an empty value the place of what follows it.
/// Places are offsets into the text.
class yaml_text {
public:
  explicit yaml_text(std::string_view text);

  /// Line and column, in characters, of *at*.
  position place(size_t at) const;

  /// The first byte that is not UTF-8, or is zero.
  std::optional<size_t> bad_byte() const;

  /// The tab in the blanks that the line of *at* begins with, if there is one before *at*.
  std::optional<size_t> indenting_tab(size_t at) const;

  /// Whether only blanks stand before *at* on its line.
  bool begins_line(size_t at) const;

  /// Where the value itself begins whose anchor or tag may stand at *at*.
  size_t behind_properties(size_t at) const;

  bool is_quote(size_t at) const;

  /// Behind the quote that closes the one at *at*; none when nothing does.
  std::optional<size_t> end_of_quote(size_t at) const;

  /// The first quote from *from* on, the beginning of a word, that is never closed.
  std::optional<size_t> unclosed_quote(size_t from) const;

  /// Whether "~" or "null" is written at *at*.
  bool writes_null(size_t at) const;

  /// Behind the colon of the key at *key*, which reads *name* unless it is in quotes.
  size_t behind_colon(size_t key, std::string_view name) const;

  /// Behind the dash that stands right before *at*, or *at* itself.
  size_t behind_dash(size_t at) const;

private:
  bool is_blank(size_t at) const;
  size_t line_of(size_t at) const;

  std::string_view text_;
  std::vector<size_t> lines_; ///< Where each begins.
};

} // namespace backendim::inspection
