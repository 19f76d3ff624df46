#pragma once

#include "adapters/subprocess/run.hpp"

#include <filesystem>
#include <map>
#include <string>
#include <vector>

namespace backendim::buildah {

/// The account that builds run as.
struct build_account {
  std::string user;
  uint32_t uid = 0;
  uint32_t gid = 0;
};

/// Fails with unavailable when there is none that could build.
caf::expected<build_account> find_account(const std::string& user);

/// Where a sandboxed command finds things, whatever their places on the machine are.
namespace inside {
inline constexpr auto root = "/run/backend-im-build";
inline constexpr auto home = "/run/backend-im-build/home";         ///< The tenant's own; written.
inline constexpr auto settings = "/run/backend-im-build/settings"; ///< For all; read-only.
inline constexpr auto job = "/run/backend-im-build/job"; ///< The deployment's folder; read-only.
inline constexpr auto results = "/run/backend-im-build/results"; ///< Of one job; written.
inline constexpr auto secrets = "/run/backend-im-build/secrets"; ///< Of one job; read-only.
} // namespace inside

struct sandbox {
  build_account account;
  std::filesystem::path state;    ///< Hidden, but for the following, which may lie in it.
  std::filesystem::path home;     ///< Becomes inside::home.
  std::filesystem::path settings; ///< Becomes inside::settings.
  std::filesystem::path job;      ///< Becomes inside::job; empty: none.
  std::filesystem::path results;  ///< Becomes inside::results; empty: none.
  /// Become files in inside::secrets, in memory; nobody else on the machine sees them.
  std::map<std::string, std::string> secrets;
  std::string id; ///< Names the folder of its temporary files, which goes with it.
  std::map<std::string, std::string> env;
  bool own_network = false; ///< It runs in a build_network and asks its name server.
};

/// Where the temporary files of *id* are, seen from inside.
std::string temporary_folder(const std::string& id);

/// *argv* as the account, in namespaces of its own, without the rights of root. All its processes
/// die with it.
subprocess::command sandboxed(const sandbox& x, const std::vector<std::string>& argv);

} // namespace backendim::buildah
