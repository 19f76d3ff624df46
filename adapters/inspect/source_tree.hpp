#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace backendim::inspection {

/// Reads files of a source folder and nothing outside of it: a link that leaves it counts as
/// absent, because a cloned repository may hold one to any file of this machine.
class source_tree {
public:
  explicit source_tree(std::filesystem::path root);

  /// Whether *name*, relative, is a file.
  bool has(std::string_view name) const;

  bool has_folder(std::string_view name) const;

  /// The content without byte order mark; none when absent or larger than 1 MiB.
  std::optional<std::string> text(std::string_view name) const;

  /// The names in *folder* ("" is the root), sorted, at most 1,000.
  std::vector<std::string> names(std::string_view folder = "") const;

private:
  std::optional<std::filesystem::path> inside(std::string_view name) const;

  std::filesystem::path root_;
};

/// The number, from 1, of the line of *text* that holds offset *at*.
int line_at(std::string_view text, size_t at);

/// Without blanks at both ends.
std::string_view trim(std::string_view text);

/// The lines of *text* without their ends.
std::vector<std::string_view> lines_of(std::string_view text);
std::vector<std::string_view> lines_of(std::string&& text) = delete; // the lines are views into it

/// Whether *word* stands in *text* with no letter, digit, "-" or "_" beside it.
bool has_word(std::string_view text, std::string_view word);

/// The first text in quotes, or the text itself.
std::string unquoted(std::string_view text);

/// A value of a TOML file that stands on one line: all that version files and manifests need.
struct toml_value {
  std::string text; ///< Unquoted when it was a string.
  int line = 0;
};

/// The value of *key* in the table *section* ("" is the top), if it is there.
std::optional<toml_value> toml_find(std::string_view text, std::string_view section,
                                    std::string_view key);

} // namespace backendim::inspection
