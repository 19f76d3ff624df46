#pragma once

#include "adapters/container_engine.hpp"

#include <boost/json.hpp>

#include <map>
#include <optional>
#include <string>
#include <vector>

namespace backendim::docker {

/// A container as this node's engine sees it, ahead of what Swarm's managers have heard (0.2 s).
struct local_container {
  std::string id;
  bool running = false;
  bool ended = false;
  int exit_code = 0;
  bool out_of_memory = false;
  std::string error; ///< Why it did not start, "" when it did.
};

/// What GET /containers/json lists of one service, by task ID. Exit code and the like are not in
/// it.
std::map<std::string, local_container> decode_containers(const boost::json::value& listing);

/// Adds what GET /containers/<id>/json tells about an ended container.
void add_details(local_container& x, const boost::json::value& inspected);

/// The address of each container in GET /networks/docker_gwbridge, by container ID.
std::map<std::string, std::string> decode_addresses(const boost::json::value& network);

/// The service of each address, from GET /containers/json and GET /networks/docker_gwbridge.
std::map<std::string, std::string> services_by_address(const boost::json::value& listing,
                                                       const boost::json::value& network);

/// Merges GET /tasks of one service, of which only those labelled *platform_id* count, with what
/// this node knows. Newest first.
std::vector<task_info> merge_tasks(const boost::json::value& tasks, const std::string& service,
                                   const std::string& platform_id,
                                   const std::map<std::string, local_container>& containers,
                                   const std::map<std::string, std::string>& addresses);

/// A line of GET /events, or none when it is not one that we report.
std::optional<engine_event> decode_event(const boost::json::value& x);

} // namespace backendim::docker
