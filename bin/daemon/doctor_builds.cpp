#include "adapters/subprocess/run.hpp"
#include "bin/daemon/doctor.hpp"

#include <fstream>
#include <string>
#include <string_view>

namespace backendim::daemon {

namespace fs = std::filesystem;

namespace {

constexpr uint64_t ids_of_an_image = 65'536; // uids 0 to 65535

/// How many subordinate ids *user* has in a file like /etc/subuid: lines of NAME:FIRST:COUNT.
uint64_t subordinate_ids(const fs::path& file, const std::string& user) {
  std::ifstream in{file};
  uint64_t result = 0;
  for (std::string line; std::getline(in, line);)
    if (const auto last = line.rfind(':'); line.starts_with(user + ":"))
      result += std::strtoull(line.c_str() + last + 1, nullptr, 10);
  return result;
}

bool has_account(const fs::path& file, const std::string& user) {
  std::ifstream in{file};
  for (std::string line; std::getline(in, line);)
    if (line.starts_with(user + ":"))
      return true;
  return false;
}

finding look_at_user(const config& x, const fs::path& root) {
  const auto& user = x.builder.user;
  if (!has_account(root / "etc/passwd", user))
    return {"build user", health::fail, "there is no user " + user + " to build as",
            "deploy/quickstart"};
  for (const auto* name : {"etc/subuid", "etc/subgid"})
    if (subordinate_ids(root / name, user) < ids_of_an_image)
      return {"build user", health::fail,
              user + " has less than 65536 ids in /" + std::string{name}, "deploy/quickstart"};
  return {"build user", health::ok, user, ""};
}

/// The first line that *program* says of its version; empty: it is not there.
std::string version_of(const std::string& program, const std::string& path) {
  if (subprocess::find_program(program, path).empty())
    return "";
  subprocess::command what;
  what.argv = {program, "--version"};
  what.env = {{"PATH", path}};
  what.limit = std::chrono::seconds{10};
  std::string first;
  const auto ran = subprocess::run(what,
                                   [&](std::string_view line) {
                                     if (first.empty())
                                       first = line;
                                   },
                                   {});
  return ran && ran->good() && !first.empty() ? first : program;
}

finding look_at_program(const std::string& program, const std::string& package,
                        const std::string& path) {
  if (const auto version = version_of(program, path); !version.empty())
    return {program, health::ok, version, ""};
  return {program, health::fail, "there is no " + program + " on this machine",
          "apt-get install " + package};
}

} // namespace

std::vector<finding> examine_builds(const config& x, const fs::path& root,
                                    const std::string& path) {
  return {look_at_user(x, root), look_at_program("buildah", "buildah", path),
          look_at_program("slirp4netns", "slirp4netns", path),
          look_at_program("newuidmap", "uidmap", path)};
}

} // namespace backendim::daemon
