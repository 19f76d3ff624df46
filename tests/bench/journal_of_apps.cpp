#include "actors/app.hpp"
#include "adapters/sqlite/journal.hpp"
#include "protocol/error.hpp"
#include "protocol/event_codec.hpp"
#include "protocol/types.hpp"
#include "protocol/ulid.hpp"

#include <cstdio>
#include <cstdlib>
#include <iostream>
#include <string>
#include <vector>

namespace {

using namespace backendim;

/// The life of an app: created, then deployed in vain again and again, nothing left behind. Such
/// apps are listed and asked about like any other, but need no container.
append_events life_of(const std::string& tenant, const std::string& app, size_t events) {
  const auto now = caf::make_timestamp();
  append_events result{"app/" + tenant + "/" + app, 0, {}};
  const auto add = [&](const app_event& x, const std::string& request) {
    if (result.events.size() < events)
      result.events.push_back(encode_event(x, {"admin", request}, now));
  };
  const auto url = "http://" + app + "-" + tenant + ".localhost:8080";
  add(app_created{tenant, app, url, now}, "bench-" + app);
  for (uint32_t release = 1; result.events.size() + 3 <= events; ++release) {
    deployment_accepted accepted;
    accepted.id = make_ulid();
    accepted.release = release;
    accepted.source.blob = "sha256:" + std::string(64, '0');
    accepted.request_id = "bench-" + app + "-" + std::to_string(release);
    accepted.who = "admin";
    deployment_concluded concluded;
    concluded.id = accepted.id;
    concluded.error
      = failure{cause::build_failed, "The build failed at: npm ci", {}, "Look at it."};
    add(accepted, accepted.request_id);
    add(concluded, accepted.request_id);
    add(release_retired{release}, accepted.request_id);
  }
  while (result.events.size() < events)
    add(release_retired{1}, "bench-" + app); // says nothing new
  return result;
}

} // namespace

/// bench_journal FILE COUNT [EVENTS]: makes a journal in which the tenant main has COUNT apps,
/// bench-1 and so on, with EVENTS events each, 4 when absent.
int main(int argc, char** argv) {
  if (argc != 3 && argc != 4) {
    std::cerr << "usage: bench_journal FILE COUNT [EVENTS]\n";
    return 2;
  }
  auto opened = sqlite::open_journal(argv[1]);
  if (!opened) {
    std::cerr << render(opened.error()) << "\n";
    return 1;
  }
  const int count = std::atoi(argv[2]);
  const auto events = static_cast<size_t>(argc == 4 ? std::atoi(argv[3]) : 4);
  constexpr int at_once = 500;
  for (int made = 0; made < count;) {
    std::vector<append_events> batch;
    while (made < count && batch.size() < at_once)
      batch.push_back(life_of("main", "bench-" + std::to_string(++made), events));
    for (const auto& x : (*opened)->append_batch(batch))
      if (!x) {
        std::cerr << render(x.error()) << "\n";
        return 1;
      }
  }
  return 0;
}
