#pragma once

#include "actors/redactor.hpp"
#include "adapters/container_engine.hpp"
#include "bin/daemon/sse.hpp"

#include <boost/asio/thread_pool.hpp>
#include <caf/expected.hpp>

#include <condition_variable>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace backendim::daemon {

/// Reads a service's output, which blocks, in a thread of its own. A slow reader slows the thread
/// down and nobody else. Destroying it ends the thread, which *pool* waits for.
class app_log_follower {
public:
  struct batch {
    std::vector<std::string> lines; ///< None: nothing came for a while.
    bool ended = false;
  };

  /// What *redacted* knows is in no line. Fails with over_quota when too many logs are followed
  /// already.
  static caf::expected<std::shared_ptr<app_log_follower>>
  start(boost::asio::io_context& io, boost::asio::thread_pool& pool,
        std::shared_ptr<container_engine> engine, std::string service, log_query query,
        redactor redacted);
  ~app_log_follower();

  boost::asio::awaitable<batch> next(std::chrono::milliseconds limit);

private:
  struct shared;
  app_log_follower(boost::asio::thread_pool& pool, std::shared_ptr<shared> state)
    : pool_{pool}, shared_{std::move(state)} {}

  boost::asio::thread_pool& pool_;
  std::shared_ptr<shared> shared_;
  std::jthread thread_;
};

} // namespace backendim::daemon
