#include "actors/output_keeper.hpp"
#include "actors/redactor.hpp"
#include "actors/release_tasks.hpp"
#include "bin/daemon/app_log_follower.hpp"
#include "bin/daemon/on_pool.hpp"
#include "bin/daemon/rest.hpp"
#include "bin/daemon/sse.hpp"
#include "protocol/deployment.hpp"
#include "protocol/json.hpp"
#include "protocol/types.hpp"

#include <boost/json.hpp>
#include <caf/all.hpp>

#include <charconv>
#include <utility>

namespace backendim::daemon::rest {

namespace asio = boost::asio;
namespace json = boost::json;
using namespace std::chrono_literals;

namespace {

constexpr uint32_t event_page = 100;
constexpr size_t log_page = 64 << 10;
constexpr std::string_view heartbeat = ": still here\n\n";
constexpr auto queue_look = 3s; // a turn comes nearer without an event

caf::expected<uint64_t> last_event_id(const call& x) {
  const auto text = x.client.field("Last-Event-ID");
  uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (!text.empty() && (error != std::errc{} || end != text.data() + text.size()))
    return caf::make_error(ec::invalid_request, "Last-Event-ID is not an id of this stream");
  return value;
}

caf::expected<bool> flag(const call& x, const std::string& key) {
  auto value = x.number(key, 0, 1);
  if (!value)
    return std::move(value.error());
  return *value == 1;
}

std::string line_event(std::string_view id, std::string_view line) {
  return event_text(id, "line", json::serialize(json::object{{"line", line}}));
}

/// An event as its tenant sees it: what is sealed is for the platform only.
std::string shown(const journal_event& x) {
  if (x.type != type_name<deployment_created>)
    return x.body;
  auto body = parse_json(x.body);
  auto* object = body ? body->if_object() : nullptr;
  if (!object)
    return x.body;
  object->erase("secrets");
  return json::serialize(*body);
}

/// What *state*, a deployment_info, says it waits for; an empty object: nothing.
std::string waiting_of(const json::value& state) {
  const auto* object = state.if_object();
  const auto* waiting = object ? object->if_contains("waiting") : nullptr;
  return waiting ? json::serialize(*waiting) : "{}";
}

/// What a stream's reader knows of the deployment, or what else it is of. Shared with the question
/// under way.
struct watched_entity {
  uint64_t version = 0;
  bool ended = false;
  bool asking = false;
};

/// Has *news* woken when it changes, with one question at a time.
void watch(actor_bridge& bridge, const caf::strong_actor_ptr& whom,
           const std::shared_ptr<watched_entity>& x, const std::shared_ptr<wakeup>& news) {
  if (std::exchange(x->asking, true))
    return;
  bridge.ask(whom, caf::make_message(get_changes{x->version}), 30s,
             [x, news](caf::expected<caf::message> reply) {
               x->asking = false;
               if (!reply || !reply->match_elements<stream_position>())
                 return; // asked again after the next heartbeat
               x->version = reply->get_as<stream_position>(0).version;
               x->ended = reply->get_as<stream_position>(0).ended;
               news->wake();
             });
}

} // namespace

answered deployment_events(call& x) {
  const auto path = deployment_path(x.tenant(), x.path["id"]).text;
  if (auto seen = co_await x.parts.actors.look(x.who, path); !seen)
    co_return std::move(seen.error());
  auto at = last_event_id(x);
  if (!at)
    co_return std::move(at.error());
  if (!co_await begin_events(x.client))
    co_return caf::none;
  auto& lookup = x.parts.actors.actors();
  const auto journal = caf::actor_cast<caf::strong_actor_ptr>(x.parts.journal);
  const auto news = std::make_shared<wakeup>(x.parts.io);
  const auto deployment = std::make_shared<watched_entity>();
  const std::string nothing = "{}";
  auto waiting = nothing; // as the client knows it
  auto heard = std::chrono::steady_clock::now();
  for (bool ended = false; !ended;) {
    const get_stream question{path, *at + 1, event_page};
    auto page = co_await lookup.bridge().ask_for<recorded_events>(journal, question, 10s);
    if (!page)
      co_return std::move(page.error());
    std::string text;
    for (const auto& event : page->events) {
      *at = event.version;
      text += event_text(std::to_string(event.version), event.event.type, shown(event.event));
      ended = ended || event.event.type == type_name<deployment_ended>;
    }
    if (text.empty()) {
      auto state = co_await x.parts.actors.look(x.who, path);
      if (!state)
        co_return std::move(state.error());
      auto waits = waiting_of(*state);
      if (waits != waiting) {
        waiting = std::move(waits);
        text = event_text("", "waiting", waiting);
      }
    }
    if (text.empty()) {
      const auto found = co_await lookup.find(path);
      if (!found)
        co_return found.error();
      deployment->version = *at;
      watch(lookup.bridge(), *found, deployment, news);
      const std::chrono::milliseconds pause = waiting == nothing ? sse_heartbeat : queue_look;
      const bool woken = co_await news->wait(pause);
      ended = deployment->ended && deployment->version <= *at;
      if (woken || std::chrono::steady_clock::now() - heard < sse_heartbeat)
        continue;
      text = heartbeat;
    }
    heard = std::chrono::steady_clock::now();
    if (!co_await x.client.write(text))
      co_return caf::none;
  }
  co_await x.client.end_stream();
  co_return caf::none;
}

namespace {

std::string output_line_event(std::string_view id, std::string_view kept) {
  const auto line = from_kept_form(kept);
  json::object data{{"line", line.text},
                    {"stream", line.from == output_stream::err ? "stderr" : "stdout"}};
  if (!line.at.empty())
    data["at"] = line.at;
  return event_text(id, "line", json::serialize(data));
}

/// The log *id* of what lives at *path*, which may have *ended*; *event* makes an event of a line.
answered kept_log(call& x, const std::string& id, const std::string& path, bool ended,
                  std::string (*event)(std::string_view id, std::string_view line)) {
  auto at = last_event_id(x);
  const auto follow = flag(x, "follow");
  if (!at || !follow)
    co_return at ? follow.error() : at.error();
  if (!co_await begin_events(x.client))
    co_return caf::none;
  auto& lookup = x.parts.actors.actors();
  const auto news = std::make_shared<wakeup>(x.parts.io);
  const auto author = std::make_shared<watched_entity>();
  author->ended = ended;
  while (true) {
    const bool last = author->ended || !*follow; // what is written before now is still read
    auto page
      = co_await on_pool(x.parts.pool, [&] { return x.parts.logs->read(id, *at, log_page); });
    if (!page)
      co_return std::move(page.error());
    std::string text;
    for (const auto& line : page->lines) {
      *at += line.size() + 1;
      text += event(std::to_string(*at), line);
    }
    if (!text.empty()) {
      if (!co_await x.client.write(text))
        co_return caf::none;
      continue;
    }
    if (last)
      break;
    const auto found = co_await lookup.find(path);
    if (!found)
      co_return found.error();
    watch(lookup.bridge(), *found, author, news);
    const auto ticket = x.parts.logs->when_longer(id, *at, [news] { news->wake(); });
    const bool woken = co_await news->wait(sse_heartbeat);
    x.parts.logs->cancel(ticket);
    if (woken)
      continue;
    const bool heard = co_await x.client.write(heartbeat); // g++ 12: no co_await behind &&
    if (!heard)
      co_return caf::none;
  }
  (void)co_await x.client.write(event_text("", "end", "{}"));
  co_await x.client.end_stream();
  co_return caf::none;
}

} // namespace

answered build_log(call& x) {
  const auto id = x.path["id"];
  const auto path = deployment_path(x.tenant(), id).text;
  const auto state = co_await x.parts.actors.look(x.who, path);
  if (!state)
    co_return state.error();
  const bool ended = is_final(from_json<deployment_info>(*state)->state);
  co_return co_await kept_log(x, work_name(x.tenant(), id), path, ended, line_event);
}

answered one_off_log(call& x) {
  const auto state = co_await look_at_one_off(x);
  if (!state)
    co_return state.error();
  const bool ended = is_final(from_json<one_off_info>(*state)->state);
  const auto id = x.path["id"];
  const auto path = task_path(x.who.tenant, id).text;
  co_return co_await kept_log(x, work_name(x.who.tenant, id), path, ended, output_line_event);
}

answered app_log(call& x) {
  const auto app = app_path(x.who.tenant, x.path["app"]).text;
  auto state = co_await x.parts.actors.look(x.who, app);
  if (!state)
    co_return std::move(state.error());
  const auto tail = x.number("tail", 100, 10'000);
  const auto follow = flag(x, "follow");
  if (!tail || !follow)
    co_return tail ? follow.error() : tail.error();
  const auto info = from_json<app_info>(*state);
  if (!info || !info->live)
    co_return caf::make_error(ec::conflict, "nothing of this app runs yet; the build log says why");
  const log_query query{static_cast<uint32_t>(*tail), *follow};
  const get_sealed_secrets question;
  const auto secrets = co_await x.parts.actors.actors().ask_for<sealed_secrets>(app, question, 10s);
  if (!secrets)
    co_return secrets.error();
  auto lines = app_log_follower::start(x.parts.io, x.parts.pool, x.parts.engine,
                                       service_name(info->tenant, info->app, info->live->number),
                                       query, redactor_of(*x.parts.keys, *secrets));
  if (!lines)
    co_return std::move(lines.error());
  if (!co_await begin_events(x.client))
    co_return caf::none;
  for (;;) {
    const auto batch = co_await (*lines)->next(sse_heartbeat);
    if (!batch.lines.empty() || !batch.ended) {
      std::string text;
      if (batch.lines.empty())
        text = heartbeat;
      for (const auto& line : batch.lines)
        text += line_event("", line);
      if (!co_await x.client.write(text))
        co_return caf::none;
    }
    if (batch.ended)
      break;
  }
  (void)co_await x.client.write(event_text("", "end", "{}"));
  co_await x.client.end_stream();
  co_return caf::none;
}

} // namespace backendim::daemon::rest
