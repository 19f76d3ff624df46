#include "adapters/docker/image.hpp"

#include "adapters/docker/fields.hpp"

#include <algorithm>

namespace backendim::docker {

namespace {

/// Docker says <none> where a name is missing.
std::vector<std::string> names(const boost::json::value& x, std::string_view pointer) {
  std::vector<std::string> result;
  for (const auto& item : list(x, pointer))
    if (auto name = text(item, ""); name.find("<none>") == name.npos)
      result.push_back(std::move(name));
  return result;
}

} // namespace

image_info decode_image(const boost::json::value& x) {
  image_info result;
  result.id = text(x, "/Id");
  result.digests = names(x, "/RepoDigests");
  result.tags = names(x, "/RepoTags");
  result.bytes = static_cast<uint64_t>(std::max<int64_t>(number(x, "/Size"), 0));
  result.made = std::chrono::system_clock::time_point{std::chrono::seconds{number(x, "/Created")}};
  return result;
}

} // namespace backendim::docker
