#include "bin/cli/app_name.hpp"
#include "bin/cli/arguments.hpp"
#include "bin/cli/problem.hpp"
#include "bin/cli/session.hpp"
#include "bin/cli/terminal_mode.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/json.hpp>

#include <unistd.h>

#include <array>
#include <condition_variable>
#include <csignal>
#include <memory>
#include <mutex>
#include <optional>
#include <ostream>
#include <thread>

namespace backendim::cli {

namespace asio = boost::asio;
namespace json = boost::json;
using namespace std::chrono_literals;

namespace {

constexpr auto farewell = 1s; // for the platform to hear that we go

http::web_message text_of(const json::object& x) {
  return {true, json::serialize(x)};
}

/// One session, from its first word to its end. Shared with the thread that reads stdin, which may
/// be blocked there when all is over.
class remote_command : public std::enable_shared_from_this<remote_command> {
public:
  explicit remote_command(session& s) : session_{s} {}

  asio::io_context& io() { return io_; }

  caf::expected<exit_code> run(std::shared_ptr<http::web_socket_client> link,
                               const json::object& wish, bool terminal) {
    link_ = std::move(link);
    link_->start({[this](const http::web_message& x) { hear(x); },
                  [this](const caf::error& why) { ended(why); }});
    link_->send(text_of(wish), {});
    asio::signal_set resized{io_};
    if (terminal) {
      terminal_mode::of_stdin().raw();
      resized.add(SIGWINCH);
      watch_size(resized);
    }
    std::thread{[self = shared_from_this()] { self->read_input(); }}.detach();
    const auto stop = session_.around().signals.catch_next();
    {
      const std::stop_callback interrupted{stop, [this] { asio::post(io_, [this] { leave(); }); }};
      io_.restart();
      io_.run();
    }
    session_.around().signals.catch_none();
    terminal_mode::of_stdin().restore();
    over();
    if (stop.stop_requested())
      return exit_code::interrupted;
    if (problem_)
      return make_problem(std::move(*problem_));
    return static_cast<exit_code>(code_);
  }

private:
  void hear(const http::web_message& x) {
    if (!x.text) {
      auto& to = x.body.front() == 2 ? session_.around().err : session_.around().out;
      to << std::string_view{x.body}.substr(1) << std::flush;
      return;
    }
    json::error_code failed;
    const auto value = json::parse(x.body, failed);
    const auto* said = failed ? nullptr : value.if_object();
    if (!said)
      return;
    if (text_at(*said, "type") == "exit") {
      const auto* code = said->if_contains("code");
      code_ = code && code->is_int64() ? static_cast<int>(code->get_int64() & 0xff) : 1;
      finished_ = true;
    } else if (text_at(*said, "type") == "error") {
      problem_ = object_at(*said, "problem");
      finished_ = true;
    }
  }

  void ended(const caf::error& why) {
    if (!finished_)
      problem_ = json::object{{"code", "unreachable"},
                              {"detail", "the connection broke; the platform ends the command"},
                              {"evidence", json::array{render(why)}},
                              {"exit", static_cast<int>(exit_code::unreachable)}};
    io_.stop();
  }

  void leave() {
    link_->close();
    farewell_.expires_after(farewell);
    farewell_.async_wait([this](boost::system::error_code) { io_.stop(); });
  }

  void watch_size(asio::signal_set& resized) {
    resized.async_wait([this, &resized](boost::system::error_code cancelled, int) {
      if (cancelled)
        return;
      const auto size = size_of_terminal();
      link_->send(text_of({{"type", "resize"}, {"rows", size.rows}, {"columns", size.columns}}),
                  {});
      watch_size(resized);
    });
  }

  /// In a thread of its own: stdin may be a file, a pipe or a terminal.
  void read_input() {
    std::array<char, 16 << 10> piece;
    for (;;) {
      const auto n = ::read(STDIN_FILENO, piece.data(), piece.size());
      std::unique_lock lock{mutex_};
      if (over_)
        return;
      taken_ = false;
      if (n <= 0) {
        asio::post(io_, [self = shared_from_this()] {
          self->link_->send(text_of({{"type", "eof"}}), {});
        });
        return;
      }
      asio::post(
        io_, [self = shared_from_this(),
              bytes = std::string(1, '\0') + std::string{piece.data(), static_cast<size_t>(n)}] {
          self->link_->send({false, bytes}, [self] { self->next_input(); });
        });
      changed_.wait(lock, [this] { return taken_ || over_; });
    }
  }

  void next_input() {
    const std::lock_guard lock{mutex_};
    taken_ = true;
    changed_.notify_one();
  }

  void over() {
    const std::lock_guard lock{mutex_};
    over_ = true;
    changed_.notify_one();
  }

  session& session_;
  asio::io_context io_{1};
  asio::steady_timer farewell_{io_};
  std::shared_ptr<http::web_socket_client> link_;
  bool finished_ = false;
  int code_ = 1;
  std::optional<json::object> problem_;
  std::mutex mutex_;
  std::condition_variable changed_;
  bool taken_ = false; // guarded by mutex_
  bool over_ = false;  // guarded by mutex_
};

} // namespace

caf::expected<exit_code> exec(session& s, const arguments& args) {
  if (s.json())
    return usage_problem("exec passes on what a command writes as it is: it has no --json");
  // What stands before "--" is the task; without "--" all is the command.
  const auto before = args.dashes.value_or(0);
  if (before > 1)
    return usage_problem("before -- there is at most one TASK");
  if (args.operands.size() <= before)
    return usage_problem("exec needs -- COMMAND");
  const auto app = app_or_here(s, args.value("app").value_or(""));
  if (!app)
    return app.error();
  auto door = s.connect();
  if (!door)
    return std::move(door.error());
  const bool terminal = static_cast<bool>(s.around().ask) && !args.has("no-terminal");
  json::object wish;
  wish["command"]
    = json::array(args.operands.begin() + static_cast<std::ptrdiff_t>(before), args.operands.end());
  wish["terminal"] = terminal;
  if (const auto size = size_of_terminal(); terminal && size.rows > 0) {
    wish["rows"] = size.rows;
    wish["columns"] = size.columns;
  }
  const auto command = std::make_shared<remote_command>(s);
  auto target = "/v1/apps/" + http::percent_encode(*app) + "/exec";
  if (before == 1)
    target += "?task=" + http::percent_encode(args.operand(0));
  auto link = door->open_socket(command->io(), target);
  if (!link)
    return link.error();
  return command->run(std::move(*link), wish, terminal);
}

} // namespace backendim::cli
