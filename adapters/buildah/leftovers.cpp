#include "adapters/buildah/leftovers.hpp"

#include "adapters/buildah/sandbox.hpp"

#include <system_error>

namespace backendim::buildah {

namespace fs = std::filesystem;

namespace {

// A text of a build's own cannot look like this in JSON: its quotes would be escaped.
constexpr auto remove_one = R"(
mark=$1 files=$2; shift 2
for file in $(grep -lsF "\"CgroupParent\":\"$mark\"" "$HOME"/storage/overlay-containers/*/userdata/buildah.json || true); do
  container=${file%/userdata/buildah.json}
  "$@" rm "${container##*/}" || true
done
[ ! -e "$files" ] || rm -rf "$files" 2>/dev/null || "$@" unshare rm -rf "$files"
)";

// buildah removes only what it has described, which is a moment after the container is there: a
// build that was killed in between leaves one that `rm --all` does not see and `rm` refuses.
constexpr auto remove_undescribed = R"(
cd "$HOME"/storage/overlay-containers 2>/dev/null && grep -qs '"id"' containers.json || exit 0
for container in $("$@" containers --all --quiet --notruncate); do
  [ ! -s "$container/userdata/buildah.json" ] || continue
  mkdir -p "$container/userdata"
  echo "{\"type\":\"buildah 0.0.1\",\"container-id\":\"$container\"}" >"$container/userdata/buildah.json"
  "$@" rm "$container" || true
done
)";

constexpr auto remove_all = R"(
"$@" rm --all || true
for files in "$HOME"/tmp/job-*; do
  [ "$files" = "$TMPDIR" ] || rm -rf "$files" 2>/dev/null || "$@" unshare rm -rf "$files"
done
)";

} // namespace

std::string mark_of(const std::string& id) {
  return "backend-im-" + id;
}

std::vector<std::string> removal_of(const std::string& id, bool only_one,
                                    const std::vector<std::string>& buildah) {
  const auto script = std::string{remove_one} + (only_one ? remove_undescribed : "");
  std::vector<std::string> result{"/bin/sh",   "-euc",      script,
                                  "leftovers", mark_of(id), temporary_folder(id)};
  result.insert(result.end(), buildah.begin(), buildah.end());
  return result;
}

std::vector<std::string> removal_of_all(const std::vector<std::string>& buildah) {
  std::vector<std::string> result{"/bin/sh", "-euc", std::string{remove_all} + remove_undescribed,
                                  "leftovers"};
  result.insert(result.end(), buildah.begin(), buildah.end());
  return result;
}

bool has_leftovers(const fs::path& home) {
  constexpr uintmax_t empty_list = 2; // "[]"
  std::error_code failed;
  const auto containers = home / "storage" / "overlay-containers" / "containers.json";
  if (const auto size = fs::file_size(containers, failed); !failed && size > empty_list)
    return true;
  for (fs::directory_iterator i{home / "tmp", failed}, end; !failed && i != end;
       i.increment(failed))
    if (i->path().filename().string().starts_with("job-"))
      return true;
  return false;
}

} // namespace backendim::buildah
