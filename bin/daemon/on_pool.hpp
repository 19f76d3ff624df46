#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <optional>
#include <type_traits>
#include <utility>

namespace backendim::daemon {

/// Runs *work*, which may block, in a thread of *pool*; the coroutine goes on in its own thread.
template <class Work>
boost::asio::awaitable<std::invoke_result_t<Work>> on_pool(boost::asio::thread_pool& pool,
                                                           Work work) {
  using result = std::optional<std::invoke_result_t<Work>>; // Asio wants a default constructor
  // A lambda coroutine with its work as parameter: captures would die with the lambda.
  auto task = [](Work inner) -> boost::asio::awaitable<result> {
    co_return result{inner()};
  }(std::move(work));
  auto done = co_await boost::asio::co_spawn(pool, std::move(task), boost::asio::use_awaitable);
  co_return std::move(*done);
}

} // namespace backendim::daemon
