#pragma once

#include "adapters/container_engine.hpp"
#include "protocol/error.hpp"
#include "tests/support/fake_exec.hpp"

#include <algorithm>
#include <condition_variable>
#include <list>
#include <map>
#include <mutex>
#include <regex>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace backendim::test {

/// A swarm of one node in memory. Held to the same contract as the real engine.
///
/// Tasks stay pending until the test calls run(), unless *autorun* is set. All members may be
/// called from any thread. Watchers are called by the thread that caused the event, before the
/// call that caused it returns, and never under the lock: they may call the engine.
class fake_engine : public container_engine {
public:
  // -- what a test sets ---------------------------------------------------------------------------

  /// Plays an engine that does not answer.
  void set_down(bool down) {
    locked([&] { down_ = down; });
  }

  /// Whether tasks wanted from now on run at once, like those of a good image.
  void set_autorun(bool autorun) {
    locked([&] { autorun_ = autorun; });
  }

  /// Makes the oldest pending task of *service* run at *address* and returns its container, or ""
  /// when none is pending. Reports created and started.
  std::string run(const std::string& service, const std::string& address = "127.0.0.1") {
    std::string result;
    locked([&] {
      if (auto* x = find_service(service))
        for (auto& t : x->tasks)
          if (result.empty() && t.state == task_state::pending && t.wanted)
            result = start(t, address);
    });
    publish();
    return result;
  }

  /// Ends a running container as a crash does; Swarm then wants another task in its place.
  void die(const std::string& container_id, int exit_code, bool out_of_memory = false) {
    locked([&] {
      auto* t = find_task(container_id);
      if (!t || t->state != task_state::running)
        return;
      if (out_of_memory)
        queue(engine_event::kind::out_of_memory, *t);
      end(*t, task_state::failed, exit_code);
      t->out_of_memory = out_of_memory;
      if (exit_code != 0)
        t->message = "task: non-zero exit (" + std::to_string(exit_code) + ")";
      t->wanted = false;
      if (auto* x = find_service(t->service); !x->spec.once)
        fill(*x);
    });
    publish();
  }

  /// Fails the oldest pending task of *service* before it has a container, as a missing image does.
  void reject(const std::string& service, const std::string& message) {
    locked([&] {
      auto* x = find_service(service);
      if (!x)
        return;
      for (auto& t : x->tasks)
        if (t.state == task_state::pending && t.wanted) {
          t.state = task_state::failed;
          t.message = message;
          t.wanted = false;
          break;
        }
      fill(*x);
    });
    publish();
  }

  /// What Swarm says about the pending tasks of *service*, such as that no node has room.
  void set_pending_message(const std::string& service, const std::string& message) {
    locked([&] {
      if (auto* x = find_service(service))
        for (auto& t : x->tasks)
          if (t.state == task_state::pending)
            t.message = message;
    });
  }

  /// What listening() answers for a container.
  void set_listening(const std::string& container_id, std::vector<listening_socket> sockets) {
    locked([&] { containers_[container_id].sockets = std::move(sockets); });
  }

  /// Adds a line to a container's log, and to its service's.
  void write_log(const std::string& container_id, const std::string& line,
                 output_stream from = output_stream::out) {
    locked([&] {
      containers_[container_id].log.push_back(line);
      containers_[container_id].output.push_back({from, std::to_string(1'000'000 + ++lines_)});
    });
    changed_.notify_all();
  }

  /// Puts an image on the node, as a pull does.
  void add_image(image_info x) {
    locked([&] { images_.push_back(std::move(x)); });
  }

  /// Reports anything.
  void fire(const engine_event& event) {
    locked([&] { outbox_.push_back(event); });
    publish();
  }

  /// Plays a connection that broke and came back: each watcher gets a resync.
  void reconnect() { fire({}); }

  // -- what a test looks at -----------------------------------------------------------------------

  /// Blocks until *count* threads are inside watch().
  void wait_for_watchers(size_t count = 1) {
    std::unique_lock lock{mutex_};
    changed_.wait(lock, [&] { return watchers_.size() >= count; });
  }

  /// The spec that a service was made with; an empty one when there is no such service.
  service_spec spec_of(const std::string& service) {
    service_spec result;
    locked([&] {
      if (auto* x = find_service(service))
        result = x->spec;
    });
    return result;
  }

  /// How many commands run beside containers' own processes.
  int commands() const { return *living_; }

  /// The tenants that have a network.
  std::set<std::string> networks() {
    std::set<std::string> result;
    locked([&] { result = networks_; });
    return result;
  }

  // -- container_engine ---------------------------------------------------------------------------

  caf::expected<engine_info> info() override {
    return guarded([]() -> caf::expected<engine_info> {
      return engine_info{"fake-node", "20.10.24", "1.41", true, "1", {}, "on", {}};
    });
  }

  caf::expected<caf::unit_t> ensure_network(const std::string& tenant) override {
    return guarded([&]() -> caf::expected<caf::unit_t> {
      networks_.insert(tenant);
      return caf::unit;
    });
  }

  caf::expected<size_t> remove_idle_networks() override {
    return guarded([&]() -> caf::expected<size_t> {
      std::erase_if(networks_, [&](const std::string& tenant) {
        return std::ranges::none_of(services_,
                                    [&](const kept& x) { return x.spec.tenant == tenant; });
      });
      return size_t{0};
    });
  }

  caf::expected<caf::unit_t> ensure_service(const service_spec& spec) override {
    return guarded([&]() -> caf::expected<caf::unit_t> {
      if (const auto* there = find_service(spec.name)) {
        if (is_of(spec, info_of(there->spec)))
          return caf::unit;
        return caf::make_error(ec::conflict, "another one has the name " + spec.name);
      }
      if (spec.image.empty() || !std::regex_match(spec.name, std::regex{"[A-Za-z0-9][\\w.-]*"}))
        return caf::make_error(ec::invalid_request, "fake refuses the spec");
      networks_.insert(spec.tenant);
      services_.push_back({spec, {}});
      fill(services_.back());
      return caf::unit;
    });
  }

  caf::expected<caf::unit_t> scale_service(const std::string& name, uint32_t replicas) override {
    return guarded([&]() -> caf::expected<caf::unit_t> {
      auto* x = find_service(name);
      if (!x)
        return caf::make_error(ec::not_found, name);
      x->spec.replicas = replicas;
      fill(*x);
      return caf::unit;
    });
  }

  caf::expected<caf::unit_t> remove_service(const std::string& name) override {
    return guarded([&]() -> caf::expected<caf::unit_t> {
      if (auto* x = find_service(name)) {
        x->spec.replicas = 0;
        fill(*x);
        services_.remove_if([&](const kept& y) { return y.spec.name == name; });
      }
      return caf::unit;
    });
  }

  caf::expected<std::vector<service_info>> services() override {
    return guarded([&]() -> caf::expected<std::vector<service_info>> {
      std::vector<service_info> result;
      for (const auto& x : services_)
        result.push_back(info_of(x.spec));
      return result;
    });
  }

  caf::expected<std::map<std::string, std::string>> running() override {
    return guarded([&]() -> caf::expected<std::map<std::string, std::string>> {
      std::map<std::string, std::string> result;
      for (const auto& x : services_)
        for (const auto& t : x.tasks)
          if (t.state == task_state::running)
            result[t.address] = t.service;
      return result;
    });
  }

  caf::expected<std::vector<task_info>> tasks(const std::string& service) override {
    return guarded([&]() -> caf::expected<std::vector<task_info>> {
      std::vector<task_info> result;
      if (auto* x = find_service(service))
        result.assign(x->tasks.rbegin(), x->tasks.rend());
      return result;
    });
  }

  caf::expected<std::vector<listening_socket>> listening(const std::string& container_id) override {
    return guarded([&]() -> caf::expected<std::vector<listening_socket>> {
      if (auto i = containers_.find(container_id); i != containers_.end())
        return i->second.sockets;
      return caf::make_error(ec::not_found, container_id);
    });
  }

  caf::expected<std::vector<std::string>> container_log(const std::string& container_id,
                                                        uint32_t lines) override {
    return guarded([&]() -> caf::expected<std::vector<std::string>> {
      auto i = containers_.find(container_id);
      if (i == containers_.end())
        return caf::make_error(ec::not_found, container_id);
      const auto& log = i->second.log;
      const auto skip = log.size() > lines ? log.size() - lines : 0;
      return std::vector<std::string>(log.begin() + static_cast<std::ptrdiff_t>(skip), log.end());
    });
  }

  caf::expected<caf::unit_t> container_output(const std::string& container_id,
                                              const output_sink& on_line,
                                              std::stop_token stop) override {
    std::stop_callback wake{stop, [this] { locked([&] { changed_.notify_all(); }); }};
    std::unique_lock lock{mutex_};
    if (down_)
      return refused();
    const auto found = containers_.find(container_id);
    if (found == containers_.end())
      return caf::make_error(ec::not_found, container_id);
    const auto& x = found->second; // containers are never forgotten
    const auto over = [&] {
      const auto* t = find_task(container_id);
      return stop.stop_requested() || !t || t->state != task_state::running;
    };
    for (size_t next = 0;;) {
      while (next < x.log.size()) {
        const auto text = x.log[next];
        const auto [from, at] = x.output[next++];
        lock.unlock();
        on_line({from, at, text});
        lock.lock();
      }
      if (over())
        return caf::unit;
      changed_.wait(lock, [&] { return over() || x.log.size() > next; });
    }
  }

  caf::expected<std::shared_ptr<exec_session>> exec(const exec_request& what) override {
    return guarded([&]() -> caf::expected<std::shared_ptr<exec_session>> {
      const auto* t = find_task(what.container_id);
      if (!t)
        return caf::make_error(ec::not_found, what.container_id);
      if (t->state != task_state::running)
        return caf::make_error(ec::conflict, what.container_id + " does not run");
      const auto& env = find_service(t->service)->spec.env;
      return std::shared_ptr<exec_session>{std::make_shared<fake_exec>(what, living_, env)};
    });
  }

  caf::expected<caf::unit_t> service_log(const std::string& service, const log_query& query,
                                         const line_sink& on_line, std::stop_token stop) override {
    std::stop_callback wake{stop, [this] { locked([&] { changed_.notify_all(); }); }};
    std::unique_lock lock{mutex_};
    if (down_)
      return refused();
    if (!find_service(service))
      return caf::make_error(ec::not_found, service);
    auto all = lines_of(service);
    auto next = all.size() > query.tail ? all.size() - query.tail : 0;
    while (true) {
      while (next < all.size()) {
        const auto line = all[next++];
        lock.unlock();
        on_line(line);
        lock.lock();
      }
      if (!query.follow || stop.stop_requested() || !find_service(service))
        return caf::unit;
      changed_.wait(lock, [&] {
        return stop.stop_requested() || !find_service(service)
               || (all = lines_of(service)).size() > next;
      });
    }
  }

  caf::expected<std::vector<image_info>> images() override {
    return guarded([&]() -> caf::expected<std::vector<image_info>> { return images_; });
  }

  caf::expected<caf::unit_t> remove_image(const std::string& name) override {
    return guarded([&]() -> caf::expected<caf::unit_t> {
      for (auto& x : images_) {
        if (std::ranges::count(x.digests, name) == 0)
          continue;
        if (std::ranges::any_of(services_, [&](const kept& y) { return y.spec.image == name; }))
          return caf::make_error(ec::conflict, "a container uses " + name);
        std::erase(x.digests, name);
      }
      std::erase_if(images_, [](const auto& x) { return x.digests.empty() && x.tags.empty(); });
      return caf::unit;
    });
  }

  caf::expected<uint64_t> image_bytes() override {
    return guarded([&]() -> caf::expected<uint64_t> {
      uint64_t result = 0;
      for (const auto& x : images_)
        result += x.bytes;
      return result;
    });
  }

  void watch(const std::function<void(const engine_event&)>& on_event,
             std::stop_token stop) override {
    std::stop_callback wake{stop, [this] { locked([&] { changed_.notify_all(); }); }};
    std::unique_lock delivery{delivery_};
    on_event({});
    std::unique_lock lock{mutex_};
    const auto place = watchers_.insert(watchers_.end(), &on_event);
    changed_.notify_all();
    delivery.unlock();
    changed_.wait(lock, [&] { return stop.stop_requested(); });
    watchers_.erase(place);
    lock.unlock();
    delivery.lock(); // nobody is inside on_event when this returns
  }

private:
  struct kept {
    service_spec spec;
    std::vector<task_info> tasks; // oldest first
  };

  struct container {
    std::string service;
    std::vector<std::string> log;
    std::vector<std::pair<output_stream, std::string>> output; // of log: from where, when
    std::vector<listening_socket> sockets;
  };

  template <class F>
  void locked(F f) {
    std::lock_guard lock{mutex_};
    f();
  }

  /// Runs *f* under the lock unless the engine is down, then reports what happened.
  template <class F>
  std::invoke_result_t<F> guarded(F f) {
    std::unique_lock lock{mutex_};
    if (down_)
      return refused();
    auto result = f();
    lock.unlock();
    publish();
    return result;
  }

  static service_info info_of(const service_spec& x) {
    return {x.name, x.tenant, x.app, x.release, x.replicas, x.image};
  }

  static caf::error refused() {
    return make_failure(
      ec::unavailable,
      {cause::engine_unavailable, "The fake engine is down.", {}, "Set it up again."});
  }

  kept* find_service(const std::string& name) {
    auto i = std::ranges::find(services_, name, [](const kept& x) { return x.spec.name; });
    return i == services_.end() ? nullptr : &*i;
  }

  task_info* find_task(const std::string& container_id) {
    for (auto& x : services_)
      for (auto& t : x.tasks)
        if (!container_id.empty() && t.container_id == container_id)
          return &t;
    return nullptr;
  }

  std::vector<std::string> lines_of(const std::string& service) {
    std::vector<std::string> result;
    for (const auto& [id, x] : containers_)
      if (x.service == service)
        result.insert(result.end(), x.log.begin(), x.log.end());
    return result;
  }

  std::string new_id(const char* prefix) { return prefix + std::to_string(1000 + ++ids_); }

  std::string start(task_info& t, const std::string& address) {
    t.container_id = new_id("container-");
    t.state = task_state::running;
    t.address = address;
    t.message.clear();
    containers_[t.container_id].service = t.service;
    queue(engine_event::kind::created, t);
    queue(engine_event::kind::started, t);
    return t.container_id;
  }

  void end(task_info& t, task_state state, int exit_code) {
    t.state = state;
    t.exit_code = exit_code;
    t.address.clear();
    queue(engine_event::kind::died, t);
  }

  /// Adds and ends tasks until as many are wanted as the spec says.
  void fill(kept& x) {
    auto wanted = static_cast<uint32_t>(std::ranges::count(x.tasks, true, &task_info::wanted));
    for (; wanted < x.spec.replicas; ++wanted) {
      task_info t;
      t.id = new_id("task-");
      t.service = x.spec.name;
      if (autorun_)
        start(t, "127.0.0.1");
      x.tasks.push_back(t);
    }
    for (auto i = x.tasks.rbegin(); wanted > x.spec.replicas && i != x.tasks.rend(); ++i) {
      if (!i->wanted)
        continue;
      i->wanted = false;
      --wanted;
      if (i->state == task_state::running) {
        end(*i, task_state::stopped, 143);
        queue(engine_event::kind::destroyed, *i);
      } else {
        i->state = task_state::stopped;
      }
    }
  }

  void queue(engine_event::kind what, const task_info& t) {
    const auto code = what == engine_event::kind::died ? t.exit_code : 0;
    outbox_.push_back({what, t.service, t.id, t.container_id, code});
  }

  /// Hands the queued events to all watchers, in order, without the lock.
  void publish() {
    std::lock_guard delivery{delivery_};
    if (std::exchange(delivering_, true))
      return; // a watcher caused this event: the loop that called it goes on with it
    while (true) {
      std::unique_lock lock{mutex_};
      if (outbox_.empty())
        break;
      const auto event = outbox_.front();
      outbox_.pop_front();
      const auto watchers = watchers_;
      lock.unlock();
      changed_.notify_all();
      for (const auto* on_event : watchers)
        (*on_event)(event);
    }
    delivering_ = false;
  }

  std::recursive_mutex delivery_; // a watcher may cause further events
  bool delivering_ = false;       // guarded by delivery_
  std::mutex mutex_;
  std::condition_variable changed_;
  bool down_ = false;
  bool autorun_ = false;
  uint64_t ids_ = 0;
  uint64_t lines_ = 0;
  std::shared_ptr<std::atomic<int>> living_ = std::make_shared<std::atomic<int>>(0);
  std::list<kept> services_;
  std::map<std::string, container> containers_;
  std::set<std::string> networks_;
  std::vector<image_info> images_;
  std::list<engine_event> outbox_;
  std::list<const std::function<void(const engine_event&)>*> watchers_;
};

} // namespace backendim::test
