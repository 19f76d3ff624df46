#include "adapters/buildah/base_maker.hpp"

#include "adapters/buildah/build_failures.hpp"
#include "adapters/buildah/build_output.hpp"
#include "adapters/subprocess/run.hpp"
#include "protocol/error.hpp"

#include <utility>

namespace backendim::buildah {

using namespace std::chrono_literals;

caf::error stopped() {
  return caf::make_error(ec::timed_out, "the build was stopped");
}

caf::error make_base(const builder_options& options, const std::string& name, bool generated,
                     std::map<std::string, std::string> env, const line_sink& on_line,
                     const std::stop_token& stop) {
  const auto inside = options.gate->enter(stop); // it may push
  if (!inside)
    return stopped();
  subprocess::command x;
  // In namespaces of its own, so that nothing of it is left when it is stopped.
  x.argv = {"unshare", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc"};
  x.argv.insert(x.argv.end(), options.base_images.begin(), options.base_images.end());
  x.argv.push_back(name);
  x.env = std::move(env);
  x.env["PATH"] = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
  x.env["HOME"] = "/root";
  x.limit = 20min;
  auto ran = subprocess::run(x, on_line, stop);
  if (!ran)
    return std::move(ran.error());
  if (ran->stopped)
    return stopped();
  constexpr int cannot_be_had = 3;
  if (ran->exit_code == cannot_be_had && options.hub)
    return {}; // the hub may have it
  if (ran->exit_code == cannot_be_had)
    return base_failure(name, generated, ran->tail);
  if (!ran->good())
    return make_failure(ec::unavailable,
                        {cause::registry_unavailable,
                         "The base image " + name + " could not be made.", last_lines(ran->tail),
                         "Try again; if it stays so, tell the platform's operator."});
  return {};
}

} // namespace backendim::buildah
