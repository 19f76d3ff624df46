#pragma once

#include "protocol/access.hpp"

#include <caf/timestamp.hpp>
#include <caf/typed_actor.hpp>

#include <cstdint>
#include <string>
#include <vector>

namespace backendim {

/// How what the engine runs differs from what an app wants.
enum class drift : uint8_t {
  orphan = 1, ///< Runs, and no app wants it. Mended by drain and removal.
  missing,    ///< Is wanted and does not run. Mended by making it anew.
  replicas,   ///< Runs with another number of replicas. Mended by scaling it.
};
BOOST_DESCRIBE_ENUM(drift, orphan, missing, replicas)

struct difference {
  static constexpr std::string_view summary = "Something that runs and should not, or the reverse.";
  static constexpr field_doc docs[] = {
    {"app", "Path of the app that it belongs to."},
    {"wanted", "Replicas that should run."},
    {"found", "Replicas that the engine was told to run."},
  };
  drift what = drift::orphan;
  std::string service;
  std::string app;
  uint32_t wanted = 0;
  uint32_t found = 0;
  friend bool operator==(const difference&, const difference&) = default;
};
BOOST_DESCRIBE_STRUCT(difference, (), (what, service, app, wanted, found))

struct get_services {
  static constexpr std::string_view summary = "Asks for every service of this platform.";
  friend bool operator==(const get_services&, const get_services&) = default;
};
BOOST_DESCRIBE_STRUCT(get_services, (), ())

struct found_service {
  static constexpr std::string_view summary = "A service as the engine has it.";
  std::string name;
  std::string tenant;
  std::string app;
  uint32_t release = 0;
  uint32_t replicas = 0;
  friend bool operator==(const found_service&, const found_service&) = default;
};
BOOST_DESCRIBE_STRUCT(found_service, (), (name, tenant, app, release, replicas))

struct service_list {
  static constexpr std::string_view summary = "Services of this platform.";
  std::vector<found_service> services;
  friend bool operator==(const service_list&, const service_list&) = default;
};
BOOST_DESCRIBE_STRUCT(service_list, (), (services))

struct scale_release {
  static constexpr std::string_view summary = "Sets how many replicas of a service run.";
  std::string service;
  uint32_t replicas = 1;
  friend bool operator==(const scale_release&, const scale_release&) = default;
};
BOOST_DESCRIBE_STRUCT(scale_release, (), (service, replicas))

struct compare_services {
  static constexpr std::string_view summary
    = "Asks an app in what the engine's services of it differ from those it wants.";
  std::vector<found_service> found;
  friend bool operator==(const compare_services&, const compare_services&) = default;
};
BOOST_DESCRIBE_STRUCT(compare_services, (), (found))

struct differences {
  static constexpr std::string_view summary = "What differs; nothing: all is as it should be.";
  std::vector<difference> items;
  friend bool operator==(const differences&, const differences&) = default;
};
BOOST_DESCRIBE_STRUCT(differences, (), (items))

struct mend_services {
  static constexpr std::string_view summary = "Has an app remove differences that still are some.";
  std::vector<difference> items;
  friend bool operator==(const mend_services&, const mend_services&) = default;
};
BOOST_DESCRIBE_STRUCT(mend_services, (), (items))

struct reconcile {
  static constexpr std::string_view summary
    = "Compares what every app wants with what the engine runs, and mends it.";
  static constexpr permission needs = permission::operate;
  static constexpr field_doc docs[] = {{"dry_run", "Only says what differs."}};
  bool dry_run = false;
  friend bool operator==(const reconcile&, const reconcile&) = default;
};
BOOST_DESCRIBE_STRUCT(reconcile, (), (dry_run))

struct get_reconciliation {
  static constexpr std::string_view summary = "Asks what the last comparison found.";
  static constexpr permission needs = permission::operate;
  friend bool operator==(const get_reconciliation&, const get_reconciliation&) = default;
};
BOOST_DESCRIBE_STRUCT(get_reconciliation, (), ())

struct reconciliation {
  static constexpr std::string_view summary = "What a comparison found.";
  static constexpr field_doc docs[] = {
    {"services", "How many services of ours the engine has."},
    {"mended", "Whether the differences are being removed; false: a dry run."},
    {"total", "Differences that were mended since the platform's start."},
  };
  caf::timestamp at;
  uint32_t services = 0;
  std::vector<difference> differences;
  bool mended = false;
  uint64_t total = 0;
  friend bool operator==(const reconciliation&, const reconciliation&) = default;
};
BOOST_DESCRIBE_STRUCT(reconciliation, (), (at, services, differences, mended, total))

/// Compares desired with actual, at the path reconciler. Fails with unavailable while the engine
/// does not answer.
using reconciler_actor
  = caf::typed_actor<caf::replies_to<reconcile>::with<reconciliation>,
                     caf::replies_to<get_reconciliation>::with<reconciliation>>;

} // namespace backendim
