#include "adapters/inspect/source_tree.hpp"

#include <algorithm>
#include <cctype>
#include <fstream>
#include <iterator>
#include <utility>

namespace backendim::inspection {

namespace fs = std::filesystem;

namespace {

constexpr uintmax_t max_text = 1024 * 1024;
constexpr size_t max_names = 1'000;

bool is_word(char c) {
  return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '-' || c == '_';
}

} // namespace

source_tree::source_tree(fs::path root) : root_{std::move(root)} {
  std::error_code failed;
  if (auto real = fs::canonical(root_, failed); !failed)
    root_ = std::move(real);
}

std::optional<fs::path> source_tree::inside(std::string_view name) const {
  std::error_code failed;
  auto real = fs::canonical(root_ / fs::path{name}, failed);
  if (failed)
    return std::nullopt;
  const auto [rest, _] = std::mismatch(root_.begin(), root_.end(), real.begin(), real.end());
  if (rest != root_.end())
    return std::nullopt;
  return real;
}

bool source_tree::has(std::string_view name) const {
  std::error_code failed;
  const auto path = inside(name);
  return path && fs::is_regular_file(*path, failed);
}

bool source_tree::has_folder(std::string_view name) const {
  std::error_code failed;
  const auto path = inside(name);
  return path && fs::is_directory(*path, failed);
}

std::optional<std::string> source_tree::text(std::string_view name) const {
  std::error_code failed;
  const auto path = inside(name);
  if (!path || !fs::is_regular_file(*path, failed) || fs::file_size(*path, failed) > max_text
      || failed)
    return std::nullopt;
  std::ifstream file{*path, std::ios::binary};
  std::string result{std::istreambuf_iterator<char>{file}, {}};
  if (!file)
    return std::nullopt;
  if (result.starts_with("\xef\xbb\xbf"))
    result.erase(0, 3);
  return result;
}

std::vector<std::string> source_tree::names(std::string_view folder) const {
  std::vector<std::string> result;
  std::error_code failed;
  const auto path = folder.empty() ? std::optional{root_} : inside(folder);
  if (!path)
    return result;
  fs::directory_iterator at{*path, failed};
  for (; !failed && at != fs::directory_iterator{} && result.size() < max_names;
       at.increment(failed))
    result.push_back(at->path().filename().string());
  std::ranges::sort(result);
  return result;
}

int line_at(std::string_view text, size_t at) {
  return 1 + static_cast<int>(std::ranges::count(text.substr(0, at), '\n'));
}

std::string_view trim(std::string_view text) {
  const auto from = text.find_first_not_of(" \t\r\n");
  if (from == text.npos)
    return {};
  return text.substr(from, text.find_last_not_of(" \t\r\n") - from + 1);
}

std::vector<std::string_view> lines_of(std::string_view text) {
  std::vector<std::string_view> result;
  while (!text.empty()) {
    auto line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(line.size() + 1, text.size()));
    if (line.ends_with('\r'))
      line.remove_suffix(1);
    result.push_back(line);
  }
  return result;
}

bool has_word(std::string_view text, std::string_view word) {
  for (auto at = text.find(word); at != text.npos; at = text.find(word, at + 1)) {
    const auto end = at + word.size();
    if ((at == 0 || !is_word(text[at - 1])) && (end == text.size() || !is_word(text[end])))
      return true;
  }
  return false;
}

std::string unquoted(std::string_view text) {
  text = trim(text);
  if (text.empty() || (text[0] != '"' && text[0] != '\''))
    return std::string{trim(text.substr(0, text.find('#')))};
  return std::string{text.substr(1, text.find(text[0], 1) - 1)};
}

std::optional<toml_value> toml_find(std::string_view text, std::string_view section,
                                    std::string_view key) {
  std::string_view current;
  int number = 0;
  for (auto line : lines_of(text)) {
    ++number;
    line = trim(line);
    if (line.starts_with("[")) {
      const auto from = std::min(line.find_first_not_of("["), line.size());
      current = trim(line.substr(from, line.find(']') - from));
      continue;
    }
    const auto equals = line.find('=');
    if (current == section && equals != line.npos && unquoted(line.substr(0, equals)) == key)
      return toml_value{unquoted(line.substr(equals + 1)), number};
  }
  return std::nullopt;
}

} // namespace backendim::inspection
