#include "bin/daemon/equipment.hpp"

#include "actors/accounts.hpp"
#include "adapters/buildah/builder.hpp"
#include "adapters/crypto/identity.hpp"
#include "adapters/crypto/vault.hpp"
#include "adapters/directory/log_store.hpp"
#include "adapters/distribution/registry.hpp"
#include "adapters/dns/domain_inspector.hpp"
#include "adapters/docker/engine.hpp"
#include "adapters/inspect/inspector.hpp"
#include "adapters/proxy/prober.hpp"
#include "adapters/source/fetcher.hpp"
#include "bin/daemon/authenticator.hpp"
#include "bin/daemon/blobs.hpp"
#include "bin/daemon/outer_edge.hpp"
#include "bin/daemon/restore.hpp"
#include "bin/daemon/starter.hpp"
#include "protocol/event_codec.hpp"
#include "protocol/paths.hpp"
#include "protocol/types.hpp"
#include "protocol/ulid.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

namespace backendim::daemon {

namespace {

/// What the journal says of a deployment: whose it is, and whether it goes on. In doubt it does.
struct kept_work {
  std::string tenant; ///< Empty: nobody knows.
  bool goes_on = true;
};

kept_work look_up(journal& events, const std::string& work) {
  constexpr uint32_t more_than_there_are = 1'000;
  const auto id = id_of_work(work);
  kept_work result{tenant_of_work(work), true};
  // Releases before named no tenant, neither here nor in the stream.
  const auto stream = result.tenant.empty() ? prefix_of(path_kind::deployment) + id
                                            : deployment_path(result.tenant, id).text;
  const auto all = events.read(stream, 1, more_than_there_are);
  if (!all)
    return result;
  for (const auto& x : *all)
    if (x.event.type == type_name<deployment_ended>)
      result.goes_on = false;
    else if (x.event.type == type_name<deployment_created>)
      if (const auto made = from_kept_text<deployment_created>(x.event.body))
        result.tenant = made->tenant;
  result.goes_on = result.goes_on && !all->empty();
  return result;
}

/// Removes the sources of deployments that ended while no daemon ran.
void sweep_sources(const std::filesystem::path& builds, journal& events) {
  std::error_code failed;
  std::vector<std::filesystem::path> found;
  for (std::filesystem::directory_iterator i{builds, failed}, end; !failed && i != end;
       i.increment(failed))
    found.push_back(i->path());
  for (const auto& folder : found) {
    const auto known = look_up(events, folder.filename());
    if (!known.goes_on)
      std::filesystem::remove_all(folder, failed);
    else if (tenant_of_work(folder.filename().string()).empty() && !known.tenant.empty())
      std::filesystem::rename(folder, builds / work_name(known.tenant, folder.filename().string()),
                              failed);
  }
}

/// Whether there is a source of the deployment: it is kept until its image is in the registry.
bool has_source(const std::filesystem::path& builds, const std::string& id) {
  std::error_code failed;
  for (std::filesystem::directory_iterator i{builds, failed}, end; !failed && i != end;
       i.increment(failed))
    if (id_of_work(i->path().filename().string()) == id)
      return true;
  return false;
}

buildah::builder_options builder_options_of(const config& x, const equipment& gear) {
  buildah::builder_options result;
  result.platform = gear.platform_id;
  result.state = gear.state.path();
  result.wanted = [builds = gear.state.path() / "builds"](const std::string& id) {
    return has_source(builds, id);
  };
  result.gate = gear.gate;
  result.user = x.builder.user;
  result.registry = x.registry;
  result.base_images = x.builder.base_images;
  result.hub = x.builder.hub;
  result.caps = {x.builder.cpus, x.builder.memory_mb, x.builder.pids};
  const auto& around = x.builder.sources;
  result.around = {around.ca_bundle,      around.http_proxy,    around.https_proxy, around.no_proxy,
                   around.npm_registry,   around.pip_index_url, around.goproxy,     around.gosumdb,
                   around.cargo_registry, around.maven_mirror};
  result.closed = x.builder.closed;
  result.open = x.builder.open;
  result.front_doors = public_ports(x);
  return result;
}

/// Makes the engine a swarm's manager. One that does not answer may be starting as we are, after a
/// power cut for instance: it gets half a minute.
caf::expected<caf::unit_t> await_swarm(const docker::engine_config& docker) {
  using clock = std::chrono::steady_clock;
  constexpr auto patience = std::chrono::seconds{30};
  constexpr auto pause = std::chrono::milliseconds{100};
  const auto end = clock::now() + patience;
  for (bool told = false;; told = true) {
    auto swarm = docker::ensure_swarm(docker, {});
    if (swarm || swarm.error() != ec::unavailable || clock::now() > end)
      return swarm;
    if (!told)
      spdlog::info("waiting for Docker: {}", failure_of(swarm.error()).message);
    std::this_thread::sleep_for(pause); // there may be no socket yet whose event could be awaited
  }
}

/// Takes what *made* holds, or keeps its error and says no.
template <class T>
bool take(caf::expected<T> made, T& to, caf::error& why) {
  if (made)
    to = std::move(*made);
  else
    why = std::move(made.error());
  return !why;
}

} // namespace

caf::expected<std::unique_ptr<equipment>> equip(const config& x, listening_sockets& sockets) {
  auto state = state_folder::open(x.state);
  if (!state)
    return std::move(state.error());
  auto result = std::make_unique<equipment>(equipment{
    std::move(*state), {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}});
  result->gate = std::make_shared<push_gate>();
  const auto& folder = result->state.path();
  if (auto finished = finish_restore(x, folder); !finished)
    return finished.error();
  caf::error why;
  if (!take(crypto::open_identity(folder / "key"), result->proof, why)
      || !take(crypto::open_vault(folder / "master-keys"), result->keys, why)
      || !take(
        result->state.secret("platform-id",
                             [&] { return x.platform_id.empty() ? make_ulid() : x.platform_id; }),
        result->platform_id, why)
      || !take(result->state.secret(
                 "admin.token",
                 [&] {
                   return api_token{own_token_id(), result->proof->random_token(24)}.text();
                 }),
               result->admin_token, why))
    return why;
  docker::engine_config docker;
  docker.socket = x.docker_socket;
  docker.platform_id = result->platform_id;
  docker.encryption = x.network_encryption;
  docker.starter = folder / "start";
  if (why = install_starter(docker.starter); why)
    return why;
  result->engine = docker::connect(docker);
  // Apps answer again before anything else is opened: a journal may take longer.
  if (auto opened = open_edges(x, *result, sockets); !opened)
    return opened.error();
  if (!take(journal_store{x, folder, {}}.open(), result->events, why)
      || !take(open_blobs(x.blobs, folder / "blobs"), result->blobs, why)
      || !take(directory::open_log_store(folder / "logs"), result->logs, why))
    return why;
  sweep_sources(folder / "builds", *result->events);
  if (!take(buildah::make_builder(builder_options_of(x, *result)), result->builder, why))
    return why;
  if (auto swarm = await_swarm(docker); !swarm)
    return swarm.error();
  if (!take(result->engine->info(), result->node, why))
    return why;
  if (result->node.encryption != "on")
    spdlog::warn("tenants' networks are not encrypted why=\"{}\"", result->node.encryption);
  for (const auto& warning : result->node.warnings)
    spdlog::warn("docker: {}", warning);
  distribution::registry_config images;
  images.address = x.registry;
  images.remove_layers = x.disk.registry_gc;
  result->images = distribution::open_registry(std::move(images));
  source::fetcher_options fetching;
  fetching.local_repositories = x.local_repositories;
  result->fetcher = source::make_fetcher(fetching);
  inspection::options known;
  known.hub = x.builder.hub;
  result->inspector = inspection::make_inspector(known);
  result->probes = proxy::make_prober();
  dns::inspector_options seen;
  seen.server = x.domains.resolver;
  const auto ports = public_ports(x); // the first one is without TLS
  if (x.domains.http_port != 0)
    seen.http_port = x.domains.http_port;
  else if (!ports.empty())
    seen.http_port = ports.front();
  seen.mark = [keys = result->keys](std::string_view text) { return keys->mark(text); };
  seen.nonce = [proof = result->proof] { return proof->random_token(18); };
  result->domains = dns::make_inspector(std::move(seen));
  return result;
}

} // namespace backendim::daemon
