#include "tests/bench/recovery.hpp"

#include "actors/app_driver.hpp"
#include "actors/engine_worker.hpp"
#include "actors/gateway.hpp"
#include "actors/ingress.hpp"
#include "actors/journal_writer.hpp"
#include "adapters/crypto/vault.hpp"
#include "adapters/directory/route_memory.hpp"
#include "adapters/sqlite/journal.hpp"
#include "protocol/error.hpp"
#include "protocol/types.hpp"
#include "tests/support/fake_engine.hpp"

#include <caf/all.hpp>

#include <unistd.h>

#include <atomic>
#include <chrono>
#include <fstream>
#include <latch>
#include <stdexcept>
#include <string>
#include <thread>

namespace backendim::bench {

namespace {

using clock = std::chrono::steady_clock;

struct system_config : caf::actor_system_config {
  system_config() {
    set("scheduler.max-threads", size_t{1}); // as the daemon has on two cores
    set("scheduler.max-throughput", size_t{100});
  }
};

/// An edge that has nobody to serve.
class idle_edge : public edge {
public:
  void publish(route_table, std::function<void()> used) override { used(); }
  void when_idle(std::vector<upstream_address>, std::function<void()> idle) override { idle(); }
};

class idle_prober : public prober {
public:
  void probe(const probe_request&, std::function<void(probe_result)> done) override {
    done({probe_result::outcome::good, 200});
  }
};

/// Hears from each app that has come back.
class counting_tenant_state {
public:
  static constexpr const char* name = "tenant";
  explicit counting_tenant_state(tenant_actor::pointer) {}
  tenant_actor::behavior_type make_behavior(std::atomic<int>& back) {
    return {[](const get_tenant&) { return tenant_info{}; },
            [](const get_members&) { return member_list{}; },
            [](const set_member&) { return member_list{}; },
            [](const remove_member&) { return member_list{}; },
            [&back](const app_info&) { ++back; },
            [](const app_removed&) {}};
  }
};

tenant_actor::behavior_type
counting_tenant(tenant_actor::stateful_pointer<counting_tenant_state> self,
                std::atomic<int>* back) {
  return self->state.make_behavior(*back);
}

double resident_bytes() {
  std::ifstream in{"/proc/self/statm"};
  double total = 0, resident = 0;
  in >> total >> resident;
  return resident * static_cast<double>(::sysconf(_SC_PAGESIZE));
}

} // namespace

recovery recover(const std::filesystem::path& file, int apps) {
  std::atomic<int> back{0};
  static system_config settings;
  // Never destroyed: that would end ten thousand actors one by one, and the process ends anyway.
  auto& system = *new caf::actor_system{settings};
  const auto before = resident_bytes();
  const auto began = clock::now();
  auto store = sqlite::open_journal(file.string());
  if (!store)
    throw std::runtime_error{render(store.error())};
  const journal_actor journal
    = system.spawn<caf::detached>(journal_writer, journal_writer_config{}, *store);
  const engine_actor engine
    = system.spawn<caf::detached>(engine_worker, std::make_shared<test::fake_engine>(),
                                  *crypto::open_vault(file.parent_path() / "master-keys"));
  gateway_actor gate;
  std::latch complete{1};
  ingress_context paths;
  paths.journal = journal;
  paths.wakes = {path_kind::app};
  paths.kinds[path_kind::app] = [&](const ingress_actor& me, const auto& x) {
    complete.wait();
    app_context context{{}, journal, me, gate, engine, {}, {"localhost", ":8080"}};
    return caf::actor_cast<caf::strong_actor_ptr>(system.spawn(app, context, x[0], x[1]));
  };
  paths.kinds[path_kind::tenant] = [&](const ingress_actor&, const auto&) {
    return caf::actor_cast<caf::strong_actor_ptr>(system.spawn(counting_tenant, &back));
  };
  const ingress_actor door = system.spawn(ingress, paths);
  gateway_context around{engine, door, std::make_shared<idle_edge>(),
                         std::make_shared<idle_prober>()};
  around.memory = directory::open_route_memory(file.parent_path() / "routes.json");
  gate = system.spawn(gateway, around);
  complete.count_down();
  while (back < apps) {
    if (clock::now() - began > std::chrono::minutes{2})
      throw std::runtime_error{"only " + std::to_string(back) + " apps came back"};
    std::this_thread::sleep_for(std::chrono::milliseconds{1});
  }
  recovery result;
  result.seconds = std::chrono::duration<double>(clock::now() - began).count();
  std::this_thread::sleep_for(std::chrono::seconds{2}); // what was under way ends
  result.bytes_per_app = (resident_bytes() - before) / apps;
  return result;
}

} // namespace backendim::bench
