#pragma once

#include "adapters/blob_store.hpp"
#include "adapters/container_engine.hpp"
#include "adapters/image_registry.hpp"
#include "protocol/disk.hpp"

#include <chrono>
#include <cstddef>
#include <map>
#include <set>
#include <string>
#include <vector>

namespace backendim {

/// What must stay, ready to be looked up.
struct keep_list {
  using time = std::chrono::system_clock::time_point;

  std::set<std::string> apps;      ///< <tenant>/<app>: whose things are ours at all.
  std::set<std::string> busy;      ///< Of those, where a deployment is under way.
  std::set<std::string> images;    ///< <tenant>/<app>@<digest>
  std::set<std::string> sources;   ///< Digests of blobs.
  std::set<std::string> under_way; ///< Ids of deployments.
  time before{};                   ///< What is not older stays.
};

keep_list keep_list_of(const remove_garbage& x, std::chrono::milliseconds grace);

/// "main/shop@sha256:…" of "127.0.0.1:5780/main/shop@sha256:…": the registry may have moved.
std::string name_in_registry(const std::string& image);

/// Nobody needs these any more; what is not ours is never among them. A source is needed by
/// deployments under way, an image by releases and by the deployments that it is tagged with.
bool is_garbage(const kept_blob& x, const keep_list& keep);
bool is_garbage(const stored_image& x, const keep_list& keep);

/// On a node an image is needed by services, too (*used*: their images), and stays if it has a name
/// that we did not give it.
bool is_garbage(const image_info& x, const std::string& registry, const keep_list& keep,
                const std::set<std::string>& used);

/// Of *logs* (the work_name of a deployment and its app, "" for none that we know) those to remove:
/// all but the *newest* of each app, those of the releases it keeps and of deployments under way.
std::vector<std::string> garbage_logs(const std::map<std::string, std::string>& logs,
                                      const retained& keep, size_t newest, keep_list::time before);

/// Bytes of all blobs of *images*, each counted once, without those that *others* have as well.
uint64_t bytes_of(const std::vector<stored_image>& images,
                  const std::vector<stored_image>& others = {});

} // namespace backendim
