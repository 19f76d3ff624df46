#include "adapters/docker/api.hpp"
#include "adapters/docker/engine.hpp"
#include "adapters/docker/fields.hpp"

namespace backendim::docker {

namespace {

namespace json = boost::json;

constexpr int subnet_size = 24; // of networks that name no subnet

} // namespace

caf::expected<caf::unit_t> ensure_swarm(const engine_config& engine, const swarm_config& swarm) {
  api docker{engine};
  auto info = docker.get("/info");
  if (!info)
    return std::move(info.error());
  if (!info->ok())
    return refusal(*info, "info");
  const auto state = text(info->body, "/Swarm/LocalNodeState");
  if (state == "active" && flag(info->body, "/Swarm/ControlAvailable"))
    return caf::unit;
  if (state == "active")
    return engine_error(ec::conflict, "Docker on this machine is a worker of a swarm.",
                        "Run the platform on a manager, or take this machine out of its swarm "
                        "with `docker swarm leave`.");
  if (state == "pending") // for some seconds after the engine's start
    return engine_error(ec::unavailable, "Docker's swarm on this machine is starting.",
                        "Wait a moment; if it stays so, look into Docker's log.");
  if (state == "locked")
    return engine_error(ec::conflict, "Docker's swarm on this machine is locked.",
                        "Unlock it with `docker swarm unlock`.");
  auto made = docker.post(
    "/swarm/init",
    json::object{
      {"ListenAddr", swarm.advertise + ":2377"},
      {"AdvertiseAddr", swarm.advertise},
      {"DefaultAddrPool", json::array{json::value(swarm.address_pool)}},
      {"SubnetSize", subnet_size},
      {"Spec", {{"Orchestration", {{"TaskHistoryRetentionLimit", swarm.task_history}}}}},
    });
  if (!made)
    return std::move(made.error());
  if (made->ok() || made->message.find("already part of a swarm") != std::string::npos)
    return caf::unit;
  if (made->message.find("live-restore") != std::string::npos)
    return engine_error(ec::conflict, "Docker's live-restore setting excludes Swarm.",
                        "Take \"live-restore\" out of /etc/docker/daemon.json and restart Docker.",
                        {made->message});
  return engine_error(ec::conflict, "Docker refuses to begin a swarm.",
                      "Try `docker swarm init --advertise-addr " + swarm.advertise
                        + "` and mend what it complains of.",
                      {made->message});
}

} // namespace backendim::docker
