#pragma once

#include "bin/daemon/config.hpp"
#include "bin/daemon/listening_sockets.hpp"

#include <boost/asio/io_context.hpp>
#include <caf/expected.hpp>

#include <memory>
#include <string>

namespace backendim::daemon {

/// All of backendimd: the adapters, the actors that work with them, and the API in front.
class platform {
public:
  /// Opens everything and begins to serve; the API itself lives in *io*, which the caller runs in
  /// one thread. Blocks, for some seconds at the most. Fails with what cannot be had: the state
  /// folder, Docker, a port, the build user.
  static caf::expected<std::unique_ptr<platform>>
  start(const config& settings, boost::asio::io_context& io, listening_sockets& sockets);

  /// Ends as ~platform does, and then calls *done* in io's thread.
  void stop(std::function<void()> done);

  /// Finishes what clients are waiting for (at most 10 s), then ends every actor. What was under
  /// way is carried on at the next start. Blocks.
  ~platform();

  platform(const platform&) = delete;
  platform& operator=(const platform&) = delete;

  std::string api_address() const; ///< "127.0.0.1:7780"
  std::string edge_address() const;

private:
  struct impl;
  explicit platform(std::unique_ptr<impl> x);
  std::unique_ptr<impl> impl_;
};

} // namespace backendim::daemon
