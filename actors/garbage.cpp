#include "actors/garbage.hpp"

#include "protocol/paths.hpp"
#include "protocol/ulid.hpp"

#include <algorithm>

namespace backendim {

namespace {

std::set<std::string> set_of(const std::vector<std::string>& x) {
  return {x.begin(), x.end()};
}

} // namespace

keep_list keep_list_of(const remove_garbage& x, std::chrono::milliseconds grace) {
  keep_list result;
  result.apps = set_of(x.apps);
  result.busy = set_of(x.busy);
  for (const auto& image : x.keep.images)
    result.images.insert(name_in_registry(image));
  result.sources = set_of(x.keep.sources);
  result.under_way = set_of(x.keep.deployments);
  result.before = x.asked - grace;
  return result;
}

std::string name_in_registry(const std::string& image) {
  return image.substr(image.find('/') + 1);
}

bool is_garbage(const kept_blob& x, const keep_list& keep) {
  return x.kept < keep.before && !keep.sources.contains(x.digest);
}

/// Each push tags with its deployment's id. A deployment that was accepted after the apps were
/// asked has a younger one, and may have pushed the same image again.
bool is_garbage(const stored_image& x, const keep_list& keep) {
  return keep.apps.contains(x.repository) && !x.tags.empty()
         && !keep.images.contains(x.repository + "@" + x.digest)
         && std::ranges::all_of(x.tags, [&](const std::string& tag) {
              return is_ulid(tag) && ulid_time(tag) < keep.before && !keep.under_way.contains(tag);
            });
}

bool is_garbage(const image_info& x, const std::string& registry, const keep_list& keep,
                const std::set<std::string>& used) {
  return x.tags.empty() && !x.digests.empty() && x.made < keep.before
         && std::ranges::all_of(x.digests, [&](const std::string& image) {
              const auto name = name_in_registry(image);
              const auto app = name.substr(0, name.find('@'));
              return image.starts_with(registry + "/") && keep.apps.contains(app)
                     && !keep.busy.contains(app) && !keep.images.contains(name)
                     && !used.contains(name);
            });
}

std::vector<std::string> garbage_logs(const std::map<std::string, std::string>& logs,
                                      const retained& keep, size_t newest, keep_list::time before) {
  auto kept = set_of(keep.deployments);
  kept.insert(keep.released.begin(), keep.released.end());
  std::vector<std::string> result;
  std::map<std::string, size_t> seen;
  for (auto i = logs.rbegin(); i != logs.rend(); ++i) { // a tenant's sort by age
    const auto& [name, app] = *i;
    const auto id = id_of_work(name);
    const bool among_newest = !app.empty() && seen[app]++ < newest;
    if (!among_newest && !kept.contains(id) && is_ulid(id) && ulid_time(id) < before)
      result.push_back(name);
  }
  return result;
}

uint64_t bytes_of(const std::vector<stored_image>& images,
                  const std::vector<stored_image>& others) {
  std::set<std::string> counted;
  for (const auto& x : others)
    for (const auto& [digest, bytes] : x.blobs)
      counted.insert(digest);
  uint64_t result = 0;
  for (const auto& x : images)
    for (const auto& [digest, bytes] : x.blobs)
      if (counted.insert(digest).second)
        result += bytes;
  return result;
}

} // namespace backendim
