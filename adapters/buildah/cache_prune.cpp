#include "adapters/buildah/cache_prune.hpp"

#include <charconv>

namespace backendim::buildah {

namespace {

// buildah counts "until" in whole seconds: with an age of nothing it would leave what was made in
// this second. A parent that loses its last child has no use either: buildah lists it in the next
// round. An image that cannot be removed does not keep the others.
constexpr auto prune = R"sh(
age=$1 dry_run=$2 keep=$3; shift 3
bytes() {
  grep -o '"diff-size":[0-9]*' "$HOME/storage/overlay-layers/layers.json" 2>/dev/null \
    | awk -F: '{sum += $2} END {printf "%.0f\n", sum}'
}
[ -e "$HOME/storage/overlay-layers/layers.json" ] || exit 0
before=$(bytes)
echo "bytes $before"
older=
[ "$age" = 0 ] || older="--filter until=${age}s"
round=0 removed=1
while [ "$removed" != 0 ] && [ $round -lt 100 ]; do
  removed=0 round=$((round + 1))
  for image in $("$@" images --quiet --no-trunc --filter dangling=true $older); do
    image=${image#sha256:}
    case " $keep " in *" sha256:$image "*) continue ;; esac
    if [ "$dry_run" = yes ]; then
      echo image
    elif "$@" rmi "$image" >/dev/null 2>&1; then
      echo image
      removed=$((removed + 1))
    fi
  done
done
echo "freed $((before - $(bytes)))"
)sh";

} // namespace

std::vector<std::string> prune_of(std::chrono::seconds age, const std::set<std::string>& keep,
                                  bool dry_run, const std::vector<std::string>& buildah) {
  std::string kept;
  for (const auto& x : keep)
    kept += x + " ";
  std::vector<std::string> result{
    "/bin/sh", "-euc", prune, "prune", std::to_string(age.count()), dry_run ? "yes" : "no", kept};
  result.insert(result.end(), buildah.begin(), buildah.end());
  return result;
}

void read_prune(build_caches& to, std::string_view line) {
  const auto number_behind = [&](std::string_view word) {
    uint64_t result = 0;
    if (line.starts_with(word))
      std::from_chars(line.data() + word.size(), line.data() + line.size(), result);
    return result;
  };
  if (line == "image")
    ++to.images;
  to.bytes += number_behind("bytes ");
  to.freed += number_behind("freed ");
}

} // namespace backendim::buildah
