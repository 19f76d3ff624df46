#include "bin/cli/arguments.hpp"
#include "bin/cli/deployment_text.hpp"
#include "bin/cli/problem.hpp"
#include "bin/cli/session.hpp"
#include "bin/cli/terminal.hpp"
#include "protocol/build.hpp"
#include "protocol/json.hpp"

#include <boost/json.hpp>

#include <algorithm>
#include <string>
#include <vector>

namespace backendim::cli {

namespace json = boost::json;

namespace {

std::string age_text(caf::timestamp since) {
  return elapsed_text(
    std::chrono::duration_cast<std::chrono::milliseconds>(caf::make_timestamp() - since));
}

std::string queue_text(const build_queue_info& x) {
  const auto building = std::ranges::count_if(
    x.jobs, [](const auto& job) { return job.running && job.step == deployment_state::building; });
  auto result = std::to_string(building) + " of " + std::to_string(x.slots) + " build slots taken, "
                + std::to_string(x.waiting) + " waiting (at most " + std::to_string(x.waiting_limit)
                + ", " + std::to_string(x.tenant_limit) + " of a tenant)";
  if (x.usual_build)
    result += "; a build takes about " + rough_text(*x.usual_build);
  result += "\n";
  if (x.held)
    result += "No further build begins: " + *x.held + "\n";
  if (x.jobs.empty())
    return result;
  std::vector<std::vector<std::string>> rows{{"TURN", "DEPLOYMENT", "TENANT", "STEP", "SINCE", ""}};
  for (const auto& job : x.jobs)
    rows.push_back({job.running ? "runs" : std::to_string(job.waits ? job.waits->position : 0),
                    job.id, job.tenant, boost::describe::enum_to_string(job.step, ""),
                    age_text(job.since),
                    job.waits && job.waits->estimated_wait
                      ? "begins in about " + rough_text(*job.waits->estimated_wait)
                      : ""});
  return result + table_text(rows);
}

} // namespace

caf::expected<exit_code> admin_queue(session& s, const arguments&) {
  auto door = s.connect();
  if (!door)
    return std::move(door.error());
  const auto answer = door->get("/v1/build-queue");
  if (!answer)
    return answer.error();
  const auto queue = from_json<build_queue_info>(*answer);
  if (s.json() || !queue) // a newer platform may say more than we know
    s.print_json(*answer);
  else
    s.print_text(queue_text(*queue));
  return exit_code::ok;
}

} // namespace backendim::cli
