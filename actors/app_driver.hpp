#pragma once

#include "actors/app.hpp"
#include "actors/domains.hpp"
#include "actors/last_told.hpp"
#include "protocol/boxed.hpp"
#include "protocol/build.hpp"
#include "protocol/quota.hpp"

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>

namespace backendim {

/// How the URLs of apps look.
struct url_form {
  std::string domain; ///< Hosts are directly below it.
  std::string suffix; ///< What follows the host, like ":8080".
  std::string scheme = "http";
};

struct app_context {
  durable_config durable;
  journal_actor journal;
  ingress_actor ingress;
  gateway_actor gateway;
  engine_actor engine;
  build_queue_actor queue;
  url_form urls;
  std::shared_ptr<const domains_policy> domains{}; ///< Of all apps; null: nothing but urls counts.
};

/// The URL of an app at *host*.
std::string url_of(const url_form& x, const std::string& host);

constexpr std::chrono::seconds retry_after{1};
constexpr std::chrono::seconds drain_deadline{90}; ///< Drain (30 s) and removal by the engine.

/// The durable app with what it has under way for its state: tasks for its deployments, its
/// route, the removal of old releases. All of it is found again from the state after a restart.
class app_driver : public durable<app_entity> {
public:
  using durable::durable;
  ~app_driver();

  interface::behavior_type make_behavior(app_context context, std::string tenant, std::string app);

private:
  caf::result<deployment_info> admit(start_deployment x);
  template <class Reply, class Command>
  caf::result<Reply> claim_first(Command x);
  template <class Command, class Reply>
  void claim_first(Command x, caf::typed_response_promise<Reply> promise);
  void note_use(const app_state& s);
  void drive(const app_state& s);
  void task_deployments(const app_state& s);
  void create(const app_state& s, const deployment_accepted& x);
  void begin(const std::string& id);
  void supersede(const std::string& id, const std::string& by);
  void cancel(const std::string& id);
  void retire(const app_state& s, uint32_t number);
  caf::result<route_set> activate(activate_release x);
  caf::result<split_counted> share(const share_requests& x);
  void route(const app_state& s);
  void remove_route_of(const app_state& s);
  void announce(const app_state& s);
  void mend(const difference& x);
  caf::result<app_tasks> tasks();
  void scale();
  void watch(const app_state& s);
  void watch_again(uint32_t number);
  void tell_reverted(const app_state& s);
  void task_one_offs(const app_state& s);

  // app_driver_hosts.cpp
  template <class Command, class Reply>
  void host_first(Command x, caf::typed_response_promise<Reply> promise);
  void claim_own_host(std::function<void()> then, std::function<void(const caf::error&)> failed);
  std::string host(const app_state& s) const;

  // app_driver_domains.cpp
  template <class Reply, class Make>
  caf::result<Reply> ask_domains(Make make);
  caf::result<domain_list> own_domains();
  caf::result<domain_info> add(add_domain x);
  caf::result<domain_report> verify(verify_domain x);
  caf::result<domain_list> remove(remove_domain x);
  void keep_own_domains(const app_state& s);
  void tell_domains(caf::timestamp since);
  void ask_domains_again(const caf::error& why);
  template <class Command>
  void tell_self(Command x);

  /// The live release while the one before it still runs.
  struct watched_release {
    uint32_t release = 0;
    caf::actor_clock::time_point until;
    bool asked = false; ///< Its rollout is, what becomes of it.
  };

  ingress_actor ingress_;
  gateway_actor gateway_;
  engine_actor engine_;
  build_queue_actor queue_;
  std::shared_ptr<const domains_policy> domains_;
  url_form urls_;
  bool hosts_are_kept_ = true; ///< False: nobody says whose a host is, so all have their first.
  boxed<run_release> live_;    ///< What has to run.
  std::map<std::string, std::string> told_;          ///< By deployment: what it was told last.
  std::map<std::string, std::string> told_one_offs_; ///< The same, by one-off task.
  std::set<uint32_t> retiring_;
  last_told routed_;
  std::map<uint64_t, caf::typed_response_promise<route_set>>
    activating_; ///< Until the route is set; in the order of asking.
  uint64_t activations_ = 0;
  bool unrouted_ = false; ///< Its route was removed, or is being.
  last_told announced_;
  bool was_driven_ = false;
  std::optional<scale_release> scaled_; ///< What the engine was told last.
  std::optional<watched_release> watched_;
  std::set<uint32_t> told_reverted_; ///< Releases whose deployments know.
  last_told noted_;
  bool forgotten_ = false; ///< It was told that there is no app.
  std::optional<caf::timestamp>
    domains_told_; ///< Since when it is there, as the domains were told last; the epoch: it is not.
};

/// The actor at app/<tenant>/<app>, its stream.
app_driver::interface::behavior_type app(app_driver::interface::stateful_pointer<app_driver> self,
                                         app_context context, std::string tenant, std::string name);

} // namespace backendim
