#include "bin/daemon/app_log_follower.hpp"

#include "protocol/error.hpp"

#include <boost/asio/post.hpp>

#include <atomic>
#include <utility>

namespace backendim::daemon {

namespace asio = boost::asio;

namespace {

constexpr size_t max_followers = 64;
constexpr size_t max_waiting = 1'000; // lines

std::atomic<size_t> followers{0};

} // namespace

struct app_log_follower::shared {
  explicit shared(asio::io_context& io) : news{std::make_shared<wakeup>(io)} { ++followers; }
  ~shared() { --followers; }

  std::shared_ptr<wakeup> news;
  std::mutex mutex;
  std::condition_variable_any room;
  std::vector<std::string> lines;
  bool ended = false;
};

caf::expected<std::shared_ptr<app_log_follower>>
app_log_follower::start(asio::io_context& io, asio::thread_pool& pool,
                        std::shared_ptr<container_engine> engine, std::string service,
                        log_query query, redactor redacted) {
  if (followers >= max_followers)
    return caf::make_error(ec::over_quota, "too many logs are followed at once");
  auto state = std::make_shared<shared>(io);
  std::shared_ptr<app_log_follower> result{new app_log_follower{pool, state}};
  result->thread_ = std::jthread{[state, engine = std::move(engine), service = std::move(service),
                                  query, redacted = std::move(redacted)](std::stop_token stop) {
    (void)engine->service_log(
      service, query,
      [&](std::string_view line) {
        {
          std::unique_lock lock{state->mutex};
          if (!state->room.wait(lock, stop, [&] { return state->lines.size() < max_waiting; }))
            return; // nobody reads any more
          state->lines.push_back(redacted(line));
        }
        state->news->wake();
      },
      stop);
    {
      std::lock_guard lock{state->mutex};
      state->ended = true;
    }
    state->news->wake();
  }};
  return result;
}

app_log_follower::~app_log_follower() {
  thread_.request_stop();
  asio::post(pool_, [thread = std::move(thread_)] {}); // joins: up to 200 ms
}

asio::awaitable<app_log_follower::batch> app_log_follower::next(std::chrono::milliseconds limit) {
  const auto take = [this] {
    std::lock_guard lock{shared_->mutex};
    batch result{std::move(shared_->lines), shared_->ended};
    shared_->lines.clear();
    return result;
  };
  auto result = take();
  if (result.lines.empty() && !result.ended) {
    (void)co_await shared_->news->wait(limit);
    result = take();
  }
  shared_->room.notify_one();
  co_return result;
}

} // namespace backendim::daemon
