#include "adapters/buildah/sandbox.hpp"

#include "protocol/error.hpp"

#include <pwd.h>

#include <fstream>

namespace backendim::buildah {

namespace {

// Runs as root in a mount namespace of its own, before the rights are given up. Everything that is
// needed is bound first; then the platform's state and the common temporary folders are covered.
// Root writes to nothing that a build could have replaced by a link.
constexpr auto cover = R"(
root=$1 home=$2 settings=$3 job=$4 results=$5 state=$6 owner=$7 resolver=$8; shift 8
mkdir -p "$root"
mount -t tmpfs -o mode=0755,size=1m none "$root"
cd "$root"
mkdir home settings job results secrets
for name in $SECRETS; do
  (umask 0377; eval "printf %s \"\$SECRET_$name\"" >"secrets/$name")
  chown "$owner" "secrets/$name"
  unset "SECRET_$name"
done
mount --bind "$home" home
mount --bind "$settings" settings
mount -o remount,bind,ro settings
if [ -n "$resolver" ]; then mount --bind "settings/$resolver" /etc/resolv.conf; fi
if [ -n "$job" ]; then mount --bind "$job" job; mount -o remount,bind,ro job; fi
if [ -n "$results" ]; then mount --bind "$results" results; fi
mount -t tmpfs -o mode=0000,size=4k none "$state"
mount -t tmpfs -o mode=1777,size=16m none /tmp
mount -t tmpfs -o mode=1777,size=16m none /var/tmp
exec "$@"
)";

// Buildah keeps cache mounts where TMPDIR says, and what else it puts there is of one command only.
// Newer ones add the user to the name.
constexpr auto begin = R"(
mkdir -p "$HOME/run" "$HOME/tmp/buildah-cache" "$TMPDIR"
for name in buildah-cache "buildah-cache-$1"; do ln -sfn "$HOME/tmp/buildah-cache" "$TMPDIR/$name"; done
shift
status=0
"$@" || status=$?
rm -rf "$TMPDIR" || true
exit $status
)";

} // namespace

std::string temporary_folder(const std::string& id) {
  return std::string{inside::home} + "/tmp/job-" + id;
}

caf::expected<build_account> find_account(const std::string& user) {
  std::vector<char> buffer(16 << 10);
  passwd entry{};
  passwd* found = nullptr;
  ::getpwnam_r(user.c_str(), &entry, buffer.data(), buffer.size(), &found);
  if (!found)
    return caf::make_error(ec::unavailable,
                           "there is no user " + user + " to build as; deploy/quickstart makes it");
  if (found->pw_uid == 0)
    return caf::make_error(ec::unavailable, "builds must not run as root");
  for (const auto* file : {"/etc/subuid", "/etc/subgid"}) {
    std::ifstream in{file};
    bool has = false;
    for (std::string line; std::getline(in, line);)
      has = has || line.starts_with(user + ":");
    if (!has)
      return caf::make_error(ec::unavailable,
                             user + " has no range in " + file + "; add " + user + ":START:65536");
  }
  return build_account{user, found->pw_uid, found->pw_gid};
}

subprocess::command sandboxed(const sandbox& x, const std::vector<std::string>& argv) {
  subprocess::command result;
  result.env = {{"PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"}};
  // Not among the arguments, which everybody may read. `env -i` below ends them.
  auto& names = result.env["SECRETS"];
  for (const auto& [name, value] : x.secrets) {
    names += (names.empty() ? "" : " ") + name;
    result.env["SECRET_" + name] = value;
  }
  result.argv = {"unshare",
                 "--mount",
                 "--pid",
                 "--fork",
                 "--kill-child",
                 "--mount-proc",
                 "--ipc",
                 "--uts",
                 "/bin/sh",
                 "-euc",
                 cover,
                 "sandbox",
                 inside::root,
                 x.home.string(),
                 x.settings.string(),
                 x.job.string(),
                 x.results.string(),
                 x.state.string(),
                 std::to_string(x.account.uid) + ":" + std::to_string(x.account.gid),
                 x.own_network ? "resolv.conf" : "",
                 "setpriv",
                 "--reuid",
                 std::to_string(x.account.uid),
                 "--regid",
                 std::to_string(x.account.gid),
                 "--clear-groups",
                 "env",
                 "-i"};
  std::map<std::string, std::string> env{
    {"PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"},
    {"HOME", inside::home},
    {"USER", x.account.user},
    {"TMPDIR", temporary_folder(x.id)},
    {"XDG_RUNTIME_DIR", std::string{inside::home} + "/run"},
    {"LC_ALL", "C.UTF-8"}};
  env.insert(x.env.begin(), x.env.end());
  for (const auto& [name, value] : env)
    result.argv.push_back(name + "=" + value);
  result.argv.insert(result.argv.end(),
                     {"/bin/sh", "-euc", begin, "sandbox", std::to_string(x.account.uid)});
  result.argv.insert(result.argv.end(), argv.begin(), argv.end());
  return result;
}

} // namespace backendim::buildah
