#pragma once

#include "protocol/access.hpp"
#include "protocol/app_config.hpp"
#include "protocol/error.hpp"
#include "protocol/secret.hpp"

#include <caf/optional.hpp>
#include <caf/timestamp.hpp>

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

namespace backendim {

struct source_ref {
  static constexpr std::string_view summary
    = "What is deployed: an uploaded archive, a repository, or an earlier release.";
  static constexpr field_doc docs[] = {
    {"blob", "sha256:<hex> of an archive (tar.zst) sent to POST /v1/blobs."},
    {"git", "URL of a repository to clone instead; https, ssh or file."},
    {"ref", "Branch, tag or commit of the repository; absent: its default branch."},
    {"release", "Number of a release of the app that is run once more; nothing is built."},
  };
  caf::optional<std::string> blob;
  caf::optional<std::string> git;
  caf::optional<std::string> ref;
  caf::optional<uint32_t> release;
  friend bool operator==(const source_ref&, const source_ref&) = default;
};
BOOST_DESCRIBE_STRUCT(source_ref, (), (blob, git, ref, release))

/// Immutable: a rollback makes a new one.
struct release {
  static constexpr std::string_view summary = "One numbered image of an app with its settings.";
  static constexpr field_doc docs[] = {
    {"number", "Counts from 1 within the app; shown as v<number>."},
    {"image", "By digest."},
    {"deployment", "The id of the deployment that made it."},
    {"source", "What it was made of."},
    {"watch", "How long it is watched once it is live, before the one before it goes."},
    {"reverted", "Why it was taken back after it went live; absent: it was not."},
    {"secrets", "The versions that it uses, whatever is set later."},
  };
  uint32_t number = 0;
  std::string image;
  std::string deployment;
  app_config config;
  uint16_t port = 0;
  source_ref source;
  std::chrono::seconds watch{0};
  std::string who;
  caf::timestamp at;
  caf::optional<failure> reverted;
  std::vector<sealed_secret> secrets;
  friend bool operator==(const release&, const release&) = default;
};
BOOST_DESCRIBE_STRUCT(release, (),
                      (number, image, deployment, config, port, source, watch, who, at, reverted,
                       secrets))

struct get_releases {
  static constexpr std::string_view summary = "Asks for the releases that an app can go back to.";
  static constexpr permission needs = permission::read;
  friend bool operator==(const get_releases&, const get_releases&) = default;
};
BOOST_DESCRIBE_STRUCT(get_releases, (), ())

struct release_list {
  static constexpr std::string_view summary = "Releases of an app, newest first.";
  static constexpr field_doc docs[] = {
    {"live", "Number of the one that serves."},
    {"standby", "Number of the one that still runs while the live one is watched."},
  };
  std::string tenant;
  std::string app;
  std::vector<release> items;
  caf::optional<uint32_t> live;
  caf::optional<uint32_t> standby;
  friend bool operator==(const release_list&, const release_list&) = default;
};
BOOST_DESCRIBE_STRUCT(release_list, (), (tenant, app, items, live, standby))

struct compare_releases {
  static constexpr std::string_view summary = "Asks in what two releases of an app differ.";
  static constexpr permission needs = permission::read;
  uint32_t from = 0;
  uint32_t to = 0;
  friend bool operator==(const compare_releases&, const compare_releases&) = default;
};
BOOST_DESCRIBE_STRUCT(compare_releases, (), (from, to))

struct changed_setting {
  static constexpr std::string_view summary = "One thing in which two releases differ.";
  static constexpr field_doc docs[] = {
    {"pointer", "RFC 6901 pointer into a release, like /config/env/TZ."},
    {"from", "JSON text of the older value; absent: there was none."},
    {"to", "JSON text of the newer value; absent: there is none."},
  };
  std::string pointer;
  caf::optional<std::string> from;
  caf::optional<std::string> to;
  friend bool operator==(const changed_setting&, const changed_setting&) = default;
};
BOOST_DESCRIBE_STRUCT(changed_setting, (), (pointer, from, to))

struct release_difference {
  static constexpr std::string_view summary = "In what two releases differ.";
  std::string tenant;
  std::string app;
  uint32_t from = 0;
  uint32_t to = 0;
  std::vector<changed_setting> items;
  friend bool operator==(const release_difference&, const release_difference&) = default;
};
BOOST_DESCRIBE_STRUCT(release_difference, (), (tenant, app, from, to, items))

} // namespace backendim
