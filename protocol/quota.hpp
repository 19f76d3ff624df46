#pragma once

#include "protocol/access.hpp"
#include "protocol/durable.hpp"
#include "protocol/journal.hpp"

#include <caf/optional.hpp>
#include <caf/timestamp.hpp>
#include <caf/typed_actor.hpp>

#include <cstdint>
#include <string>
#include <vector>

namespace backendim {

/// What one task of an app may take at the most.
constexpr uint64_t task_cpu_millis = 1'000;
constexpr uint64_t task_memory = 512ull << 20;

/// What a tenant may have only so much of. Append only.
enum class quota_kind : uint8_t { apps = 1, cpu, memory, builds, requests, disk };
BOOST_DESCRIBE_ENUM(quota_kind, apps, cpu, memory, builds, requests, disk)

struct quota_limits {
  static constexpr std::string_view summary = "How much a tenant may have; absent: any amount.";
  static constexpr field_doc docs[] = {
    {"apps", "Apps."},
    {"cpu_millis", "Thousandths of a core, of all tasks of all live releases together."},
    {"memory_bytes", "Memory, of the same."},
    {"builds", "Builds at once; more wait."},
    {"requests_per_second", "To all hosts of all its apps together; more are answered 429."},
    {"disk_bytes", "What its builds keep: images, layers and caches, on the disk of one machine."},
  };
  caf::optional<uint32_t> apps;
  caf::optional<uint64_t> cpu_millis;
  caf::optional<uint64_t> memory_bytes;
  caf::optional<uint32_t> builds;
  caf::optional<uint32_t> requests_per_second;
  caf::optional<uint64_t> disk_bytes;
  friend bool operator==(const quota_limits&, const quota_limits&) = default;
};
BOOST_DESCRIBE_STRUCT(quota_limits, (),
                      (apps, cpu_millis, memory_bytes, builds, requests_per_second, disk_bytes))

/// The context of a quota_exceeded.
struct quota_refusal {
  static constexpr std::string_view summary = "Which quota leaves no room, and what to do.";
  static constexpr field_doc docs[] = {
    {"used", "In the unit of the limit, without what was asked for."},
    {"detail", "The same in a sentence."},
    {"next", "What to try, in one sentence."},
  };
  quota_kind quota = quota_kind::apps;
  uint64_t used = 0;
  uint64_t limit = 0;
  std::string detail;
  std::string next;
  friend bool operator==(const quota_refusal&, const quota_refusal&) = default;
};
BOOST_DESCRIBE_STRUCT(quota_refusal, (), (quota, used, limit, detail, next))

struct app_use {
  static constexpr std::string_view summary = "What an app takes of its tenant's quota.";
  static constexpr field_doc docs[] = {
    {"tasks", "Of its live release, or of the one that is about to be."},
  };
  std::string app;
  uint32_t tasks = 0;
  friend bool operator==(const app_use&, const app_use&) = default;
};
BOOST_DESCRIBE_STRUCT(app_use, (), (app, tasks))

struct quota_report {
  static constexpr std::string_view summary = "What a tenant may have and what it has.";
  static constexpr field_doc docs[] = {
    {"disk_bytes", "As it was at the last build; absent: nobody has looked."},
  };
  std::string tenant;
  quota_limits limits;
  uint32_t apps = 0;
  uint64_t cpu_millis = 0;
  uint64_t memory_bytes = 0;
  caf::optional<uint64_t> disk_bytes;
  std::vector<app_use> items;
  friend bool operator==(const quota_report&, const quota_report&) = default;
};
BOOST_DESCRIBE_STRUCT(quota_report, (),
                      (tenant, limits, apps, cpu_millis, memory_bytes, disk_bytes, items))

struct get_quota {
  static constexpr std::string_view summary = "Asks what the tenant may have and what it has.";
  static constexpr permission needs = permission::read;
  friend bool operator==(const get_quota&, const get_quota&) = default;
};
BOOST_DESCRIBE_STRUCT(get_quota, (), ())

struct set_quota {
  static constexpr std::string_view summary
    = "Sets how much the tenant may have; what it has stays, whatever it is.";
  static constexpr permission needs = permission::operate;
  quota_limits limits;
  request_meta meta;
  friend bool operator==(const set_quota&, const set_quota&) = default;
};
BOOST_DESCRIBE_STRUCT(set_quota, (), (limits, meta))

struct claim_tasks {
  static constexpr std::string_view summary
    = "Asks for room for an app with so many tasks, and keeps it. Never gives any back.";
  std::string app;
  uint32_t tasks = 0;
  request_meta meta;
  friend bool operator==(const claim_tasks&, const claim_tasks&) = default;
};
BOOST_DESCRIBE_STRUCT(claim_tasks, (), (app, tasks, meta))

struct note_tasks {
  static constexpr std::string_view summary
    = "An app says how many tasks it has: a fact, whatever the quota.";
  static constexpr field_doc docs[]
    = {{"at_least", "A deployment is under way: it keeps its room."}};
  std::string app;
  uint32_t tasks = 0;
  bool at_least = false;
  request_meta meta;
  friend bool operator==(const note_tasks&, const note_tasks&) = default;
};
BOOST_DESCRIBE_STRUCT(note_tasks, (), (app, tasks, at_least, meta))

struct forget_app {
  static constexpr std::string_view summary = "An app is destroyed: its room is free.";
  std::string app;
  request_meta meta;
  friend bool operator==(const forget_app&, const forget_app&) = default;
};
BOOST_DESCRIBE_STRUCT(forget_app, (), (app, meta))

struct build_limit {
  static constexpr std::string_view summary = "What a tenant's builds may have now.";
  std::string tenant;
  caf::optional<uint32_t> builds;
  caf::optional<uint64_t> disk_bytes;
  friend bool operator==(const build_limit&, const build_limit&) = default;
};
BOOST_DESCRIBE_STRUCT(build_limit, (), (tenant, builds, disk_bytes))

struct note_disk {
  static constexpr std::string_view summary = "The build queue says what the tenant's builds keep.";
  uint64_t bytes = 0;
  request_meta meta;
  friend bool operator==(const note_disk&, const note_disk&) = default;
};
BOOST_DESCRIBE_STRUCT(note_disk, (), (bytes, meta))

struct request_limit {
  static constexpr std::string_view summary = "How many requests a second a tenant may get now.";
  std::string tenant;
  caf::optional<uint32_t> requests_per_second;
  friend bool operator==(const request_limit&, const request_limit&) = default;
};
BOOST_DESCRIBE_STRUCT(request_limit, (), (tenant, requests_per_second))

// -- events ---------------------------------------------------------------------------------------

struct quota_set {
  static constexpr std::string_view summary = "Event: a tenant may have so much.";
  quota_limits limits;
  std::string who;
  caf::timestamp at;
  friend bool operator==(const quota_set&, const quota_set&) = default;
};
BOOST_DESCRIBE_STRUCT(quota_set, (), (limits, who, at))

struct tasks_claimed {
  static constexpr std::string_view summary = "Event: room is kept for an app.";
  std::string app;
  uint32_t tasks = 0;
  caf::timestamp at;
  friend bool operator==(const tasks_claimed&, const tasks_claimed&) = default;
};
BOOST_DESCRIBE_STRUCT(tasks_claimed, (), (app, tasks, at))

struct tasks_noted {
  static constexpr std::string_view summary = "Event: an app is there, with so many tasks.";
  std::string app;
  uint32_t tasks = 0;
  friend bool operator==(const tasks_noted&, const tasks_noted&) = default;
};
BOOST_DESCRIBE_STRUCT(tasks_noted, (), (app, tasks))

struct disk_noted {
  static constexpr std::string_view summary = "Event: the tenant's builds keep so much.";
  uint64_t bytes = 0;
  friend bool operator==(const disk_noted&, const disk_noted&) = default;
};
BOOST_DESCRIBE_STRUCT(disk_noted, (), (bytes))

struct app_forgotten {
  static constexpr std::string_view summary = "Event: an app takes nothing any more.";
  std::string app;
  friend bool operator==(const app_forgotten&, const app_forgotten&) = default;
};
BOOST_DESCRIBE_STRUCT(app_forgotten, (), (app))

/// What one tenant may have and has, at quota/<tenant>. claim_tasks fails with quota_exceeded.
using quota_actor = caf::typed_actor<
  caf::replies_to<get_quota>::with<quota_report>, caf::replies_to<set_quota>::with<quota_report>,
  caf::replies_to<claim_tasks>::with<quota_report>, caf::replies_to<note_tasks>::with<quota_report>,
  caf::replies_to<forget_app>::with<quota_report>,
  caf::replies_to<get_changes>::with<stream_position>,
  caf::replies_to<note_disk>::with<quota_report>>;

} // namespace backendim
