#include "bin/daemon/platform.hpp"

#include "bin/daemon/actor_world.hpp"
#include "bin/daemon/equipment.hpp"
#include "bin/daemon/problem.hpp"
#include "bin/daemon/router.hpp"
#include "protocol/types.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>

#include <spdlog/spdlog.h>
#include <unistd.h>

#include <fstream>
#include <optional>
#include <utility>

namespace backendim::daemon {

namespace asio = boost::asio;
using namespace std::chrono_literals;

namespace {

constexpr auto patience = 10s; // for clients, when the daemon stops
constexpr size_t pool_threads = 4;
constexpr auto first_tenant = "main";

double resident_bytes() {
  std::ifstream in{"/proc/self/statm"};
  double total = 0, resident = 0;
  in >> total >> resident;
  return resident * static_cast<double>(::sysconf(_SC_PAGESIZE));
}

} // namespace

struct platform::impl {
  impl(config x, std::unique_ptr<equipment> things, asio::io_context& context)
    : settings{std::move(x)}, gear{std::move(things)}, io{context} {}

  caf::expected<caf::unit_t> open_api(listening_sockets& sockets);
  asio::awaitable<void> admit_admin();

  config settings;
  std::unique_ptr<equipment> gear;
  asio::io_context& io;
  std::optional<actor_world> world;
  asio::thread_pool pool{pool_threads};

  metrics counters;
  std::string missing = "the first token is not kept yet"; ///< Why work is not taken.
  std::unique_ptr<actor_bridge> bridge;
  std::unique_ptr<actor_lookup> lookup;
  std::unique_ptr<door> actors;
  std::unique_ptr<authenticator> callers;
  std::unique_ptr<router> routes;
  std::unique_ptr<http::server> server;
};

caf::expected<caf::unit_t> platform::impl::open_api(listening_sockets& sockets) {
  bridge = std::make_unique<actor_bridge>(world->system(), io);
  lookup = std::make_unique<actor_lookup>(*bridge, world->ingress());
  actors = std::make_unique<door>(*lookup);
  callers = std::make_unique<authenticator>(gear->proof, *lookup, pool);
  counters.gauge("backendim_resident_bytes", "Memory of backendimd", resident_bytes);
  counters.gauge("backendim_incidents_open", "Parts of the platform that do not work",
                 [this] { return static_cast<double>(world->open_incidents()); });
  counters.gauge("backendim_disk_free_bytes", "Free on the disk of ours that has least",
                 [this] { return static_cast<double>(world->disks().free_bytes); });
  counters.gauge("backendim_disk_freed_bytes", "Removed as garbage since the start",
                 [this] { return static_cast<double>(world->disks().freed_bytes); });
  counters.gauge("backendim_api_connections", "Open connections to the API",
                 [this] { return static_cast<double>(server->connections()); });
  const auto of_edge = [this](uint64_t proxy::edge_counters::*which) {
    return [this, which] { return static_cast<double>(gear->front->counters().*which); };
  };
  using counted = proxy::edge_counters;
  counters.gauge("backendim_edge_connections", "Open connections of clients to the front door",
                 of_edge(&counted::open_connections));
  counters.gauge("backendim_edge_requests", "Requests the front door has answered",
                 of_edge(&counted::requests));
  counters.gauge("backendim_edge_no_upstream", "Requests for a host of which nothing serves",
                 of_edge(&counted::errors_503));
  counters.gauge("backendim_edge_bad_upstream", "Requests that no task could be reached for",
                 of_edge(&counted::errors_502));
  counters.gauge("backendim_edge_refused", "Requests that an app's own rules refused",
                 of_edge(&counted::refused));
  counters.gauge("backendim_edge_silent_upstream", "Requests that a task did not answer in time",
                 of_edge(&counted::errors_504));
  if (gear->front->tls_port() != 0) {
    counters.gauge("backendim_edge_handshakes", "TLS handshakes of clients that succeeded",
                   of_edge(&counted::handshakes));
    counters.gauge("backendim_edge_failed_handshakes", "TLS handshakes of clients that did not",
                   of_edge(&counted::failed_handshakes));
    counters.gauge("backendim_edge_certificate_end",
                   "When the first of the certificates in use expires, in seconds since 1970",
                   [this] {
                     return std::chrono::duration<double>{
                       gear->front->first_certificate_end().time_since_epoch()}
                       .count();
                   });
  }
  service_parts parts{io,
                      pool,
                      *actors,
                      *callers,
                      world->journal(),
                      gear->blobs,
                      gear->logs,
                      gear->engine,
                      counters,
                      [this] { return missing; },
                      uint64_t{settings.upload_limit_mb} << 20,
                      journal_store{settings, gear->state.path(), {}},
                      gear->state.path(),
                      gear->keys,
                      gear->node.node,
                      gear->outer,
                      settings.exec_idle};
  routes = std::make_unique<router>(std::move(parts));
  const auto listen = parse_endpoint(settings.listen, "/listen");
  http::server_config web;
  web.address = listen->address;
  web.port = listen->port;
  const auto socket = sockets.at(*listen);
  if (!socket)
    return socket.error();
  web.descriptor = *socket;
  web.refuse = problem;
  server = std::make_unique<http::server>(
    io, web, [this](http::exchange& client) { return routes->serve(client); });
  return server->listen();
}

asio::awaitable<void> platform::impl::admit_admin() {
  const principal owner{"admin", first_tenant, permission::operate};
  const auto admitted = co_await callers->admit_own(owner, api_token::parse(gear->admin_token));
  if (admitted) {
    missing.clear();
    const auto& tls = settings.edge_tls.listen;
    spdlog::info("ready: API at {}, apps at {}{}", settings.listen, settings.edge,
                 tls.empty() ? "" : ", by HTTPS at " + tls);
  } else {
    missing = "the first token cannot be kept: " + render(admitted.error());
    spdlog::error("{}", missing);
  }
}

caf::expected<std::unique_ptr<platform>>
platform::start(const config& settings, asio::io_context& io, listening_sockets& sockets) {
  auto gear = equip(settings, sockets);
  if (!gear)
    return std::move(gear.error());
  std::unique_ptr<platform> result{
    new platform{std::make_unique<impl>(settings, std::move(*gear), io)}};
  auto& x = *result->impl_;
  x.world.emplace(x.settings, *x.gear);
  if (auto open = x.open_api(sockets); !open)
    return open.error();
  asio::co_spawn(io, x.admit_admin(), asio::detached);
  return result;
}

platform::platform(std::unique_ptr<impl> x) : impl_{std::move(x)} {}

void platform::stop(std::function<void()> done) {
  asio::co_spawn(
    impl_->io,
    [](impl& x, std::function<void()> then) -> asio::awaitable<void> {
      co_await x.server->stop(patience);
      then();
    }(*impl_, std::move(done)),
    asio::detached);
}

platform::~platform() {
  auto& x = *impl_;
  x.server.reset();
  if (x.gear->outer)
    x.gear->outer->stop();
  x.gear->front->stop(patience);
  x.routes.reset();
  x.callers.reset();
  x.actors.reset();
  x.lookup.reset();
  x.bridge.reset();
  x.pool.join();
  x.world.reset();
}

std::string platform::api_address() const {
  return impl_->settings.listen;
}

std::string platform::edge_address() const {
  return impl_->settings.edge;
}

} // namespace backendim::daemon
