#pragma once

#include "protocol/access.hpp"
#include "protocol/machine.hpp"

#include <caf/optional.hpp>
#include <caf/timestamp.hpp>
#include <caf/typed_actor.hpp>

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

namespace backendim {

/// What fills a disk and is removed when nothing needs it any more. Append only.
enum class garbage_kind : uint8_t {
  sources = 1,  ///< Uploaded archives that no deployment under way names.
  build_logs,   ///< Of deployments that ended long ago.
  images,       ///< Of releases that are kept no longer, in this node's engine.
  build_caches, ///< Layers that no later build used.
  registry,     ///< The same images in the registry, and the layers behind them.
};
BOOST_DESCRIBE_ENUM(garbage_kind, sources, build_logs, images, build_caches, registry)

/// Why a collection ran. Append only.
enum class collection_cause : uint8_t {
  schedule = 1, ///< It was time.
  low_space,    ///< A disk had less free than the watermark.
  request,      ///< Somebody asked for it.
};
BOOST_DESCRIBE_ENUM(collection_cause, schedule, low_space, request)

struct garbage_count {
  static constexpr std::string_view summary = "How much of one kind was found and removed.";
  static constexpr field_doc docs[] = {
    {"found", "How many there were."},
    {"found_bytes", "What they took; 0: it is not known."},
    {"removed", "How many were removed; in a dry run: would be."},
    {"freed_bytes", "What that freed, as far as it is known."},
    {"error", "Why not all of it could be looked at or removed; empty: it could."},
  };
  garbage_kind what = garbage_kind::sources;
  uint64_t found = 0;
  uint64_t found_bytes = 0;
  uint64_t removed = 0;
  uint64_t freed_bytes = 0;
  std::string error;
  friend bool operator==(const garbage_count&, const garbage_count&) = default;
};
BOOST_DESCRIBE_STRUCT(garbage_count, (), (what, found, found_bytes, removed, freed_bytes, error))

struct garbage_report {
  static constexpr std::string_view summary = "A collection of garbage: what it found and removed.";
  static constexpr field_doc docs[] = {
    {"ended", "Absent while it is under way."},
    {"error", "Why nothing at all was removed; empty: it was looked for."},
  };
  collection_cause why = collection_cause::request;
  bool dry_run = false;
  caf::timestamp began;
  caf::optional<caf::timestamp> ended;
  std::vector<garbage_count> kinds;
  std::string error;
  friend bool operator==(const garbage_report&, const garbage_report&) = default;
};
BOOST_DESCRIBE_STRUCT(garbage_report, (), (why, dry_run, began, ended, kinds, error))

struct collect_garbage {
  static constexpr std::string_view summary
    = "Removes what nothing needs any more; answers while it is still under way if it takes long.";
  static constexpr permission needs = permission::operate;
  static constexpr field_doc docs[] = {{"dry_run", "Only says what would be removed."}};
  bool dry_run = false;
  friend bool operator==(const collect_garbage&, const collect_garbage&) = default;
};
BOOST_DESCRIBE_STRUCT(collect_garbage, (), (dry_run))

struct get_disk {
  static constexpr std::string_view summary
    = "Asks what a node's disks have left and what was removed last.";
  static constexpr permission needs = permission::operate;
  friend bool operator==(const get_disk&, const get_disk&) = default;
};
BOOST_DESCRIBE_STRUCT(get_disk, (), ())

struct disk_state {
  static constexpr std::string_view summary = "One disk, its watermarks and where it is going.";
  static constexpr field_doc docs[] = {
    {"collect_below_bytes", "With less free, garbage is collected at once."},
    {"floor_bytes", "With less free, no build begins."},
    {"floor_in", "When it is there if it goes on as lately; absent: it is not on its way there."},
  };
  disk_space space;
  uint64_t collect_below_bytes = 0;
  uint64_t floor_bytes = 0;
  caf::optional<std::chrono::seconds> floor_in;
  friend bool operator==(const disk_state&, const disk_state&) = default;
};
BOOST_DESCRIBE_STRUCT(disk_state, (), (space, collect_below_bytes, floor_bytes, floor_in))

struct disk_report {
  static constexpr std::string_view summary = "What a node's disks have left.";
  static constexpr field_doc docs[] = {
    {"disks", "Empty: nobody has looked at them yet."},
    {"running", "The collection under way."},
    {"last", "The last one that ended, dry runs aside."},
    {"looked", "The last dry run."},
    {"next", "When the next one begins by itself."},
    {"freed_bytes", "By all collections since the platform's start."},
  };
  std::string node;
  std::vector<disk_state> disks;
  caf::optional<garbage_report> running;
  caf::optional<garbage_report> last;
  caf::optional<garbage_report> looked;
  caf::timestamp next;
  uint64_t freed_bytes = 0;
  friend bool operator==(const disk_report&, const disk_report&) = default;
};
BOOST_DESCRIBE_STRUCT(disk_report, (), (node, disks, running, last, looked, next, freed_bytes))

// -- between the disk actor, the apps and the worker ----------------------------------------------

struct get_retained {
  static constexpr std::string_view summary = "Asks an app what must not be removed.";
  friend bool operator==(const get_retained&, const get_retained&) = default;
};
BOOST_DESCRIBE_STRUCT(get_retained, (), ())

struct retained {
  static constexpr std::string_view summary
    = "What an app serves, can go back to, or is making: nothing of it may be removed.";
  static constexpr field_doc docs[] = {
    {"images", "Of the release that serves and of those that are kept, by digest."},
    {"sources", "Blobs that deployments under way are made of."},
    {"deployments", "Ids of those under way."},
    {"released", "Ids of those that made the releases, and of one-off tasks: their logs stay."},
  };
  std::vector<std::string> images;
  std::vector<std::string> sources;
  std::vector<std::string> deployments;
  std::vector<std::string> released;
  friend bool operator==(const retained&, const retained&) = default;
};
BOOST_DESCRIBE_STRUCT(retained, (), (images, sources, deployments, released))

struct list_logs {
  static constexpr std::string_view summary = "Asks which build logs there are.";
  friend bool operator==(const list_logs&, const list_logs&) = default;
};
BOOST_DESCRIBE_STRUCT(list_logs, (), ())

struct log_names {
  static constexpr std::string_view summary = "Build logs, by the id of their deployment.";
  std::vector<std::string> items;
  friend bool operator==(const log_names&, const log_names&) = default;
};
BOOST_DESCRIBE_STRUCT(log_names, (), (items))

struct remove_garbage {
  static constexpr std::string_view summary = "Has everything removed that is not named here.";
  static constexpr field_doc docs[] = {
    {"asked", "Before the apps were asked: what is newer is nobody's garbage yet."},
    {"apps", "<tenant>/<app> of every app there ever was; what belongs to no such is not ours."},
    {"busy", "Those with a deployment under way."},
    {"keep", "What all of them retain."},
    {"logs", "Ids of build logs to remove."},
    {"low_space", "There is little room: what only makes the next builds faster goes, too."},
  };
  bool dry_run = false;
  bool low_space = false;
  caf::timestamp asked;
  std::vector<std::string> apps;
  std::vector<std::string> busy;
  retained keep;
  std::vector<std::string> logs;
  friend bool operator==(const remove_garbage&, const remove_garbage&) = default;
};
BOOST_DESCRIBE_STRUCT(remove_garbage, (), (dry_run, low_space, asked, apps, busy, keep, logs))

struct garbage_removed {
  static constexpr std::string_view summary = "What was found and removed, by kind.";
  std::vector<garbage_count> kinds;
  friend bool operator==(const garbage_removed&, const garbage_removed&) = default;
};
BOOST_DESCRIBE_STRUCT(garbage_removed, (), (kinds))

/// Removes garbage of one node, on a thread of its own. What fails is in the answer, by kind.
using garbage_actor = caf::typed_actor<caf::replies_to<list_logs>::with<log_names>,
                                       caf::replies_to<remove_garbage>::with<garbage_removed>>;

/// The disks of one node, at disk/<node>. collect_garbage fails with unavailable while another
/// collection of the other sort (dry or not) is under way. The load is told by whoever watches the
/// machine.
using disk_actor = caf::typed_actor<caf::replies_to<get_disk>::with<disk_report>,
                                    caf::replies_to<collect_garbage>::with<garbage_report>,
                                    caf::reacts_to<machine_load>>;

} // namespace backendim
