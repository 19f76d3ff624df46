#include "actors/garbage_worker.hpp"

#include "protocol/error.hpp"
#include "protocol/types.hpp"

#include <spdlog/spdlog.h>

#include <utility>

namespace backendim {

namespace {

constexpr size_t page = 500;
constexpr std::chrono::hours upload_limit{24}; // no upload takes longer

/// Only the first: one reason is enough, and the log has all.
void fail(garbage_count& to, const caf::error& why) {
  const auto text = render(why);
  spdlog::warn("garbage_worker could not remove all what={} why=\"{}\"",
               boost::describe::enum_to_string(to.what, "?"), text);
  if (to.error.empty())
    to.error = text;
}

garbage_count count_of(garbage_kind what) {
  garbage_count result;
  result.what = what;
  return result;
}

} // namespace

garbage_actor::behavior_type garbage_worker_state::make_behavior(garbage_tools tools) {
  tools_ = std::move(tools);
  return {
    [this](const list_logs&) -> caf::result<log_names> {
      const auto all = tools_.logs->list();
      if (!all)
        return all.error();
      log_names result;
      for (const auto& x : *all)
        result.items.push_back(x.name);
      return result;
    },
    [this](const remove_garbage& x) -> caf::result<garbage_removed> { return remove(x); },
  };
}

garbage_removed garbage_worker_state::remove(const remove_garbage& x) {
  const auto keep = keep_list_of(x, tools_.grace);
  garbage_removed result;
  result.kinds.push_back(remove_sources(x, keep));
  result.kinds.push_back(remove_logs(x));
  result.kinds.push_back(remove_images(x, keep));
  result.kinds.push_back(prune_caches(x));
  result.kinds.push_back(clean_registry(x, keep));
  return result;
}

garbage_count garbage_worker_state::remove_sources(const remove_garbage& x, const keep_list& keep) {
  auto result = count_of(garbage_kind::sources);
  std::string after;
  for (bool more = true; more && !tools_.stop.stop_requested();) {
    const auto found = tools_.blobs->list(after, page);
    if (!found) {
      fail(result, found.error());
      break;
    }
    more = found->size() == page;
    for (const auto& blob : *found) {
      after = blob.digest;
      ++result.found;
      result.found_bytes += blob.size;
      if (!is_garbage(blob, keep))
        continue;
      const auto freed = x.dry_run ? caf::expected<uint64_t>{blob.size}
                                   : tools_.blobs->remove_older(blob.digest, keep.before);
      if (!freed) {
        fail(result, freed.error());
        continue;
      }
      result.removed += *freed > 0; // else somebody has sent it again just now
      result.freed_bytes += *freed;
    }
  }
  if (x.dry_run)
    return result;
  if (const auto freed = tools_.blobs->sweep(upload_limit))
    result.freed_bytes += *freed;
  else
    fail(result, freed.error());
  return result;
}

garbage_count garbage_worker_state::remove_logs(const remove_garbage& x) {
  auto result = count_of(garbage_kind::build_logs);
  const auto all = tools_.logs->list();
  if (!all) {
    fail(result, all.error());
    return result;
  }
  const std::set<std::string> unneeded{x.logs.begin(), x.logs.end()};
  for (const auto& log : *all) {
    ++result.found;
    result.found_bytes += log.size;
    if (!unneeded.contains(log.name))
      continue;
    if (!x.dry_run)
      if (auto removed = tools_.logs->remove(log.name); !removed) {
        fail(result, removed.error());
        continue;
      }
    ++result.removed;
    result.freed_bytes += log.size;
  }
  return result;
}

garbage_count garbage_worker_state::remove_images(const remove_garbage& x, const keep_list& keep) {
  auto result = count_of(garbage_kind::images);
  const auto all = tools_.engine->images();
  const auto services = tools_.engine->services(); // after the images: each that is started is new
  const auto before = tools_.engine->image_bytes();
  if (!all || !services) {
    fail(result, !all ? all.error() : services.error());
    return result;
  }
  std::set<std::string> used;
  for (const auto& service : *services)
    used.insert(name_in_registry(service.image));
  result.found = all->size();
  result.found_bytes = before ? *before : 0;
  for (const auto& image : *all) {
    if (tools_.stop.stop_requested() || !is_garbage(image, tools_.registry_address, keep, used))
      continue;
    bool removed = true;
    if (!x.dry_run)
      for (const auto& digest : image.digests)
        if (auto done = tools_.engine->remove_image(digest); !done) {
          removed = false;
          if (done.error() != ec::conflict) // a container has it; it goes with the container
            fail(result, done.error());
        }
    result.removed += removed;
  }
  if (before && !x.dry_run && result.removed > 0)
    if (const auto after = tools_.engine->image_bytes())
      result.freed_bytes = *before > *after ? *before - *after : 0;
  return result;
}

garbage_count garbage_worker_state::prune_caches(const remove_garbage& x) {
  auto result = count_of(garbage_kind::build_caches);
  const auto tenants = tools_.builder->tenants();
  if (!tenants) {
    fail(result, tenants.error());
    return result;
  }
  const auto grace = std::chrono::ceil<std::chrono::seconds>(tools_.grace);
  const auto age = x.low_space ? std::min(grace, tools_.cache_age) : tools_.cache_age;
  for (const auto& tenant : *tenants) {
    if (tools_.stop.stop_requested())
      break;
    const auto pruned = tools_.builder->prune(tenant, age, x.dry_run, tools_.stop);
    if (!pruned) {
      fail(result, pruned.error());
      continue;
    }
    ++result.found;
    result.found_bytes += pruned->bytes;
    result.removed += pruned->images;
    result.freed_bytes += pruned->freed;
  }
  return result;
}

garbage_count garbage_worker_state::clean_registry(const remove_garbage& x, const keep_list& keep) {
  auto result = count_of(garbage_kind::registry);
  const auto repositories = tools_.registry->repositories();
  if (!repositories) {
    fail(result, repositories.error());
    return result;
  }
  auto missing = keep.images;
  std::vector<stored_image> needed, unneeded;
  for (const auto& repository : *repositories) {
    auto found = tools_.registry->images(repository);
    if (!found) {
      fail(result, found.error());
      return result;
    }
    for (auto& image : *found) {
      missing.erase(image.repository + "@" + image.digest);
      (is_garbage(image, keep) ? unneeded : needed).push_back(std::move(image));
    }
  }
  if (!missing.empty())
    fail(result, caf::make_error(ec::not_found, "the images of " + std::to_string(missing.size())
                                                  + " kept releases are missing, like "
                                                  + *missing.begin() + "; deploy the app again"));
  auto all = needed;
  all.insert(all.end(), unneeded.begin(), unneeded.end());
  result.found = all.size();
  result.found_bytes = bytes_of(all);
  if (x.dry_run) {
    result.removed = unneeded.size();
    result.freed_bytes = bytes_of(unneeded, needed);
    return result;
  }
  if (!unneeded.empty() || layers_due_)
    empty_registry(unneeded, keep, result);
  if (!layers_due_)
    result.freed_bytes = bytes_of(unneeded, needed);
  return result;
}

/// While nobody pushes: an image that is pushed again would lose what it shares with the old one.
void garbage_worker_state::empty_registry(const std::vector<stored_image>& unneeded,
                                          const keep_list& keep, garbage_count& to) {
  const auto closed = tools_.gate->close(tools_.push_patience, tools_.stop);
  if (!closed) {
    fail(to, caf::make_error(ec::unavailable, "images were being pushed all the time"));
    return;
  }
  std::set<std::string> repositories;
  for (const auto& x : unneeded)
    repositories.insert(x.repository);
  for (const auto& repository : repositories) {
    const auto found = tools_.registry->images(repository); // now that it does not change
    if (!found) {
      fail(to, found.error());
      return;
    }
    for (const auto& x : *found) {
      if (tools_.stop.stop_requested() || !is_garbage(x, keep))
        continue;
      layers_due_ = true;
      if (auto removed = tools_.registry->remove(repository, x.digest); !removed) {
        fail(to, removed.error());
        return;
      }
      ++to.removed;
    }
  }
  if (!layers_due_)
    return;
  if (auto removed = tools_.registry->remove_unused_layers(tools_.stop); !removed)
    fail(to, removed.error());
  else
    layers_due_ = false;
}

garbage_actor::behavior_type
garbage_worker(garbage_actor::stateful_pointer<garbage_worker_state> self, garbage_tools tools) {
  return self->state.make_behavior(std::move(tools));
}

} // namespace backendim
