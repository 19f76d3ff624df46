#pragma once

#include "adapters/blob_store.hpp"
#include "adapters/image_builder.hpp"
#include "adapters/log_store.hpp"
#include "adapters/source.hpp"
#include "adapters/vault.hpp"
#include "protocol/build.hpp"

#include <caf/typed_event_based_actor.hpp>

#include <filesystem>
#include <memory>
#include <stop_token>

namespace backendim {

/// What a build actor works with. The adapters block; each build actor has a thread of its own.
struct build_tools {
  std::shared_ptr<blob_store> blobs;
  std::shared_ptr<source_fetcher> fetcher;
  std::shared_ptr<source_inspector> inspector;
  std::shared_ptr<image_builder> builder;
  std::shared_ptr<log_store> logs;
  std::filesystem::path work; ///< Holds one folder for each deployment under way.
  source_limits limits;
  std::shared_ptr<vault> keys;
};

/// Does one job at a time, on its own thread: it blocks for as long as the job takes.
build_actor::behavior_type build(build_actor::pointer self, build_tools tools,
                                 std::stop_token stop);

} // namespace backendim
