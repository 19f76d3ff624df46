#pragma once

#include "actors/durable_config.hpp"
#include "adapters/vault.hpp"
#include "protocol/paths.hpp"
#include "tests/simulation/faults.hpp"

#include <caf/all.hpp>

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace backendim::simulation {

/// What may go wrong, and which of it does in a scenario.
struct weather {
  bool crashes = false;  ///< Any actor may fail, at any moment.
  bool restarts = false; ///< Of the whole platform.
  bool journal = false;  ///< Goes away, loses answers.
  bool engine = false;
  bool edge = false;     ///< Uses tables late.
  bool builder = false;  ///< Builds fail, the registry goes away.
  bool hangs = false;    ///< The threads of journal and engine stand still for a while.
  bool canaries = false; ///< Releases are tried with some requests, which may fail.
};

/// What users ask for.
enum class wish { deploy, redeploy, rollback, cancel, promote, destroy, stop, start, scale };

/// What a user was told.
struct answer {
  wish what = wish::deploy;
  std::string tenant;
  std::string app;
  std::string request;    ///< Its id.
  std::string deployment; ///< That was made or cancelled.
  bool taken = false;     ///< Acknowledged; otherwise refused, or nobody knows.
};

struct simulated_system : caf::actor_system_config {
  simulated_system() { set("scheduler.policy", caf::atom("testing")); }
};

/// All actors of the platform on one thread. One seed decides whose message is handled next, how
/// time moves, what fails and when, and what users ask for meanwhile.
class world {
public:
  world(uint32_t seed, weather what);
  ~world();

  /// Lets users ask for *wishes* things while the weather lasts.
  void live(int wishes, const std::vector<wish>& of);
  /// Ends the weather and lets everything come to rest.
  void settle();
  /// What is not as the answers said it would be; one line each.
  std::vector<std::string> contradictions();

private:
  void start();
  void stop();
  void step();
  void pass(caf::timespan time);
  void change_weather();
  void change_strategy();
  void crash_one();
  void ask(wish what);
  template <class Reply, path_kind Kind, class Message>
  void send(path<Kind> where, Message message, answer about);
  template <class Reply, path_kind Kind, class Message>
  caf::expected<Reply> learn(path<Kind> where, Message message);
  void check_journal(const std::string& tenant, const std::string& app,
                     const caf::expected<app_info>& info, std::vector<std::string>& wrong);
  void check_app(const std::string& tenant, const std::string& app, const gateway_info& routes,
                 std::vector<std::string>& wrong);

  dice lot_;
  weather weather_;
  test::temp_folder folder_;
  test::temp_folder key_folder_;
  simulated_system config_;
  std::unique_ptr<caf::actor_system> system_;
  caf::scheduler::test_coordinator* scheduler_ = nullptr;
  std::shared_ptr<moments> clock_;
  std::shared_ptr<faulty_journal> store_;
  std::shared_ptr<faulty_engine> engine_;
  std::shared_ptr<slow_edge> front_;
  std::shared_ptr<test::memory_in_memory> remembered_;
  std::shared_ptr<moody_prober> probes_;
  std::shared_ptr<test::instant_source> source_;
  std::shared_ptr<faulty_builder> builder_;
  std::shared_ptr<vault> keys_;
  journal_actor journal_;
  engine_actor docker_;
  build_queue_actor queue_;
  gateway_actor gate_;
  ingress_actor door_;
  caf::strong_actor_ptr queue_worker_, gate_worker_;
  std::vector<caf::weak_actor_ptr> started_; ///< By the ingress, and workers.
  std::vector<caf::weak_actor_ptr> users_;
  std::set<std::string> hanging_; ///< Names of actors whose messages nobody handles.
  std::vector<answer> answers_;
  std::map<std::pair<std::string, std::string>, std::string> latest_; ///< Deployment, by app.
  int asked_ = 0;
};

} // namespace backendim::simulation
