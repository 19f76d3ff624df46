#pragma once

#include "protocol/json_codec.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace backendim {

/// "node@20" in two, and so is "node:20", as images are named; the version is empty when there is
/// neither.
struct runtime_name {
  std::string language;
  std::string version;
};

runtime_name split_runtime(std::string_view text);

/// *text* with "@", whichever it was written with.
std::string plain_runtime(std::string_view text);

/// What may stand before the "@", in the order in which they are shown.
const std::vector<std::string_view>& known_languages();

/// What is wrong with *text* as a runtime that somebody asks for, if anything: a language that
/// nobody knows, or what is no version. The pointer is empty. Whether that version can be had is
/// not known here.
json_problem problem_in_runtime(std::string_view text);

} // namespace backendim
