#pragma once

#include "adapters/proxy/certificate_set.hpp"
#include "adapters/proxy/deadlines.hpp"
#include "adapters/proxy/edge.hpp"
#include "adapters/proxy/head.hpp"
#include "adapters/proxy/link.hpp"
#include "adapters/proxy/routes.hpp"

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

namespace backendim::proxy {

class session;
class worker;

/// A connection to an upstream. While no request uses it, it waits in its worker's pool.
class server_link final : public link, public link_owner, public deadline {
public:
  server_link(worker& home, upstream_ptr to);

  void ready(link&) override;       ///< Only while pooled: the peer closed it, or sends rubbish.
  void expired(wait_kind) override; ///< Likewise.

  const upstream_ptr& to() const { return to_; }
  bool reused = false;

private:
  worker& home_;
  upstream_ptr to_;
};
using server_link_ptr = boost::intrusive_ptr<server_link>;

/// What a client connection needs only while it has a request; recycled.
struct scratch {
  explicit scratch(size_t header_limit);

  block in;  ///< From the client.
  block out; ///< From the upstream.
  request_head request;
  response_head response;
  std::string request_text;
  std::string response_text;
  std::string host; ///< The key into the table.
  body_pieces pieces;
  outbox up;
  outbox down;
  std::vector<upstream_ptr> tried;
};

/// Written by one worker, read by anybody.
struct worker_counters {
  std::atomic<uint64_t> requests{0};
  std::atomic<uint64_t> errors_502{0};
  std::atomic<uint64_t> errors_503{0};
  std::atomic<uint64_t> errors_504{0};
  std::atomic<uint64_t> refused{0};
  std::atomic<uint64_t> handshakes{0};
  std::atomic<uint64_t> failed_handshakes{0};
};

/// One thread's part of the edge. All members are used by that thread only, except
/// loop.post and the counters.
class worker {
public:
  worker(const edge_config& config, upstream_registry& registry,
         std::atomic<uint64_t>& open_connections);
  ~worker();

  void run(); ///< Until finish() or cut() have closed the last client.

  /// *secure*: with TLS; there are certificates then.
  void adopt(int descriptor, const boost::asio::ip::address& client, bool secure);
  void use(std::shared_ptr<const routes> table);
  void use(certificate_set_ptr fresh) { certificates = std::move(fresh); }
  void finish(); ///< No request begins from now on, except those whose bytes are here.
  void cut();    ///< Ends everything.

  std::unique_ptr<scratch> take_scratch();
  void give_scratch(std::unique_ptr<scratch> x);

  /// An idle connection; *careful*: only one that was in use a moment ago and is surely open.
  server_link_ptr take_pooled(const upstream_ptr& to, bool careful);
  void pool(server_link_ptr x);
  void drop_pooled(server_link& x);

  void drop(session& x); ///< Destroys it.
  void make_request_id(std::string& out);

  event_loop loop;
  const edge_config& config;
  upstream_registry& registry;
  deadlines clock;
  std::shared_ptr<const routes> table = std::make_shared<routes>();
  certificate_set_ptr certificates; ///< Null: no TLS.
  bool redirects = false;           ///< Plain requests go where the certificates are, which is
  std::string secure_suffix;        ///< at this port, like ":8443".
  worker_counters counters;
  bool stopping = false;

private:
  void end_if_empty();

  std::atomic<uint64_t>& open_connections_;
  std::unordered_map<session*, std::unique_ptr<session>> sessions_;
  std::unordered_map<const upstream*, std::vector<server_link_ptr>> pool_;
  std::vector<std::unique_ptr<scratch>> spare_;
  uint64_t id_state_[2];
};

} // namespace backendim::proxy
