#pragma once

#include "actors/deployment_driver.hpp"
#include "adapters/crypto/vault.hpp"
#include "tests/support/actor_test.hpp"
#include "tests/support/deploy_fakes.hpp"
#include "tests/support/fake_engine.hpp"
#include "tests/support/fake_journal.hpp"
#include "tests/support/temp_folder.hpp"

#include <functional>
#include <map>
#include <memory>
#include <string>

namespace backendim::test {

/// All actors of one deploy with a journal, an engine, an edge and a builder in memory.
class deploy_flow : public actor_test {
protected:
  temp_folder folder;
  temp_folder key_folder;
  std::shared_ptr<fake_journal> store = std::make_shared<fake_journal>();
  std::shared_ptr<fake_engine> engine = std::make_shared<fake_engine>();
  std::shared_ptr<instant_edge> front = std::make_shared<instant_edge>();
  std::shared_ptr<memory_in_memory> remembered = std::make_shared<memory_in_memory>();
  std::shared_ptr<scripted_prober> probes = std::make_shared<scripted_prober>();
  std::shared_ptr<instant_source> source = std::make_shared<instant_source>();
  std::shared_ptr<instant_builder> builder = std::make_shared<instant_builder>();
  std::shared_ptr<vault> keys = *crypto::open_vault(key_folder.path() / "master-keys");
  journal_actor journal;
  engine_actor docker;
  build_queue_actor queue;
  gateway_actor gate;
  caf::strong_actor_ptr queue_worker, gate_worker; ///< Behind those two.
  ingress_actor door;
  std::map<std::string, std::string> tenants; ///< Of those that were deployed, by id.
  bool keeps_hosts = false; ///< Whether there is somebody who says whose each host is.
  step_deadlines limits = [] {
    step_deadlines x;
    x.watching = 0s;
    return x;
  }();

  void SetUp() override;

  /// Starts all that a restart of the daemon would start anew.
  void start();

  void TearDown() override;

  void stop_all();

  caf::strong_actor_ptr at(const std::string& path);

  /// Like get, but time moves only a little.
  template <class T, class Reply>
  caf::expected<T> get_soon(Reply& reply) {
    for (int i = 0; i < 100 && !reply_waits(); ++i)
      advance(100ms);
    return get_now<T>(reply);
  }
  template <class T, class Reply>
  caf::expected<T> get_now(Reply& reply) {
    caf::expected<T> result{caf::sec::request_timeout};
    if (reply_waits())
      reply.receive([&](T& x) { result = std::move(x); },
                    [&](caf::error& x) { result = std::move(x); });
    return result;
  }

  caf::expected<deployment_info> try_deploy(const std::string& path, const std::string& request);

  std::string deploy(const std::string& request);

  std::string path_of(const std::string& id);

  deployment_info state_of(const std::string& id);

  /// Lets time pass until the deployment has ended.
  deployment_info end_of(const std::string& id, int seconds = 30);

  /// What the canary gets; 0: there is none.
  uint32_t canary_share();

  /// Deploys v1, then v2 as a canary, and lets it get as far as to its requests.
  std::string deploy_canary(const std::function<void(canary_config&)>& more = {});

  std::string live_service();

  size_t upstreams();
};

} // namespace backendim::test
