#pragma once

#include "actors/one_off.hpp"
#include "protocol/directory.hpp"
#include "protocol/gateway.hpp"

#include <chrono>
#include <functional>
#include <optional>
#include <stop_token>
#include <string>

namespace backendim {

struct one_off_context {
  durable_config durable;
  journal_actor journal;
  ingress_actor ingress;
  gateway_actor gateway;
  engine_actor engine;
  /// Makes what copies the output of one container, on a thread of its own.
  std::function<output_actor(std::stop_token)> keeper;
};

/// The durable one-off task with what is under way for its state: its service is made once, its
/// output kept, its end recorded, its service removed, its app told. A restart of the platform
/// changes nothing of that; a command that may have begun is never begun again.
class one_off_driver : public durable<one_off_entity> {
public:
  using durable::durable;
  ~one_off_driver();

  interface::behavior_type make_behavior(one_off_context context, const std::string& tenant,
                                         const std::string& id);

private:
  using time_point = caf::actor_clock::time_point;

  void drive(const one_off_data& s);
  void watch_time(const one_off_data& s);
  void make_service(const one_off_data& s);
  void find_again(const one_off_data& s);
  void watch_task(const one_off_data& s);
  void keep(const std::string& container);
  void kept();
  void remove_service(const one_off_data& s);
  void close(const one_off_data& s);
  void tell_app(const one_off_data& s);
  void failed(one_off_state step, const caf::error& reason);
  void finish(one_off_state step);
  template <class Command>
  void record(Command x);

  one_off_context context_;
  output_actor keeper_;
  std::stop_source stop_;
  bool look_first_ = true; ///< Whether the service is still there, before its end is waited for.
  std::optional<one_off_state> under_way_; ///< The state that something is being done for.
  std::optional<time_point> deadline_;
  std::optional<time_point> missing_until_; ///< When what is away ends the task.
  time_point not_before_;                   ///< When it is tried again.
  std::string container_;                   ///< Whose output is kept.
  std::string unkept_;                      ///< The same; it has to be begun again.
  bool keeping_ = false;
  bool removed_ = false;                ///< The service is.
  std::optional<task_ended> end_;       ///< Of the command.
  std::optional<time_point> end_drain_; ///< How long its last words are waited for.
  enum class closing { no, cleaning, clean, telling, told } closing_ = closing::no;
};

/// The actor at task/<tenant>/<id>, its stream.
one_off_driver::interface::behavior_type
one_off(one_off_driver::interface::stateful_pointer<one_off_driver> self, one_off_context context,
        const std::string& tenant, const std::string& id);

} // namespace backendim
