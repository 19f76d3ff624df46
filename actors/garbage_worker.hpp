#pragma once

#include "actors/garbage.hpp"
#include "adapters/image_builder.hpp"
#include "adapters/log_store.hpp"
#include "adapters/push_gate.hpp"
#include "protocol/disk.hpp"

#include <caf/typed_event_based_actor.hpp>

#include <chrono>
#include <memory>
#include <stop_token>
#include <string>

namespace backendim {

/// What a garbage worker works with. The adapters block: bin gives it a thread of its own.
struct garbage_tools {
  std::shared_ptr<blob_store> blobs;
  std::shared_ptr<log_store> logs;
  std::shared_ptr<container_engine> engine;
  std::shared_ptr<image_builder> builder;
  std::shared_ptr<image_registry> registry;
  std::shared_ptr<push_gate> gate; ///< That the builder's pushes pass through.
  std::string registry_address;    ///< As it stands in the names of images.
  std::chrono::milliseconds grace{std::chrono::hours{1}};
  std::chrono::seconds cache_age{std::chrono::hours{7 * 24}};
  std::chrono::seconds push_patience{60}; ///< How long it waits for pushes under way.
  std::stop_token stop;
};

/// Removes what nothing needs. Each kind by itself: what fails for one does not keep the others.
/// Whatever interrupts it, the next time finishes what it began.
class garbage_worker_state {
public:
  static constexpr const char* name = "garbage_worker";

  explicit garbage_worker_state(garbage_actor::pointer) {}

  garbage_actor::behavior_type make_behavior(garbage_tools tools);

private:
  garbage_removed remove(const remove_garbage& x);
  garbage_count remove_sources(const remove_garbage& x, const keep_list& keep);
  garbage_count remove_logs(const remove_garbage& x);
  garbage_count remove_images(const remove_garbage& x, const keep_list& keep);
  garbage_count prune_caches(const remove_garbage& x);
  garbage_count clean_registry(const remove_garbage& x, const keep_list& keep);
  void empty_registry(const std::vector<stored_image>& unneeded, const keep_list& keep,
                      garbage_count& to);

  garbage_tools tools_;
  bool layers_due_ = true; ///< An earlier run may have been killed before the layers went.
};

garbage_actor::behavior_type
garbage_worker(garbage_actor::stateful_pointer<garbage_worker_state> self, garbage_tools tools);

} // namespace backendim
