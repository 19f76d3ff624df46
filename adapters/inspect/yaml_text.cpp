#include "adapters/inspect/yaml_text.hpp"

#include <algorithm>
#include <initializer_list>

namespace backendim::inspection {

namespace {

constexpr std::string_view blanks = " \t\r\n";

unsigned char byte(std::string_view text, size_t at) {
  return static_cast<unsigned char>(text[at]);
}

bool continues(std::string_view text, size_t at) {
  return (byte(text, at) & 0xc0) == 0x80;
}

/// The bytes of the character at *at*, 0 when there is none: overlong forms, surrogates and what
/// is beyond U+10FFFF are none (table 3-7 of the Unicode standard).
size_t character(std::string_view text, size_t at) {
  const auto first = byte(text, at);
  if (first < 0x80)
    return first == 0 ? 0 : 1;
  const size_t size = first >= 0xc2 && first < 0xe0   ? 2
                      : first >= 0xe0 && first < 0xf0 ? 3
                      : first >= 0xf0 && first < 0xf5 ? 4
                                                      : 0;
  if (size == 0 || text.size() - at < size)
    return 0;
  for (size_t i = 1; i < size; ++i)
    if (!continues(text, at + i))
      return 0;
  const auto second = byte(text, at + 1);
  const bool outside = (first == 0xe0 && second < 0xa0) || (first == 0xed && second >= 0xa0)
                       || (first == 0xf0 && second < 0x90) || (first == 0xf4 && second >= 0x90);
  return outside ? 0 : size;
}

} // namespace

yaml_text::yaml_text(std::string_view text) : text_{text}, lines_{0} {
  for (auto at = text.find('\n'); at != text.npos; at = text.find('\n', at + 1))
    lines_.push_back(at + 1);
}

size_t yaml_text::line_of(size_t at) const {
  return static_cast<size_t>(std::ranges::upper_bound(lines_, at) - lines_.begin()) - 1;
}

position yaml_text::place(size_t at) const {
  at = std::min(at, text_.size());
  const auto line = line_of(at);
  position result{static_cast<int>(line) + 1, 1};
  for (auto i = lines_[line]; i < at; ++i)
    result.column += continues(text_, i) ? 0 : 1;
  return result;
}

std::optional<size_t> yaml_text::bad_byte() const {
  for (size_t at = 0; at < text_.size();) {
    const auto size = character(text_, at);
    if (size == 0)
      return at;
    at += size;
  }
  return std::nullopt;
}

std::optional<size_t> yaml_text::indenting_tab(size_t at) const {
  for (auto i = lines_[line_of(at)]; i < std::min(at, text_.size()); ++i)
    if (text_[i] == '\t')
      return i;
    else if (text_[i] != ' ')
      break;
  return std::nullopt;
}

bool yaml_text::is_blank(size_t at) const {
  return blanks.find(text_[at]) != blanks.npos;
}

bool yaml_text::begins_line(size_t at) const {
  auto i = lines_[line_of(at)];
  while (i < std::min(at, text_.size()) && is_blank(i))
    ++i;
  return i >= at;
}

size_t yaml_text::behind_properties(size_t at) const {
  while (at < text_.size() && (text_[at] == '&' || text_[at] == '!')) {
    at = std::min(text_.find_first_of(" \t\r\n,[]{}", at), text_.size());
    while (at < text_.size() && (is_blank(at) || text_[at] == '#'))
      at = text_[at] == '#' ? std::min(text_.find('\n', at), text_.size()) : at + 1;
  }
  return at;
}

bool yaml_text::is_quote(size_t at) const {
  return at < text_.size() && (text_[at] == '"' || text_[at] == '\'');
}

std::optional<size_t> yaml_text::end_of_quote(size_t at) const {
  const char quote = text_[at];
  for (auto i = at + 1; i < text_.size(); ++i) {
    if (quote == '"' && text_[i] == '\\')
      ++i;
    else if (quote == '\'' && text_.substr(i, 2) == "''")
      ++i;
    else if (text_[i] == quote)
      return i + 1;
  }
  return std::nullopt;
}

std::optional<size_t> yaml_text::unclosed_quote(size_t from) const {
  constexpr std::string_view before_words = " \t\r\n[{,:-?";
  for (auto i = from; i < text_.size(); ++i) {
    const bool begins = i == 0 || before_words.find(text_[i - 1]) != before_words.npos;
    if (text_[i] == '#' && (i == 0 || is_blank(i - 1))) {
      i = text_.find('\n', i);
      if (i == text_.npos)
        return std::nullopt;
    } else if (begins && is_quote(i)) {
      const auto end = end_of_quote(i);
      if (!end)
        return i;
      i = *end - 1;
    }
  }
  return std::nullopt;
}

bool yaml_text::writes_null(size_t at) const {
  const auto rest = text_.substr(std::min(at, text_.size()));
  return std::ranges::any_of(std::initializer_list<std::string_view>{"~", "null", "Null", "NULL"},
                             [&](auto word) { return rest.starts_with(word); });
}

size_t yaml_text::behind_colon(size_t key, std::string_view name) const {
  const auto end = is_quote(key) ? end_of_quote(key) : std::optional{key + name.size()};
  const auto colon = end ? text_.find(':', *end) : text_.npos;
  return colon == text_.npos ? text_.size() : colon + 1;
}

size_t yaml_text::behind_dash(size_t at) const {
  auto i = std::min(at, text_.size());
  while (i > 0 && is_blank(i - 1))
    --i;
  return i > 0 && text_[i - 1] == '-' ? i : at;
}

} // namespace backendim::inspection
