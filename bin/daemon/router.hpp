#pragma once

#include "adapters/blob_store.hpp"
#include "adapters/container_engine.hpp"
#include "adapters/http/server.hpp"
#include "adapters/log_store.hpp"
#include "adapters/traefik/front_door.hpp"
#include "adapters/vault.hpp"
#include "bin/daemon/authenticator.hpp"
#include "bin/daemon/door.hpp"
#include "bin/daemon/journal_store.hpp"
#include "bin/daemon/metrics.hpp"

#include <boost/asio/thread_pool.hpp>
#include <boost/json/value.hpp>

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace backendim::daemon {

/// What routes work with. All of it outlives the router.
struct service_parts {
  boost::asio::io_context& io;
  boost::asio::thread_pool& pool; ///< For calls that block.
  door& actors;
  authenticator& callers;
  journal_actor journal;
  std::shared_ptr<blob_store> blobs;
  std::shared_ptr<log_store> logs;
  std::shared_ptr<container_engine> engine;
  metrics& counters;
  std::function<std::string()>
    not_ready;                 ///< What is missing before work can be taken; "": nothing.
  uint64_t upload_limit = 0;   ///< Bytes of one blob.
  journal_store events;        ///< For looks that take long: each opens a journal of its own.
  std::filesystem::path state; ///< The state folder.
  std::shared_ptr<vault> keys;
  std::string node;                           ///< The name of this machine.
  std::shared_ptr<traefik::front_door> outer; ///< Null: no Traefik.
  std::chrono::milliseconds exec_idle{0};     ///< Of a session in which nothing happens.
  int long_looks = 0;                         ///< Under way.
  std::map<std::string, size_t> sessions{};   ///< Of exec, by app.
};

/// One request with what its route found in it.
struct call {
  service_parts& parts;
  http::exchange& client;
  principal who;                            ///< Empty on open routes.
  std::map<std::string, std::string> path;  ///< Values of the pattern's parts, decoded.
  std::map<std::string, std::string> query; ///< Decoded; of a repeated key the last.

  /// Whose thing is asked for: the caller's own tenant, unless *tenant* of the query names another,
  /// which only whoever may operate has a use for.
  const std::string& tenant() const;
  /// The caller's Idempotency-Key, else the request's id.
  std::string command_id() const;
  /// The body as a JSON object; an empty body is an empty object.
  boost::asio::awaitable<caf::expected<boost::json::object>> json_body() const;
  /// 0 to *max*; fails with invalid_request when the query has something else there.
  caf::expected<uint64_t> number(const std::string& key, uint64_t otherwise, uint64_t max) const;
  boost::asio::awaitable<void> answer(unsigned status, const boost::json::value& body,
                                      std::vector<http::header> headers = {}) const;
};

/// Answers, or returns why it cannot.
using route_handler = boost::asio::awaitable<caf::error> (*)(call&);

struct route {
  std::string_view method;
  std::string_view pattern;           ///< {x} takes one part of the path, {x...} all that are left.
  std::string_view ends_in;           ///< The message and where it goes, for the docs.
  std::string_view answer;            ///< For the docs.
  bool open = false;                  ///< Needs no token.
  std::vector<std::string_view> keys; ///< Of the query.
  route_handler run = nullptr;
  /// What every caller must hold. A route that ends in a message asks for no less than that does.
  permission needs = permission::read;
};

/// Every route there is, in the order of docs/rest.md.
const std::vector<route>& routes();

/// The table of docs/rest.md.
std::string routes_markdown();

/// Finds the route, asks who is calling, runs it; every error becomes a problem.
class router {
public:
  explicit router(service_parts parts) : parts_{std::move(parts)} {}

  boost::asio::awaitable<void> serve(http::exchange& client);

private:
  boost::asio::awaitable<caf::error> serve_route(http::exchange& client, const route*& found);

  service_parts parts_;
};

} // namespace backendim::daemon
