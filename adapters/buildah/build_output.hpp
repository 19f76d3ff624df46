#pragma once

#include <algorithm>
#include <deque>
#include <filesystem>
#include <initializer_list>
#include <set>
#include <string>
#include <string_view>
#include <vector>

/// What buildah's output says, read for people.
namespace backendim::buildah {

/// The end of an output, for evidence.
std::vector<std::string> last_lines(const std::deque<std::string>& tail);

/// What the step that failed wrote: no earlier steps, nothing of buildah's own bookkeeping.
std::vector<std::string> step_output(const std::deque<std::string>& tail);

/// Whether some line holds one of *words*.
bool says(const auto& lines, std::initializer_list<std::string_view> words) {
  return std::ranges::any_of(lines, [&](const std::string& line) {
    return std::ranges::any_of(words, [&](auto word) { return line.find(word) != line.npos; });
  });
}

/// What a build wrote into *file*: a digest like sha256:<64 hex>, or nothing. The file is the
/// build's, so it may be anything, a link too.
std::string digest_in(const std::filesystem::path& file);

/// What builds wrote as their image in the folders of *results*, one for each.
std::set<std::string> images_in(const std::filesystem::path& results);

/// The instruction of a line like "STEP 2/9: RUN make"; empty: it is no such line. Of our own
/// RUN ["/bin/sh","-ec","npm ci"] only "npm ci", which is what people know the step by.
std::string instruction_of(std::string_view line);

} // namespace backendim::buildah
