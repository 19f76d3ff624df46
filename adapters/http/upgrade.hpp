#pragma once

#include "adapters/http/web_socket.hpp"

#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http/message.hpp>
#include <caf/expected.hpp>

#include <memory>
#include <string>

namespace backendim::http {

/// Whether the request asks for a WebSocket.
bool asks_for_web_socket(const boost::beast::http::request_header<>& head);

/// Answers *head* with 101 and makes a WebSocket of the connection, which outlives it. Fails with
/// unavailable when the client is gone.
boost::asio::awaitable<caf::expected<std::unique_ptr<web_socket>>>
upgrade_connection(boost::beast::tcp_stream& connection,
                   const boost::beast::http::request_header<>& head, const std::string& request_id,
                   web_socket_limits limits);

} // namespace backendim::http
