#include "adapters/docker/engine.hpp"

#include "adapters/docker/api.hpp"
#include "adapters/docker/fields.hpp"
#include "adapters/docker/log_frames.hpp"
#include "adapters/docker/network.hpp"
#include "adapters/docker/proc_net.hpp"
#include "adapters/docker/service.hpp"
#include "adapters/docker/task.hpp"
#include "adapters/http/client.hpp"

#include <algorithm>
#include <condition_variable>
#include <fstream>
#include <iterator>
#include <utility>

namespace backendim::docker {

namespace {

namespace json = boost::json;

/// How often a change is tried again when somebody else changed the service in between.
constexpr int update_attempts = 8;

std::string read_file(const std::string& path) {
  std::ifstream in{path};
  return {std::istreambuf_iterator<char>{in}, {}};
}

class swarm_engine : public container_engine {
public:
  explicit swarm_engine(engine_config config)
    : config_{std::move(config)}, api_{config_}, networks_{api_, config_} {}

  caf::expected<engine_info> info() override {
    auto version = api_.version();
    if (!version)
      return std::move(version.error());
    auto got = api_.get("/info");
    if (!got)
      return std::move(got.error());
    if (!got->ok())
      return refusal(*got, "info");
    engine_info result;
    result.node = config_.node.empty() ? text(got->body, "/Name") : config_.node;
    result.version = text(got->body, "/ServerVersion");
    result.api_version = std::to_string(version->major) + "." + std::to_string(version->minor);
    result.swarm_manager = text(got->body, "/Swarm/LocalNodeState") == "active"
                           && flag(got->body, "/Swarm/ControlAvailable");
    result.cgroup_version = text(got->body, "/CgroupVersion");
    for (const auto& x : list(got->body, "/Warnings"))
      result.warnings.push_back(text(x, ""));
    return result;
  }

  caf::expected<caf::unit_t> ensure_network(const std::string& tenant) override {
    return networks_.ensure(tenant);
  }

  caf::expected<caf::unit_t> remove_network(const std::string& tenant) override {
    return networks_.remove(tenant);
  }

  caf::expected<caf::unit_t> ensure_service(const service_spec& spec) override {
    auto version = api_.version();
    if (!version)
      return std::move(version.error());
    if (spec.image.empty())
      return caf::make_error(ec::invalid_request, "a service needs an image");
    const auto body
      = encode_service(spec, config_.platform_id, networks_.name_of(spec.tenant), *version);
    auto made = api_.post("/services/create", body);
    if (made && made->status == 500 && made->message.ends_with("not found")) { // the network
      if (auto ensured = networks_.ensure(spec.tenant); !ensured)
        return ensured;
      made = api_.post("/services/create", body);
    }
    if (!made)
      return std::move(made.error());
    if (made->ok())
      return caf::unit;
    if (made->status == 409) {
      auto there = find_service(spec.name);
      if (there || there.error() != ec::not_found)
        return there ? caf::expected<caf::unit_t>{caf::unit} : std::move(there.error());
      return caf::make_error(ec::conflict, "a service of this name is not ours: " + spec.name);
    }
    return refusal(*made, "service " + spec.name);
  }

  caf::expected<caf::unit_t> scale_service(const std::string& name, uint32_t replicas) override {
    caf::error last;
    for (int i = 0; i < update_attempts; ++i) {
      auto x = find_service(name);
      if (!x)
        return std::move(x.error());
      auto spec = x->at("Spec");
      spec.at_pointer("/Mode/Replicated/Replicas") = replicas;
      auto updated = api_.post("/services/" + text(*x, "/ID") + "/update?version="
                                 + std::to_string(number(*x, "/Version/Index")),
                               spec);
      if (!updated)
        return std::move(updated.error());
      if (updated->ok())
        return caf::unit;
      last = refusal(*updated, "service " + name);
      // Swarm says so with status 500, in these words.
      if (updated->message.find("update out of sequence") == std::string::npos)
        break;
    }
    return last;
  }

  caf::expected<caf::unit_t> remove_service(const std::string& name) override {
    auto x = find_service(name);
    if (!x)
      return x.error() == ec::not_found ? caf::expected<caf::unit_t>{caf::unit}
                                        : std::move(x.error());
    auto removed = api_.remove("/services/" + text(*x, "/ID"));
    if (!removed)
      return std::move(removed.error());
    if (removed->ok() || removed->status == 404)
      return caf::unit;
    return refusal(*removed, "service " + name);
  }

  caf::expected<std::vector<service_info>> services() override {
    auto got = api_.get("/services?" + filter_query({{"label", {platform_label()}}}));
    if (!got)
      return std::move(got.error());
    if (!got->ok())
      return refusal(*got, "services");
    std::vector<service_info> result;
    for (const auto& x : list(got->body, ""))
      result.push_back(decode_service(x));
    return result;
  }

  caf::expected<std::vector<task_info>> tasks(const std::string& service) override {
    auto got = api_.get("/tasks?" + filter_query({{"service", {service}}}));
    if (!got)
      return std::move(got.error());
    if (got->status == 404)
      return std::vector<task_info>{};
    if (!got->ok())
      return refusal(*got, "tasks of " + service);
    auto containers = local_containers(service);
    if (!containers)
      return std::move(containers.error());
    std::map<std::string, std::string> addresses;
    if (std::ranges::any_of(*containers, [](const auto& x) { return x.second.running; })) {
      auto bridge = api_.get("/networks/docker_gwbridge");
      if (!bridge)
        return std::move(bridge.error());
      addresses = decode_addresses(bridge->body); // none while the bridge is not there
    }
    return merge_tasks(got->body, service, config_.platform_id, *containers, addresses);
  }

  caf::expected<std::vector<listening_socket>> listening(const std::string& container_id) override {
    auto x = find_container(container_id);
    if (!x)
      return std::move(x.error());
    const auto pid = number(*x, "/State/Pid");
    if (pid == 0)
      return std::vector<listening_socket>{}; // not running
    const auto folder = config_.proc + "/" + std::to_string(pid) + "/net/";
    return parse_proc_net(read_file(folder + "tcp") + read_file(folder + "tcp6"));
  }

  caf::expected<std::vector<std::string>> container_log(const std::string& container_id,
                                                        uint32_t lines) override {
    if (auto x = find_container(container_id); !x)
      return std::move(x.error());
    std::vector<std::string> result;
    auto done = read_log("/containers/" + http::percent_encode(container_id), {lines, false, false},
                         [&](std::string_view line) { result.emplace_back(line); }, {});
    if (!done)
      return std::move(done.error());
    return result;
  }

  caf::expected<caf::unit_t> service_log(const std::string& service, const log_query& query,
                                         const line_sink& on_line, std::stop_token stop) override {
    auto x = find_service(service);
    if (!x)
      return std::move(x.error());
    return read_log("/services/" + text(*x, "/ID"), query, on_line, stop);
  }

  void watch(const std::function<void(const engine_event&)>& on_event,
             std::stop_token stop) override {
    auto pause = config_.first_retry;
    while (!stop.stop_requested()) {
      (void)watch_once(on_event, stop, [&] { pause = config_.first_retry; });
      // Why it broke is nothing that the caller could act on: the next resync repairs it.
      std::mutex mutex;
      std::unique_lock lock{mutex};
      std::condition_variable_any().wait_for(lock, stop, pause, [] { return false; });
      pause = std::min(pause * 2, config_.last_retry);
    }
  }

private:
  std::string platform_label() const {
    return std::string{label::platform} + "=" + config_.platform_id;
  }

  /// The service if it is ours. Fails with not_found.
  caf::expected<json::value> find_service(const std::string& name) {
    auto got = api_.get("/services/" + http::percent_encode(name));
    if (!got)
      return std::move(got.error());
    if (got->ok() && text(got->body, "/Spec/Name") == name // the engine takes prefixes of IDs too
        && member(members(got->body, "/Spec/Labels"), label::platform) == config_.platform_id)
      return std::move(got->body);
    if (got->ok() || got->status == 404)
      return caf::make_error(ec::not_found, "no service " + name);
    return refusal(*got, "service " + name);
  }

  /// The container if it is ours. Fails with not_found.
  caf::expected<json::value> find_container(const std::string& id) {
    auto got = api_.get("/containers/" + http::percent_encode(id) + "/json");
    if (!got)
      return std::move(got.error());
    if (got->ok()
        && member(members(got->body, "/Config/Labels"), label::platform) == config_.platform_id)
      return std::move(got->body);
    if (got->ok() || got->status == 404)
      return caf::make_error(ec::not_found, "no container " + id);
    return refusal(*got, "container " + id);
  }

  /// The containers of a service on this node, by task. One call, and one for each that ended.
  caf::expected<std::map<std::string, local_container>>
  local_containers(const std::string& service) {
    const auto of_service = "com.docker.swarm.service.name=" + service;
    auto got = api_.get("/containers/json?all=1&"
                        + filter_query({{"label", {platform_label(), of_service}}}));
    if (!got)
      return std::move(got.error());
    if (!got->ok())
      return refusal(*got, "containers of " + service);
    auto result = decode_containers(got->body);
    for (auto& [task, x] : result) {
      if (!x.ended)
        continue;
      auto inspected = api_.get("/containers/" + x.id + "/json");
      if (!inspected)
        return std::move(inspected.error());
      if (inspected->ok())
        add_details(x, inspected->body);
      else
        x.ended = false; // removed meanwhile: only Swarm knows its exit code now
    }
    return result;
  }

  caf::expected<caf::unit_t> read_log(const std::string& of, const log_query& query,
                                      const line_sink& on_line, std::stop_token stop) {
    log_frames frames{on_line};
    auto got = api_.stream(
      of + "/logs?stdout=1&stderr=1&tail=" + std::to_string(query.tail)
        + "&follow=" + (query.follow ? "1" : "0") + "&timestamps=" + (query.timestamps ? "1" : "0"),
      [] {}, [&](std::string_view bytes) { frames.feed(bytes); }, stop);
    if (!got)
      return std::move(got.error());
    if (got->status == 404)
      return caf::make_error(ec::not_found, got->message);
    if (!got->ok())
      return refusal(*got, "log");
    frames.finish();
    return caf::unit;
  }

  caf::expected<answer> watch_once(const std::function<void(const engine_event&)>& on_event,
                                   std::stop_token stop, const std::function<void()>& on_open) {
    // The engine answers before it subscribes us: "since" has it replay what happened in between.
    const auto now = std::chrono::system_clock::now().time_since_epoch();
    const auto since = std::chrono::duration_cast<std::chrono::milliseconds>(now).count();
    const auto decimals = std::to_string(1000 + since % 1000).substr(1);
    const auto path = "/events?since=" + std::to_string(since / 1000) + "." + decimals + "&"
                      + filter_query({{"type", {"container"}},
                                      {"label", {platform_label()}},
                                      {"event", {"create", "start", "die", "oom", "destroy"}}});
    std::string rest;
    return api_.stream(
      path,
      [&] {
        on_open();
        on_event({});
      },
      [&](std::string_view bytes) {
        rest += bytes;
        size_t begin = 0;
        for (size_t end; (end = rest.find('\n', begin)) != std::string::npos; begin = end + 1) {
          boost::system::error_code problem;
          const auto x = json::parse(std::string_view{rest}.substr(begin, end - begin), problem);
          if (auto event = problem ? std::nullopt : decode_event(x))
            on_event(*event);
        }
        rest.erase(0, begin);
      },
      stop);
  }

  const engine_config config_;
  api api_;
  tenant_networks networks_;
};

} // namespace

std::shared_ptr<container_engine> connect(engine_config config) {
  return std::make_shared<swarm_engine>(std::move(config));
}

} // namespace backendim::docker
