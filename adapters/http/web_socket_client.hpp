#pragma once

#include "adapters/http/client.hpp"
#include "adapters/http/web_socket.hpp"

#include <boost/asio/io_context.hpp>
#include <caf/expected.hpp>

#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace backendim::http {

/// The client's end of a WebSocket over http or https. All of it happens in the thread that runs
/// its io_context.
class web_socket_client {
public:
  struct listener {
    std::function<void(web_message)> on_message;
    /// Once: no more will come. None when the other side closed it as it should.
    std::function<void(const caf::error& why)> on_end;
  };

  virtual ~web_socket_client() = default;

  /// Begins to listen. Call once.
  virtual void start(listener x) = 0;

  /// Sends what is given, in order. *sent* is called when it is gone; may be empty.
  virtual void send(web_message x, std::function<void()> sent) = 0;

  virtual void close() = 0;

  /// Connects to *target* below config.url with *headers*, within config.connect_timeout for each
  /// step. Runs *io* meanwhile. An answer that is not 101 is in *refused*, and the error
  /// unavailable. Fails with invalid_request (the URL), unavailable, timed_out.
  static caf::expected<std::shared_ptr<web_socket_client>>
  connect(boost::asio::io_context& io, const client_config& config, const std::string& target,
          const std::vector<header>& headers, response& refused);
};

} // namespace backendim::http
