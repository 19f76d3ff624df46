#include "adapters/traefik/front_door.hpp"

#include "adapters/crypto/digest.hpp"
#include "protocol/error.hpp"

#include <spdlog/spdlog.h>

#include <iterator>
#include <map>
#include <sstream>
#include <utility>

namespace backendim::traefik {

using namespace std::chrono_literals;

namespace {

constexpr auto pause = 50ms; // between two looks; Traefik asks us every half second

caf::error stopped() {
  return caf::make_error(ec::unavailable, "the edge stopped");
}

std::set<std::string> lines_of(const std::string& text) {
  std::set<std::string> result;
  std::istringstream lines{text};
  for (std::string line; std::getline(lines, line);)
    if (is_plain_host(line))
      result.insert(line);
  return result;
}

} // namespace

front_door::front_door(std::shared_ptr<edge> behind, front_door_settings settings)
  : behind_{std::move(behind)}, settings_{std::move(settings)},
    token_hash_{crypto::sha256_hex(settings_.token)}, witness_{settings_.api, settings_.entry,
                                                               settings_.proof},
    unclaimed_{lines_of(settings_.kept.value_or(""))}, thread_{[this](const std::stop_token& stop) {
      run(stop);
    }} {}

front_door::~front_door() {
  stop();
}

void front_door::stop() {
  thread_.request_stop();
  if (thread_.joinable())
    thread_.join();
  std::list<visitor> left;
  {
    std::lock_guard lock{mutex_};
    stopped_ = true;
    left.swap(waiting_);
  }
  for (auto& x : left)
    x.done(stopped());
}

void front_door::publish(route_table table, std::function<void()> used) {
  {
    std::lock_guard lock{mutex_};
    if (!first_table_)
      first_table_ = clock::now();
    const auto before = known();
    hosts_.clear();
    for (const auto& [host, route] : table.hosts) {
      if (!is_plain_host(host)) {
        spdlog::warn("traefik cannot route a host host=\"{}\"", host);
        continue;
      }
      hosts_.insert(host);
      unclaimed_.erase(host);
    }
    if (known() != before) {
      std::erase_if(reached_, [&](const auto& host) { return !hosts_.contains(host); });
      bytes_.reset();
      unsaved_ = true;
      changed_.notify_all();
    }
  }
  behind_->publish(std::move(table), std::move(used));
}

void front_door::when_idle(std::vector<upstream_address> upstreams, std::function<void()> idle) {
  behind_->when_idle(std::move(upstreams), std::move(idle));
}

void front_door::when_reachable(const std::string& host, std::function<void(caf::error)> done) {
  caf::error why_not;
  {
    std::lock_guard lock{mutex_};
    if (!reached_.contains(host) && !stopped_) {
      waiting_.push_back({host, clock::now() + settings_.patience, std::move(done)});
      changed_.notify_all();
      return;
    }
    if (stopped_)
      why_not = stopped();
  }
  done(std::move(why_not));
}

caf::expected<std::string> front_door::configuration_for(std::string_view authorization) {
  constexpr std::string_view scheme = "Bearer ";
  // Digests are compared, so how long it takes tells nothing of the token.
  if (!authorization.starts_with(scheme)
      || crypto::sha256_hex(authorization.substr(scheme.size())) != token_hash_)
    return caf::make_error(ec::unauthenticated,
                           "the provider's token is missing or wrong; it is in traefik.token");
  std::lock_guard lock{mutex_};
  asked_ = clock::now();
  if (!first_table_ && !settings_.kept && clock::now() < begun_ + settings_.hush)
    return caf::make_error(ec::unavailable, "which hosts there are is not known yet");
  forget_unclaimed();
  if (!bytes_) {
    site_table sites;
    for (const auto& host : known())
      sites[host] = {{settings_.gateway, 1}};
    bytes_ = configuration(sites, settings_.how);
  }
  return *bytes_;
}

caf::error front_door::trouble() {
  std::lock_guard lock{mutex_};
  const auto silent = clock::now() - asked_;
  if (silent < settings_.silence)
    return {};
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(silent).count();
  return make_failure(
    ec::unavailable,
    {cause::route_missing,
     "Traefik has not asked for its routes for " + std::to_string(seconds) + " s.",
     {},
     "Start Traefik; if it runs, its log says what keeps it from /v1/traefik of backendimd. Apps "
     "answer only if it runs; nothing new can be deployed."});
}

/// After a restart apps tell their hosts again, one after the other: until they had time to, no
/// host is taken for gone.
void front_door::forget_unclaimed() {
  if (unclaimed_.empty() || !first_table_ || clock::now() < *first_table_ + settings_.settle)
    return;
  unclaimed_.clear();
  bytes_.reset();
  unsaved_ = true;
  changed_.notify_all();
}

std::set<std::string> front_door::known() const {
  auto result = hosts_;
  result.insert(unclaimed_.begin(), unclaimed_.end());
  return result;
}

void front_door::run(const std::stop_token& stop) {
  std::unique_lock lock{mutex_};
  while (!stop.stop_requested()) {
    if (std::exchange(unsaved_, false)) {
      std::string text;
      for (const auto& host : known())
        text.append(host).append("\n");
      lock.unlock();
      if (settings_.keep)
        settings_.keep(text);
      lock.lock();
    }
    if (!waiting_.empty())
      look_for(lock, stop);
    if (waiting_.empty())
      changed_.wait(lock, stop, [this] { return unsaved_ || !waiting_.empty(); });
    else
      changed_.wait_for(lock, stop, pause, [] { return false; });
  }
}

/// Looks once for each host that somebody waits for.
void front_door::look_for(std::unique_lock<std::mutex>& lock, const std::stop_token& stop) {
  std::set<std::string> wanted;
  for (const auto& x : waiting_)
    wanted.insert(x.host);
  lock.unlock();
  std::map<std::string, caf::error> found;
  std::optional<caf::error> away; // it is so for all hosts, and asking may take a second
  for (const auto& host : wanted) {
    if (stop.stop_requested())
      break;
    if (away) {
      found[host] = *away;
      continue;
    }
    auto seen = witness_.look(host, stop);
    if (seen.away)
      away = seen.why_not;
    found[host] = std::move(seen.why_not);
  }
  lock.lock();
  std::list<std::pair<visitor, caf::error>> leaving;
  const caf::error* why = nullptr;
  size_t missed = 0;
  for (auto x = waiting_.begin(); x != waiting_.end();) {
    const auto seen = found.find(x->host);
    if (seen == found.end() || (seen->second && clock::now() < x->until)) {
      ++x;
      continue;
    }
    if (seen->second) {
      why = &seen->second;
      ++missed;
    } else if (hosts_.contains(x->host)) {
      reached_.insert(x->host);
    }
    leaving.emplace_back(std::move(*x), seen->second);
    x = waiting_.erase(x);
  }
  lock.unlock();
  if (why) {
    const auto last = failure_of(*why);
    spdlog::warn("traefik does not lead to hosts count={} why=\"{}\" evidence=\"{}\"", missed,
                 last.message, last.evidence.empty() ? "" : last.evidence.front());
  }
  for (auto& [who, outcome] : leaving)
    who.done(std::move(outcome));
  lock.lock();
}

} // namespace backendim::traefik
