#include "adapters/docker/exec.hpp"

#include "adapters/docker/api.hpp"
#include "adapters/docker/fields.hpp"
#include "adapters/docker/service.hpp"
#include "adapters/docker/session_end.hpp"
#include "adapters/docker/stream_frames.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/string_body.hpp>

#include <spdlog/spdlog.h>

#include <array>
#include <deque>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>

namespace backendim::docker {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace bhttp = boost::beast::http;
namespace json = boost::json;
using boost::system::error_code;
using namespace std::chrono_literals;

namespace {

constexpr auto end_grace = 2'000ms;
constexpr auto exit_code_limit = 5s; // the engine notes it a moment behind the last byte
constexpr auto look_pause = 20ms;
constexpr int size_attempts = 50;
constexpr const char* end_of_transmission = "\x04";

/// One hijacked connection: behind the head of the answer it belongs to the command, in both
/// directions. It lives in an io_context of its own, which the caller of run() runs.
class docker_exec : public exec_session {
public:
  docker_exec(const engine_config& engine, std::string id, const exec_request& what)
    : config_{engine}, api_{config_}, id_{std::move(id)},
      container_{what.container_id}, terminal_{what.terminal}, size_{what.size} {}

  ~docker_exec() override { drop_input(); }

  caf::expected<int> run(const exec_sink& on_output, std::stop_token stop) override {
    on_output_ = &on_output;
    auto version = api_.version();
    if (!version)
      return std::move(version.error());
    error_code failed;
    socket_.connect(asio::local::stream_protocol::endpoint{config_.socket}, failed);
    if (failed)
      return unreachable(failed);
    begin("/v" + std::to_string(version->major) + "." + std::to_string(version->minor) + "/exec/"
          + id_ + "/start");
    {
      std::stop_callback on_stop{stop, [this] { asio::post(io_, [this] { hang_up(); }); }};
      io_.run();
    }
    drop_input();
    if (stop.stop_requested()) {
      end();
      return caf::make_error(ec::unavailable, "the command was ended");
    }
    if (why_)
      return std::move(why_);
    return exit_code();
  }

  void write(std::string bytes, std::function<void()> taken) override {
    {
      std::lock_guard lock{mutex_};
      if (!over_) {
        input_.emplace_back(std::move(bytes), std::move(taken));
        taken = nullptr;
      }
    }
    if (taken)
      taken();
    else
      asio::post(io_, [this] { write_next(); });
  }

  /// Closing half of the connection would take a terminal away, with what the command still has to
  /// say: at a terminal the end of the input is Ctrl-D.
  void end_input() override {
    write(terminal_ ? std::string{end_of_transmission} : std::string{}, [] {});
  }

  void resize(terminal_size x) override {
    if (terminal_)
      (void)try_resize(x); // one that has ended needs no size
  }

private:
  caf::error unreachable(const error_code& why) const {
    return engine_error(ec::unavailable, "Docker does not answer at " + config_.socket + ".",
                        "Check that it runs: `docker info`.", {why.message()});
  }

  void begin(const std::string& target) {
    const auto body = json::serialize(json::object{{"Detach", false}, {"Tty", terminal_}});
    request_ = "POST " + target
               + " HTTP/1.1\r\nHost: docker\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n"
                 "Content-Type: application/json\r\nContent-Length: "
               + std::to_string(body.size()) + "\r\n\r\n" + body;
    deadline_.expires_after(config_.timeout);
    deadline_.async_wait([this](error_code cancelled) {
      if (!cancelled)
        hang_up();
    });
    asio::async_write(socket_, asio::buffer(request_), [this](error_code failed, size_t) {
      if (failed) {
        lose(failed);
        return;
      }
      bhttp::async_read_header(socket_, buffer_, head_,
                               [this](error_code why, size_t) { on_head(why); });
    });
  }

  void on_head(error_code failed) {
    if (failed) {
      lose(failed);
      return;
    }
    const auto status = head_.get().result_int();
    if (status != 101 && status != 200) {
      bhttp::async_read(socket_, buffer_, head_, [this, status](error_code, size_t) {
        error_code strange;
        const auto body = json::parse(head_.get().body(), strange);
        answer refused{status, strange ? "" : text(body, "/message"), {}};
        why_ = refusal(refused, "exec");
        finish();
      });
      return;
    }
    deadline_.cancel();
    open_ = true;
    if (buffer_.size() > 0) {
      const auto data = buffer_.data();
      hand_out({static_cast<const char*>(data.data()), data.size()});
      buffer_.consume(buffer_.size());
    }
    set_first_size();
    read_next();
    write_next();
  }

  bool try_resize(terminal_size x) {
    const auto got = api_.post("/exec/" + id_ + "/resize?h=" + std::to_string(x.rows)
                                 + "&w=" + std::to_string(x.columns),
                               json::object{});
    return got && got->ok();
  }

  /// The terminal is there only once the command has begun, a moment behind the answer.
  void set_first_size() {
    if (terminal_)
      sizer_ = std::jthread{[this](const std::stop_token& stop) {
        for (int i = 0; i < size_attempts && !stop.stop_requested() && !try_resize(size_); ++i)
          std::this_thread::sleep_for(look_pause);
      }};
  }

  void read_next() {
    socket_.async_read_some(asio::buffer(piece_), [this](error_code failed, size_t n) {
      if (n > 0)
        hand_out({piece_.data(), n});
      if (failed)
        finish(); // it has ended, or the engine has: its exit code tells
      else
        read_next();
    });
  }

  void hand_out(std::string_view bytes) {
    if (terminal_)
      (*on_output_)(output_stream::out, bytes);
    else
      frames_.feed(bytes);
  }

  void write_next() {
    if (!open_ || writing_)
      return;
    {
      std::lock_guard lock{mutex_};
      if (input_.empty())
        return;
      current_ = std::move(input_.front());
      input_.pop_front();
    }
    if (current_.first.empty()) { // the end of the input
      error_code ignored;
      socket_.shutdown(asio::local::stream_protocol::socket::shutdown_send, ignored);
      std::exchange(current_.second, [] {})();
      write_next();
      return;
    }
    writing_ = true;
    asio::async_write(socket_, asio::buffer(current_.first), [this](error_code, size_t) {
      writing_ = false;
      std::exchange(current_.second, [] {})(); // an error is the reader's to notice
      write_next();
    });
  }

  void lose(error_code why) {
    why_ = unreachable(why);
    finish();
  }

  void hang_up() {
    error_code ignored;
    socket_.close(ignored);
    deadline_.cancel();
  }

  void finish() {
    hang_up();
    open_ = false;
    io_.stop();
  }

  /// Nobody waits for what nobody will read.
  void drop_input() {
    std::deque<std::pair<std::string, std::function<void()>>> rest;
    {
      std::lock_guard lock{mutex_};
      over_ = true;
      rest.swap(input_);
    }
    if (auto taken = std::exchange(current_.second, [] {}))
      taken();
    for (auto& [bytes, taken] : rest)
      taken();
  }

  caf::expected<int> exit_code() {
    for (const auto until = std::chrono::steady_clock::now() + exit_code_limit;;
         std::this_thread::sleep_for(look_pause)) {
      auto got = api_.get("/exec/" + id_ + "/json");
      if (!got)
        return std::move(got.error());
      if (!got->ok())
        return refusal(*got, "exec");
      if (!flag(got->body, "/Running"))
        return static_cast<int>(number(got->body, "/ExitCode"));
      if (std::chrono::steady_clock::now() > until) { // it closed its streams and lives on
        end();
        return caf::make_error(ec::unavailable, "the command closed its output and did not end");
      }
    }
  }

  /// The engine lets a command live on whose connection is closed.
  void end() {
    auto got = api_.get("/exec/" + id_ + "/json");
    const auto leader = got && got->ok() ? static_cast<int>(number(got->body, "/Pid")) : 0;
    if (leader == 0)
      return; // it never began
    if (const auto left = end_session(leader, container_, end_grace); left > 0)
      spdlog::warn("docker could not end a command container={} processes={}", container_, left);
  }

  const engine_config config_;
  api api_;
  const std::string id_;
  const std::string container_;
  const bool terminal_;
  const terminal_size size_;
  const exec_sink* on_output_ = nullptr;
  asio::io_context io_{1};
  asio::local::stream_protocol::socket socket_{io_};
  asio::steady_timer deadline_{io_};
  std::string request_;
  beast::flat_buffer buffer_;
  bhttp::response_parser<bhttp::string_body> head_;
  std::array<char, 16 << 10> piece_{};
  stream_frames frames_{
    [this](output_stream from, std::string_view bytes, bool) { (*on_output_)(from, bytes); }};
  caf::error why_;
  bool open_ = false;
  bool writing_ = false;
  std::pair<std::string, std::function<void()>> current_{{}, [] {}};
  std::mutex mutex_;
  bool over_ = false;                                               // guarded by mutex_
  std::deque<std::pair<std::string, std::function<void()>>> input_; // guarded by mutex_
  std::jthread sizer_;
};

} // namespace

caf::expected<std::shared_ptr<exec_session>> prepare_exec(api& door, const engine_config& engine,
                                                          const json::value& container,
                                                          const exec_request& what) {
  json::array words;
  // Secret variables are in no container that the engine shows: what started the app puts them into
  // the command's environment too, so it sees what the app sees.
  const auto& entry = list(container, "/Config/Entrypoint");
  if (entry.size() > 2 && entry[0] == starter_path)
    words.insert(words.end(), entry.begin(), entry.begin() + 2);
  words.insert(words.end(), what.command.begin(), what.command.end());
  auto made = door.post("/containers/" + text(container, "/Id") + "/exec",
                        json::object{{"AttachStdin", true},
                                     {"AttachStdout", true},
                                     {"AttachStderr", true},
                                     {"Tty", what.terminal},
                                     {"Cmd", std::move(words)}});
  if (!made)
    return std::move(made.error());
  if (!made->ok())
    return refusal(*made, "exec");
  return std::shared_ptr<exec_session>{
    std::make_shared<docker_exec>(engine, text(made->body, "/Id"), what)};
}

} // namespace backendim::docker
