#include "bin/daemon/on_pool.hpp"
#include "bin/daemon/problem.hpp"
#include "bin/daemon/rest.hpp"
#include "bin/daemon/running_command.hpp"
#include "protocol/json.hpp"
#include "protocol/types.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/json.hpp>

#include <spdlog/spdlog.h>

#include <algorithm>
#include <utility>

namespace backendim::daemon::rest {

namespace asio = boost::asio;
namespace json = boost::json;
using namespace std::chrono_literals;

namespace {

constexpr size_t max_sessions = 10; // of one app
constexpr auto busy_retry = 10s;
constexpr auto first_word = 10s;
constexpr size_t most_words = 256;
/// While the command takes no input, nothing is read from its client: this finds out who is gone.
constexpr std::chrono::milliseconds heartbeat = 10s;
constexpr char input_mark = 0; // the first byte of a message of bytes; 1 and 2: output

/// One more session of an app, for as long as it lives.
class counted_session {
public:
  counted_session(std::map<std::string, size_t>& all, std::string app)
    : all_{all}, app_{std::move(app)} {
    ++all_[app_];
  }
  ~counted_session() {
    if (--all_[app_] == 0)
      all_.erase(app_);
  }
  counted_session(const counted_session&) = delete;
  counted_session& operator=(const counted_session&) = delete;

private:
  std::map<std::string, size_t>& all_;
  const std::string app_;
};

/// The task that is meant: the one whose id begins with *wish*, or the first one that is ready.
caf::expected<task> choose(const app_tasks& all, const std::string& wish) {
  for (const auto& x : all.tasks) {
    const bool runs = x.phase == task_phase::running && !x.container.empty();
    if (wish.empty() ? runs && std::ranges::count(all.ready, x.address) > 0
                     : runs && x.id.starts_with(wish))
      return x;
  }
  if (!wish.empty())
    return caf::make_error(ec::not_found, "no task " + wish + " of " + all.app
                                            + " runs; backend-im ps lists them");
  return caf::make_error(ec::conflict,
                         "no task of " + all.app
                           + " is ready; name one that backend-im ps lists as running");
}

caf::expected<exec_request> read_wish(const http::web_message& x) {
  auto value = x.text ? parse_json(x.body) : parse_json("");
  const auto* object = value ? value->if_object() : nullptr;
  const auto* command = object ? object->if_contains("command") : nullptr;
  const auto* words = command ? command->if_array() : nullptr;
  if (!words || words->empty() || words->size() > most_words
      || !std::ranges::all_of(*words, [](const json::value& w) { return w.is_string(); })
      || words->front().get_string().empty())
    return invalid_request({"/command", "a program and its arguments", "something else", ""});
  exec_request result;
  for (const auto& word : *words)
    result.command.emplace_back(word.get_string());
  const auto* terminal = object->if_contains("terminal");
  result.terminal = terminal && terminal->is_bool() && terminal->get_bool();
  return result;
}

/// What *x* says of a terminal's size, where it says something.
terminal_size size_in(const json::object& x, terminal_size otherwise) {
  const auto side = [&](const char* key, uint16_t before) {
    const auto* value = x.if_contains(key);
    json::error_code problem;
    const auto read = value ? value->to_number<uint16_t>(problem) : before;
    return problem || read == 0 ? before : read;
  };
  return {side("rows", otherwise.rows), side("columns", otherwise.columns)};
}

http::web_message error_message(const caf::error& why, const std::string& request_id) {
  auto body = parse_json(problem(why, request_id).body);
  json::object text;
  text["type"] = "error";
  if (body)
    text["problem"] = *body;
  return {true, json::serialize(text)};
}

/// What both coroutines of a session know.
struct session_state {
  http::web_socket& client;
  running_command command;
  std::string request_id;
  std::chrono::milliseconds idle_limit;
  bool gone = false;  ///< The client is.
  bool shown = false; ///< No more is written to it.
  std::shared_ptr<wakeup> finished;
  std::string end = "client gone"; ///< For the log.
};

/// Sends what the command writes, then how it ended.
asio::awaitable<void> show(std::shared_ptr<session_state> x) {
  while (!x->gone) {
    bool sent = true;
    auto output = x->command.take_output();
    for (auto& piece : output) {
      http::web_message message;
      message.body = static_cast<char>(piece.from);
      message.body += piece.bytes;
      sent = co_await x->client.write(message);
      if (!sent)
        break;
    }
    if (!sent)
      break;
    if (!output.empty())
      continue;
    if (const auto end = x->command.end()) {
      auto message = *end ? http::web_message{} : error_message(end->error(), x->request_id);
      if (*end) {
        json::object text;
        text["type"] = "exit";
        text["code"] = **end;
        message = {true, json::serialize(text)};
      }
      x->end = *end ? "exit code " + std::to_string(**end) : render(end->error());
      (void)co_await x->client.write(message);
      co_await x->client.close();
      break;
    }
    const auto idle = x->command.idle();
    if (idle >= x->idle_limit) {
      x->end = "idle";
      const auto why = caf::make_error(ec::timed_out, "nothing happened for too long");
      const auto message = error_message(why, x->request_id);
      (void)co_await x->client.write(message);
      co_await x->client.close();
      break;
    }
    const auto pause = std::min<std::chrono::milliseconds>(x->idle_limit - idle, heartbeat);
    const bool news = co_await x->command.wait(pause);
    if (news)
      continue;
    const http::web_message alive{true, R"({"type":"alive"})"};
    const bool heard = co_await x->client.write(alive);
    if (!heard)
      break;
  }
  x->command.stop();
  x->shown = true;
  x->finished->wake();
}

/// Passes on what the client sends, until it goes.
asio::awaitable<void> listen(session_state& x, asio::thread_pool& pool) {
  for (;;) {
    auto message = co_await x.client.read();
    if (!message)
      co_return;
    if (!message->text) {
      if (message->body.size() > 1 && message->body.front() == input_mark) {
        auto bytes = message->body.substr(1);
        co_await x.command.write(std::move(bytes));
      }
      continue;
    }
    const auto value = parse_json(message->body);
    const auto* object = value ? value->if_object() : nullptr;
    const auto* type = object ? object->if_contains("type") : nullptr;
    if (!type || !type->is_string())
      continue; // of a newer client
    if (type->get_string() == "eof")
      x.command.end_input();
    if (type->get_string() == "resize") {
      const auto size = size_in(*object, {});
      (void)co_await on_pool(pool, [&x, size] {
        x.command.resize(size);
        return true;
      });
    }
  }
}

/// The client's first message, if it comes in time.
asio::awaitable<caf::expected<http::web_message>> first_message(http::web_socket& client,
                                                                asio::io_context& io) {
  const auto waiting = std::make_shared<http::web_socket*>(&client);
  asio::steady_timer late{io, first_word};
  late.async_wait([waiting](boost::system::error_code cancelled) {
    if (!cancelled && *waiting)
      (*waiting)->abort();
  });
  auto result = co_await client.read();
  *waiting = nullptr;
  co_return result;
}

} // namespace

answered exec_in_task(call& x) {
  const auto path = app_path(x.who.tenant, x.path["app"]).text;
  const json::object nothing;
  const auto reply = co_await x.parts.actors.send(x.who, path, "get_app_tasks", nothing, "");
  if (!reply)
    co_return reply.error();
  const auto all = from_json<app_tasks>(*reply);
  if (!all)
    co_return all.error();
  const auto chosen = choose(*all, x.query["task"]);
  if (!chosen)
    co_return chosen.error();
  if (const auto open = x.parts.sessions.find(path);
      open != x.parts.sessions.end() && open->second >= max_sessions)
    co_return caf::make_error(ec::over_quota,
                              admission_refusal{bottleneck::sessions,
                                                "ten commands are run in tasks of this app already",
                                                busy_retry});
  const counted_session counted{x.parts.sessions, path};
  const auto socket = co_await x.client.upgrade();
  if (!socket)
    co_return socket.error();
  auto& client = **socket;
  const auto first = co_await first_message(client, x.parts.io);
  if (!first)
    co_return caf::none;
  auto what = read_wish(*first);
  caf::error why;
  if (!what)
    why = what.error();
  std::shared_ptr<exec_session> session;
  if (!why) {
    const auto said = parse_json(first->body);
    what->container_id = chosen->container;
    what->size = size_in(said->as_object(), {});
    auto made = co_await on_pool(x.parts.pool, [&] { return x.parts.engine->exec(*what); });
    if (made)
      session = *made;
    else if (made.error() == ec::not_found)
      why
        = caf::make_error(ec::conflict, "the task " + chosen->id + " does not run on this machine, "
                                          + x.parts.node + "; only such tasks can be entered");
    else
      why = made.error();
  }
  if (why) {
    const auto message = error_message(why, x.client.request_id());
    (void)co_await client.write(message);
    co_await client.close();
    co_return caf::none;
  }
  const json::array words(what->command.begin(), what->command.end());
  spdlog::info("exec began user={} app={} task={} container={} request={} command={}", x.who.user,
               path, chosen->id, chosen->container, x.client.request_id(), json::serialize(words));
  const auto began = std::chrono::steady_clock::now();
  const std::shared_ptr<session_state> state{
    new session_state{client,
                      {x.parts.io, x.parts.pool, std::move(session)},
                      x.client.request_id(),
                      x.parts.exec_idle,
                      false,
                      false,
                      std::make_shared<wakeup>(x.parts.io)}};
  asio::co_spawn(x.parts.io, show(state), asio::detached);
  co_await listen(*state, x.parts.pool);
  state->gone = true;
  state->command.stop();
  state->command.wake();
  while (!state->shown)
    (void)co_await state->finished->wait(first_word);
  spdlog::info(
    "exec ended user={} app={} task={} request={} took_ms={} end=\"{}\"", x.who.user, path,
    chosen->id, x.client.request_id(),
    std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now() - began)
      .count(),
    state->end);
  co_return caf::none;
}

} // namespace backendim::daemon::rest
