#include "adapters/inspect/node_project.hpp"

namespace backendim::inspection {

detection detect_nextjs(const detection_input& in) {
  const auto project = node_project::read(in.tree);
  if (!project)
    return project.error();
  if (!*project || !(*project)->depends_on("next"))
    return std::optional<finding>{};
  // A custom server is started as its author wrote it.
  const auto script = (*project)->script("start");
  const bool own_server = !script.empty() && !has_word(script, "next");
  // The run-time cache must lie where the read-only root file system lets Next write.
  auto result
    = (*project)->plan(in, "nextjs", "Next.js, because package.json depends on next.",
                       own_server ? "" : "mkdir -p /tmp/next-cache && exec next start -p $PORT");
  if (!result)
    return std::move(result.error());
  auto& plan = result->plan;
  if ((*project)->script("build").empty())
    plan.build.insert(plan.build.begin(), "next build");
  result->after_build.push_back("rm -rf .next/cache && ln -s /tmp/next-cache .next/cache");
  plan.why.push_back("The cache of .next is a link into /tmp, the only place that is writable at "
                     "run time.");
  return std::optional{std::move(*result)};
}

} // namespace backendim::inspection
