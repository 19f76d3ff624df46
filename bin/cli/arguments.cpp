#include "bin/cli/arguments.hpp"

#include "bin/cli/problem.hpp"
#include "protocol/spelling.hpp"

#include <algorithm>
#include <charconv>

namespace backendim::cli {

namespace {

bool is_flag(const std::string& word) {
  return word.size() > 1 && word[0] == '-';
}

const flag* find_flag(const std::vector<flag>& known, std::string_view name, char letter) {
  const auto found = std::ranges::find_if(
    known, [&](const flag& x) { return letter ? x.letter == letter : x.name == name; });
  return found == known.end() ? nullptr : &*found;
}

const flag* find_flag(const verb* what, const std::string& word) {
  const auto name = std::string_view{word}.substr(0, word.find('='));
  const bool is_short = !name.starts_with("--");
  if (is_short && word.size() != 2)
    return nullptr;
  const auto bare = is_short ? std::string_view{} : name.substr(2);
  const char letter = is_short ? word[1] : '\0';
  const auto* found = what ? find_flag(what->flags, bare, letter) : nullptr;
  return found ? found : find_flag(global_flags(), bare, letter);
}

caf::error unknown_flag(const verb* what, const std::string& word) {
  std::vector<std::string_view> known;
  for (const auto& x : global_flags())
    known.push_back(x.name);
  if (what)
    for (const auto& x : what->flags)
      known.push_back(x.name);
  const auto name = word.substr(0, word.find('='));
  const auto bare = name.substr(std::min(name.find_first_not_of('-'), name.size()));
  const auto close = closest_word(bare, known);
  return usage_problem((what ? std::string{what->name} + " has no flag " : "there is no flag ")
                         + name,
                       close.empty() ? "" : "--" + std::string{close});
}

caf::error unknown_verb(const std::string& word) {
  std::vector<std::string_view> known;
  for (const auto& x : verbs()) {
    known.push_back(x.name);
    for (auto end = x.name.find(' '); end != x.name.npos; end = x.name.find(' ', end + 1))
      known.push_back(x.name.substr(0, end));
  }
  const auto close = std::string{closest_word(word, known)};
  // Half a verb: one that is a verb's first word, or nearly.
  std::string family;
  for (const auto& x : verbs())
    if (!close.empty() && x.name.starts_with(close + " "))
      family.append(family.empty() ? "" : ", ").append(x.name);
  if (close == word)
    return usage_problem("\"" + word + "\" needs one word more: " + family);
  return usage_problem("there is no verb \"" + word + "\"; backend-im help lists them", close);
}

struct named_verb {
  const verb* what = nullptr;
  std::vector<size_t> places; ///< Of its words on the command line.
};

constexpr size_t most_words = 3; // of a verb's name

/// What was probably meant by a name that begins like other verbs' and is none.
caf::error unknown_family_member(const std::string& family, const std::string& word) {
  std::vector<std::string_view> known;
  for (const auto& x : verbs())
    if (x.name.starts_with(family + " "))
      known.push_back(x.name.substr(family.size() + 1));
  const auto close = std::string{closest_word(word, known)};
  return usage_problem("there is no verb \"" + family + " " + word + "\"",
                       close.empty() ? "" : family + " " + close);
}

bool is_family(const std::string& name) {
  return std::ranges::any_of(verbs(),
                             [&](const verb& x) { return x.name.starts_with(name + " "); });
}

/// Looks for the verb: the first word that is no flag, and those behind it that belong to it.
caf::expected<named_verb> find_named(const std::vector<std::string>& words) {
  size_t first = 0;
  while (first < words.size() && is_flag(words[first])) {
    const auto* known = find_flag(nullptr, words[first]);
    if (!known)
      return unknown_flag(nullptr, words[first]);
    const bool takes_next = !known->value.empty() && words[first].find('=') == std::string::npos;
    first += takes_next ? 2 : 1;
  }
  if (first >= words.size())
    return named_verb{};
  auto name = words[first];
  std::ranges::replace(name, ':', ' ');
  named_verb longest{find_verb(name), {first}};
  std::string family = is_family(name) ? name : "";
  for (size_t i = first + 1; i < words.size() && i < first + most_words && !is_flag(words[i]);
       ++i) {
    name += " " + words[i];
    if (is_family(name))
      family = name;
    if (const auto* found = find_verb(name)) {
      longest.what = found;
      longest.places.clear();
      for (size_t place = first; place <= i; ++place)
        longest.places.push_back(place);
    }
  }
  if (longest.what)
    return longest;
  auto start = words[first];
  std::ranges::replace(start, ':', ' ');
  const auto behind = first + 1 + static_cast<size_t>(std::ranges::count(family, ' '))
                      - static_cast<size_t>(std::ranges::count(start, ' '));
  if (!family.empty() && behind < words.size() && !is_flag(words[behind]))
    return unknown_family_member(family, words[behind]);
  return unknown_verb(family.empty() ? start : family);
}

} // namespace

std::optional<std::string> arguments::value(std::string_view flag) const {
  const auto given = all(flag);
  return given.empty() ? std::nullopt : std::optional{given.back()};
}

std::vector<std::string> arguments::all(std::string_view flag) const {
  std::vector<std::string> result;
  for (const auto& [name, value] : flags)
    if (name == flag)
      result.push_back(value);
  return result;
}

caf::expected<uint64_t> arguments::number(std::string_view flag, uint64_t otherwise, uint64_t least,
                                          uint64_t most) const {
  const auto text = value(flag);
  if (!text)
    return otherwise;
  uint64_t result = 0;
  const auto* last = text->data() + text->size();
  const auto [end, failed] = std::from_chars(text->data(), last, result);
  if (failed != std::errc{} || end != last || result < least || result > most)
    return usage_problem("--" + std::string{flag} + " needs a number from " + std::to_string(least)
                         + " to " + std::to_string(most));
  return result;
}

std::string arguments::operand(size_t place) const {
  return place < operands.size() ? operands[place] : std::string{};
}

caf::expected<invocation> parse(const std::vector<std::string>& words) {
  auto named = find_named(words);
  if (!named)
    return std::move(named.error());
  invocation result{named->what, {}};
  bool flags_ended = false;
  for (size_t i = 0; i < words.size(); ++i) {
    const auto& word = words[i];
    if (std::ranges::find(named->places, i) != named->places.end())
      continue;
    if (flags_ended || !is_flag(word)) {
      result.given.operands.push_back(word);
      continue;
    }
    if (word == "--") {
      flags_ended = true;
      result.given.dashes = result.given.operands.size();
      continue;
    }
    const auto* known = find_flag(result.what, word);
    if (!known)
      return unknown_flag(result.what, word);
    const auto equals = word.find('=');
    std::string value;
    if (known->value.empty() && equals != word.npos)
      return usage_problem("--" + std::string{known->name} + " takes no value");
    if (!known->value.empty()) {
      if (equals == word.npos && i + 1 == words.size())
        return usage_problem("--" + std::string{known->name}
                             + " needs a value: " + std::string{known->value});
      value = equals != word.npos ? word.substr(equals + 1) : words[++i];
    }
    result.given.flags.emplace_back(known->name, std::move(value));
  }
  if (!result.what || result.given.has("help"))
    return result;
  const auto& operands = result.what->operands;
  if (result.given.operands.size() > operands.size()
      && !(!operands.empty() && operands.back().repeats))
    return usage_problem(std::string{result.what->name} + " does not take \""
                         + result.given.operands[operands.size()] + "\"");
  for (size_t i = result.given.operands.size(); i < operands.size(); ++i)
    if (operands[i].required)
      return usage_problem(std::string{result.what->name} + " needs "
                           + std::string{operands[i].name});
  return result;
}

} // namespace backendim::cli
