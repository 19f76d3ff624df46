#include "bin/daemon/running_command.hpp"

#include "protocol/error.hpp"

#include <boost/asio/post.hpp>

#include <utility>

namespace backendim::daemon {

namespace asio = boost::asio;
using namespace std::chrono_literals;

namespace {

constexpr size_t max_waiting = 256 << 10; // bytes of output
constexpr auto look_again = 60s;          // a wait without a limit is a series of these

int64_t now_ms() {
  return std::chrono::duration_cast<std::chrono::milliseconds>(
           std::chrono::steady_clock::now().time_since_epoch())
    .count();
}

} // namespace

struct running_command::shared {
  shared(asio::io_context& io, std::shared_ptr<exec_session> x)
    : session{std::move(x)}, news{std::make_shared<wakeup>(io)}, taken{
                                                                   std::make_shared<wakeup>(io)} {}

  const std::shared_ptr<exec_session> session;
  const std::shared_ptr<wakeup> news;
  const std::shared_ptr<wakeup> taken;
  std::atomic<bool> input_taken{true};
  std::atomic<int64_t> used{now_ms()};
  std::mutex mutex;
  std::condition_variable_any room;
  std::vector<piece> output;                   // guarded by mutex
  size_t waiting = 0;                          // guarded by mutex
  std::optional<caf::expected<int>> exit_code; // guarded by mutex

  void add(output_stream from, std::string_view bytes, const std::stop_token& stop) {
    used = now_ms();
    {
      std::unique_lock lock{mutex};
      if (!room.wait(lock, stop, [&] { return waiting < max_waiting; }))
        return; // nobody reads any more
      waiting += bytes.size();
      if (output.empty() || output.back().from != from)
        output.push_back({from, std::string{bytes}});
      else
        output.back().bytes += bytes;
    }
    news->wake();
  }
};

running_command::running_command(asio::io_context& io, asio::thread_pool& pool,
                                 std::shared_ptr<exec_session> session)
  : pool_{pool}, shared_{std::make_shared<shared>(io, std::move(session))},
    thread_{[state = shared_](const std::stop_token& stop) {
      auto code = state->session->run(
        [&](output_stream from, std::string_view bytes) { state->add(from, bytes, stop); }, stop);
      {
        std::lock_guard lock{state->mutex};
        state->exit_code = std::move(code);
      }
      state->news->wake();
    }} {}

running_command::~running_command() {
  thread_.request_stop();
  asio::post(pool_, [thread = std::move(thread_)] {}); // joins: up to some seconds
}

std::vector<running_command::piece> running_command::take_output() {
  std::vector<piece> result;
  {
    std::lock_guard lock{shared_->mutex};
    result.swap(shared_->output);
    shared_->waiting = 0;
  }
  shared_->room.notify_one();
  return result;
}

std::optional<caf::expected<int>> running_command::end() const {
  std::lock_guard lock{shared_->mutex};
  if (!shared_->output.empty())
    return std::nullopt;
  return shared_->exit_code;
}

asio::awaitable<bool> running_command::wait(std::chrono::milliseconds limit) {
  return shared_->news->wait(limit);
}

void running_command::wake() {
  shared_->news->wake();
}

asio::awaitable<void> running_command::write(std::string bytes) {
  shared_->used = now_ms();
  shared_->input_taken = false;
  shared_->session->write(std::move(bytes), [state = shared_] {
    state->input_taken = true;
    state->taken->wake();
  });
  while (!shared_->input_taken)
    (void)co_await shared_->taken->wait(look_again);
}

void running_command::end_input() {
  shared_->session->end_input();
}

void running_command::resize(terminal_size x) {
  shared_->used = now_ms();
  shared_->session->resize(x);
}

void running_command::stop() {
  thread_.request_stop();
}

std::chrono::milliseconds running_command::idle() const {
  return std::chrono::milliseconds{now_ms() - shared_->used};
}

} // namespace backendim::daemon
