// What an app does about its commands that run once: it gives them their work, and ends them with
// itself.

#include "actors/app_driver.hpp"
#include "actors/resolve.hpp"

#include <spdlog/spdlog.h>

#include <utility>

namespace backendim {

/// Tells each what it has to do, once, and again after a failure.
void app_driver::task_one_offs(const app_state& s) {
  std::erase_if(told_one_offs_, [&](const auto& x) { return !s.one_offs.contains(x.first); });
  for (const auto& [id, x] : s.one_offs) {
    auto& told = told_one_offs_[id];
    if (told == "create" || told == "cancel" || (told == "created" && s.exists))
      continue;
    const bool fresh = told.empty(); // it may not even know its work
    told = fresh ? "create" : "cancel";
    const auto again = [this, id = id](const caf::error& reason) {
      if (reason == ec::conflict)
        return; // it ended by itself and will say so
      spdlog::warn("app could not task one-off app={} id={} why=\"{}\"", stream(), id,
                   render(reason));
      told_one_offs_.erase(id);
      tick_in(retry_after);
    };
    if (fresh)
      ask_path<one_off_info>(
        self_, ingress_, task_path(s.tenant, id),
        create_one_off{id, x.what, x.command, x.limit, {x.who, x.request_id}},
        [this, id = id](const one_off_info&) {
          if (const auto known = told_one_offs_.find(id); known != told_one_offs_.end())
            known->second
              = "created"; // one that has ended wakes up by this and says how, once more
          tick_in(caf::timespan{0});
        },
        again);
    else
      ask_path<one_off_info>(
        self_, ingress_, task_path(s.tenant, id), cancel_one_off{{"", "destroyed-" + id}},
        [](const one_off_info&) {}, again);
  }
}

} // namespace backendim
