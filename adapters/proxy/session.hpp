#pragma once

#include "adapters/proxy/page.hpp"
#include "adapters/proxy/worker.hpp"

#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <optional>
#include <string>

namespace backendim::proxy {

/// One client connection: its requests, one after the other. Never waits; each event lets it run
/// until nothing more can be done at once. The request's and the response's bytes move
/// independently, each through one block, which is read into only after it was written out: the
/// slower side slows the faster one.
class session final : public link_owner, public deadline {
public:
  session(worker& home, link_ptr client, const boost::asio::ip::address& address);
  ~session();

  void start();
  void stop(); ///< Ends it if it is between two requests, else behind this one.

  void ready(link& from) override;
  void expired(wait_kind kind) override;
  void still_waiting() override;

private:
  enum class state : uint8_t {
    greeting,   ///< In TLS, before all else.
    reading,    ///< Between requests or in a request's head.
    connecting, ///< To an upstream.
    exchanging,
    answering, ///< With a page of ours.
    tunneling,
    lingering, ///< Closed by us; waits for the client, lest a reset destroys our last bytes.
    ended,
  };
  /// One direction of a tunnel.
  struct one_way {
    bool ended = false; ///< Its source has closed.
    bool shut = false;  ///< And all was passed on.
  };

  static constexpr auto unlimited = std::numeric_limits<uint64_t>::max();

  void run();
  bool step(); ///< Whether another one may be possible now.

  bool greet();
  bool read_head();
  bool begin(size_t size);
  bool choose();
  bool choose(const route* found);
  upstream_ptr pick(const route& from);
  bool refused_by(const rules& asked);
  bool asks_for_proof() const;
  bool prove_route();
  bool belongs_to_https() const;
  void connected();
  void upstream_failed();
  void send_request();
  bool feed_request();

  bool exchange();
  void pump_request();
  bool pump_response();
  bool take_response_head();
  void feed_response();
  bool response_ended(link::outcome how);
  bool finish();

  bool refuse(const page& what);
  bool fail(unsigned status);
  bool cut();
  bool write_page();
  bool next_request();
  bool linger();
  void begin_linger();

  bool tunnel();
  void copy(link& from, block& through, outbox& box, link& to, one_way& way);

  void arm(wait_kind kind);
  void arm_exchange();
  bool client_takes_some();
  void forget_request();
  void drop_server();
  void end() { state_ = state::ended; }
  void leave();
  void drop_if_ended();

  worker& home_;
  link_ptr client_;
  std::string address_;
  bool trusted_; ///< A proxy of ours.
  std::unique_ptr<scratch> scratch_;
  server_link_ptr server_;
  flight flight_;
  counted_request counted_; ///< While its host has a canary.
  head_scan scan_;
  body_reader request_body_;
  body_reader response_body_;
  state state_ = state::reading;
  one_way up_;
  one_way down_;
  size_t lingered_ = 0;
  size_t in_transit_ = 0; ///< To the client, when the deadline for it to take more was set.
  unsigned client_minor_ = 1;
  unsigned budget_ = 0; ///< Blocks to move before others have their turn.

  // Of this request:
  std::string request_id_;
  std::optional<side> side_; ///< Where it goes while its host has a canary; none: not dealt yet.
  bool json_ = false;
  bool head_only_ = false;
  bool keep_ = false;    ///< The client means to send another one.
  bool upgrade_ = false; ///< It offers one.
  bool repeatable_ = false;
  bool fresh_only_ = false; ///< A kept connection had died.
  bool late_ = false;       ///< The last upstream tried did not answer in time.
  bool request_sent_ = false;
  bool request_broken_ = false; ///< The upstream takes no more of it.
  bool any_byte_ = false;       ///< Of the upstream.
  bool have_head_ = false;      ///< Of the final response.
  bool response_begun_ = false; ///< Towards the client.
  bool chunk_out_ = false;
  bool close_after_ = false;       ///< This response ends with the connection.
  bool moved_ = false;             ///< Bytes moved since the deadline was set.
  bool watching_ = false;          ///< For a client that goes away.
  uint64_t body_left_ = unlimited; ///< What its body may still have.
  wait_kind armed_ = wait_kind::kinds;
};

} // namespace backendim::proxy
