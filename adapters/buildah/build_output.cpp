#include "adapters/buildah/build_output.hpp"

#include <boost/json.hpp>

#include <fstream>

namespace backendim::buildah {

std::vector<std::string> last_lines(const std::deque<std::string>& tail) {
  constexpr size_t shown = 20;
  const auto begin = tail.size() > shown ? tail.size() - shown : 0;
  return {tail.begin() + static_cast<std::ptrdiff_t>(begin), tail.end()};
}

std::vector<std::string> step_output(const std::deque<std::string>& tail) {
  std::vector<std::string> result;
  for (const auto& line : tail)
    if (!instruction_of(line).empty())
      result.clear();
    else if (!line.starts_with("-->") && !line.starts_with("subprocess exited with"))
      result.push_back(line);
  if (result.size() > 1 && result.back().find("rror: building at STEP") != std::string::npos)
    result.pop_back(); // says again what the lines above it say
  return result;
}

std::string instruction_of(std::string_view line) {
  // Of a Containerfile with several stages: "[1/2] STEP 3/9: ...".
  const auto step = line.starts_with('[') ? line.find("] STEP ") : line.find("STEP ");
  const auto colon = line.find(": ");
  if (step == line.npos || (!line.starts_with('[') && step != 0) || colon == line.npos)
    return "";
  const std::string instruction{line.substr(colon + 2)};
  const auto open = instruction.find("[\"/bin/sh\"");
  if (!instruction.starts_with("RUN") || open == instruction.npos)
    return instruction;
  boost::system::error_code failed;
  const auto words = boost::json::parse(instruction.substr(open), failed);
  if (failed || !words.is_array() || words.get_array().size() != 3
      || !words.get_array()[2].is_string())
    return instruction;
  return std::string{words.get_array()[2].get_string()};
}

std::string digest_in(const std::filesystem::path& file) {
  if (!std::filesystem::is_regular_file(std::filesystem::symlink_status(file)))
    return "";
  std::ifstream in{file};
  std::string text(72, '\0');
  in.read(text.data(), static_cast<std::streamsize>(text.size()));
  text.resize(static_cast<size_t>(in.gcount()));
  text.erase(std::min(text.find_last_not_of(" \n") + 1, text.size()));
  const std::string_view prefix = "sha256:";
  const bool good = text.size() == prefix.size() + 64 && text.starts_with(prefix)
                    && text.find_first_not_of("0123456789abcdef", prefix.size()) == text.npos;
  return good ? text : "";
}

std::set<std::string> images_in(const std::filesystem::path& results) {
  std::set<std::string> result;
  std::error_code failed;
  for (std::filesystem::directory_iterator i{results, failed}, end; !failed && i != end;
       i.increment(failed))
    if (auto image = digest_in(i->path() / "image"); !image.empty())
      result.insert(std::move(image));
  return result;
}

} // namespace backendim::buildah
