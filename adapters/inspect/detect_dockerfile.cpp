#include "adapters/inspect/detect.hpp"

#include <algorithm>
#include <cctype>
#include <charconv>

namespace backendim::inspection {

namespace {

constexpr uint16_t usual_port = 8080;

bool is_instruction(std::string_view line, std::string_view name) {
  if (line.size() <= name.size() || (line[name.size()] != ' ' && line[name.size()] != '\t'))
    return false;
  return std::equal(name.begin(), name.end(), line.begin(), [](char a, char b) {
    return a == std::toupper(static_cast<unsigned char>(b));
  });
}

struct exposed_port {
  uint16_t port = 0;
  int line = 0;
};

/// The first TCP port that the last stage exposes. "EXPOSE $PORT" says nothing.
exposed_port exposed(std::string_view text) {
  exposed_port result;
  int number = 0;
  for (const auto whole : lines_of(text)) {
    ++number;
    const auto line = trim(whole);
    if (is_instruction(line, "FROM"))
      result = {};
    if (result.port != 0 || !is_instruction(line, "EXPOSE"))
      continue;
    auto rest = trim(line.substr(7));
    while (!rest.empty() && result.port == 0) {
      const auto word = rest.substr(0, rest.find_first_of(" \t"));
      rest = trim(rest.substr(word.size()));
      uint16_t port = 0;
      const auto [end, failed] = std::from_chars(word.data(), word.data() + word.size(), port);
      const auto tail = word.substr(static_cast<size_t>(end - word.data()));
      if (failed == std::errc{} && (tail.empty() || tail == "/tcp"))
        result = {port, number};
    }
  }
  return result;
}

} // namespace

detection detect_dockerfile(const detection_input& in) {
  for (const auto* name : {"Dockerfile", "Containerfile"}) {
    const auto text = in.tree.text(name);
    if (!text)
      continue;
    finding result;
    auto& plan = result.plan;
    plan.framework = "dockerfile";
    plan.containerfile = name;
    plan.why.push_back("The " + std::string{name} + " is the plan; it wins over detection.");
    const auto port = exposed(*text);
    plan.port = port.port != 0 ? port.port : usual_port;
    if (!in.config.port)
      plan.why.push_back(port.port != 0
                           ? "Port " + std::to_string(port.port) + " because of EXPOSE, "
                               + std::string{name} + ":" + std::to_string(port.line) + "."
                           : "Port " + std::to_string(usual_port)
                               + " because there is no EXPOSE; the app is told through PORT.");
    if (in.config.runtime)
      plan.why.push_back("The runtime of the config has no effect on a Dockerfile.");
    if (in.config.build && in.config.build->command)
      plan.why.push_back("The build command of the config has no effect on a Dockerfile.");
    return std::optional{std::move(result)};
  }
  return std::optional<finding>{};
}

} // namespace backendim::inspection
