#pragma once

#include "actors/app.hpp"

#include <map>
#include <optional>
#include <set>
#include <string>

namespace backendim {

struct app_context {
  durable_config durable;
  journal_actor journal;
  ingress_actor ingress;
  gateway_actor gateway;
  std::string domain;     ///< Hosts are <app>-<tenant>.<domain>.
  std::string url_suffix; ///< What follows the host in URLs, like ":8080".
};

/// The durable app with what it has under way for its state: tasks for its deployments, its
/// route, the removal of old releases. All of it is found again from the state after a restart.
class app_driver : public durable<app_entity> {
public:
  using durable::durable;

  interface::behavior_type make_behavior(app_context context, std::string tenant, std::string app);

private:
  void drive(const app_state& s);
  void task_deployments(const app_state& s);
  void create(const app_state& s, const deployment_accepted& x);
  void begin(const std::string& id);
  void supersede(const std::string& id, const std::string& by);
  void cancel(const std::string& id);
  void retire(const app_state& s, uint32_t number);
  void route(const app_state& s);
  void announce(const app_state& s);

  app_context context_;
  std::string host_;
  std::map<std::string, std::string> told_; ///< By deployment: what it was told last.
  std::set<uint32_t> retiring_;
  std::optional<set_route> routed_;
  std::optional<app_info> announced_;
};

/// The actor at app/<tenant>/<app>, its stream.
app_driver::interface::behavior_type app(app_driver::interface::stateful_pointer<app_driver> self,
                                         app_context context, std::string tenant, std::string name);

} // namespace backendim
