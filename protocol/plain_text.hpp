#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace backendim {

/// A character at the front of a text.
struct character {
  char32_t code = 0;
  size_t length = 1; ///< In bytes.
  bool good = false; ///< False: this byte begins none.
};

/// The first of *text*, which is not empty. Overlong forms and surrogates are no characters.
character first_character(std::string_view text);

bool is_utf8(std::string_view text);

/// *text* with *instead* in place of each byte that is not UTF-8.
std::string valid_utf8(std::string_view text, std::string_view instead = "\xEF\xBF\xBD");

/// A line from outside as it may be kept and shown: UTF-8 without escape sequences, and without
/// control characters but tabs. A line break becomes a space.
std::string plain_text(std::string_view line, std::string_view instead = "\xEF\xBF\xBD");

/// The same, at most *most* bytes of it, and no character in part.
std::string shortened(std::string_view line, size_t most);

/// A word of somebody else as an error repeats it: plain, short, in quotes.
std::string in_quotes(std::string_view word);

} // namespace backendim
