#pragma once

#include "actors/build.hpp"
#include "protocol/build.hpp"
#include "protocol/directory.hpp"

#include <caf/typed_event_based_actor.hpp>
#include <caf/typed_response_promise.hpp>

#include <cstdint>
#include <functional>
#include <list>
#include <map>
#include <stop_token>
#include <string>

namespace backendim {

struct build_queue_config {
  uint32_t build_slots = 2;  ///< Builds at once: as many as there are cores.
  uint32_t light_slots = 4;  ///< Fetches and pushes at once; they mostly wait for the disk.
  size_t max_waiting = 1000; ///< More are refused with unavailable.
  bool own_threads = true;   ///< Build actors block; only a test's do not.
};

/// Gives each job a build actor as soon as it has a slot, oldest first.
class build_queue_state {
public:
  static constexpr const char* name = "build_queue";

  explicit build_queue_state(build_queue_actor::pointer self) : self_{self} {}
  ~build_queue_state();

  build_queue_actor::behavior_type make_behavior(build_queue_config config, build_tools tools,
                                                 ingress_actor ingress);

private:
  struct job {
    build_job_info info;
    std::stop_source stop;
    std::function<void(build_actor)> run; ///< Sends the request; its answer ends the job.
    std::function<void(const caf::error&)> refuse;
    build_actor worker;
  };
  using job_ref = std::list<job>::iterator;

  template <class Reply, class Message>
  caf::result<Reply> enqueue(deployment_state step, Message x);
  build_actor spawn_worker(std::stop_token stop);
  void start_jobs();
  void start(job& x);
  void end(job_ref which);
  caf::result<work_cancelled> cancel(const std::string& id);
  void clean(const std::string& id);

  build_queue_actor::pointer self_;
  build_queue_config config_;
  build_tools tools_;
  ingress_actor ingress_;
  std::list<job> jobs_; ///< In order of arrival.
  std::multimap<std::string, caf::typed_response_promise<work_cancelled>> cancelling_;
};

build_queue_actor::behavior_type
build_queue(build_queue_actor::stateful_pointer<build_queue_state> self, build_queue_config config,
            build_tools tools, ingress_actor ingress);

} // namespace backendim
