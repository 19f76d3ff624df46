#include "adapters/docker/engine.hpp"

#include "adapters/docker/api.hpp"
#include "adapters/docker/exec.hpp"
#include "adapters/docker/fields.hpp"
#include "adapters/docker/file_limit.hpp"
#include "adapters/docker/image.hpp"
#include "adapters/docker/log_frames.hpp"
#include "adapters/docker/network.hpp"
#include "adapters/docker/proc_net.hpp"
#include "adapters/docker/scale.hpp"
#include "adapters/docker/service.hpp"
#include "adapters/docker/service_secrets.hpp"
#include "adapters/docker/task.hpp"
#include "adapters/http/client.hpp"

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <fstream>
#include <iterator>
#include <utility>

namespace backendim::docker {

namespace {

namespace json = boost::json;
using namespace std::chrono_literals;

constexpr auto start_limit = 60s; // of a container that Swarm made to run at once
constexpr auto start_pause = 50ms;

std::string read_file(const std::string& path) {
  std::ifstream in{path};
  return {std::istreambuf_iterator<char>{in}, {}};
}

class swarm_engine : public container_engine {
public:
  explicit swarm_engine(engine_config config)
    : config_{std::move(config)}, api_{config_}, networks_{api_, config_}, secrets_{api_, config_} {
  }

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
    result.encryption = networks_.encryption(got->body);
    result.data_folder = text(got->body, "/DockerRootDir");
    for (const auto& x : list(got->body, "/Warnings"))
      result.warnings.push_back(text(x, ""));
    return result;
  }

  caf::expected<caf::unit_t> ensure_network(const std::string& tenant) override {
    return networks_.ensure(tenant);
  }

  caf::expected<size_t> remove_idle_networks() override { return networks_.remove_idle(); }

  caf::expected<caf::unit_t> ensure_service(const service_spec& spec) override {
    auto version = api_.version();
    if (!version)
      return std::move(version.error());
    if (spec.image.empty())
      return caf::make_error(ec::invalid_request, "a service needs an image");
    const auto secrets = secrets_.place(spec);
    if (!secrets)
      return secrets.error();
    const auto body = encode_service(spec, config_.platform_id, networks_.name_of(spec.tenant),
                                     *version, *secrets, files_of_engine(config_.socket));
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
    if (made->status == 409)
      return compare(spec);
    return refusal(*made, "service " + spec.name);
  }

  caf::expected<caf::unit_t> scale_service(const std::string& name, uint32_t replicas) override {
    return docker::scale_service(api_, config_.platform_id, name, replicas);
  }

  caf::expected<caf::unit_t> remove_service(const std::string& name) override {
    auto x = find_service(name);
    if (!x && x.error() != ec::not_found)
      return std::move(x.error());
    if (x) {
      auto removed = api_.remove("/services/" + text(*x, "/ID"));
      if (!removed)
        return std::move(removed.error());
      if (!removed->ok() && removed->status != 404)
        return refusal(*removed, "service " + name);
    }
    return secrets_.remove(name);
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

  caf::expected<std::map<std::string, std::string>> running() override {
    auto all = api_.get("/containers/json?" + filter_query({{"label", {platform_label()}}}));
    if (!all)
      return std::move(all.error());
    if (!all->ok())
      return refusal(*all, "containers");
    auto bridge = api_.get("/networks/docker_gwbridge");
    if (!bridge)
      return std::move(bridge.error());
    return services_by_address(all->body, bridge->body);
  }

  caf::expected<std::vector<listening_socket>> listening(const std::string& container_id) override {
    auto x = find_container(container_id);
    if (!x)
      return std::move(x.error());
    const auto pid = number(*x, "/State/Pid");
    if (pid == 0)
      return std::vector<listening_socket>{}; // not running
    const auto folder = config_.proc + "/" + std::to_string(pid) + "/net/";
    auto result = parse_proc_net(read_file(folder + "tcp") + read_file(folder + "tcp6"));
    constexpr auto docker_dns = "127.0.0.11"; // the engine's own server in each network namespace
    std::erase_if(result, [&](const auto& socket) { return socket.address == docker_dns; });
    return result;
  }

  caf::expected<std::vector<std::string>> container_log(const std::string& container_id,
                                                        uint32_t lines) override {
    if (auto x = find_container(container_id); !x)
      return std::move(x.error());
    std::vector<std::string> result;
    auto done
      = read_log("/containers/" + http::percent_encode(container_id), tail_query(lines, false),
                 false, [&](const output_line& line) { result.emplace_back(line.text); }, {});
    if (!done)
      return done.error();
    return result;
  }

  caf::expected<caf::unit_t> service_log(const std::string& service, const log_query& query,
                                         const line_sink& on_line, std::stop_token stop) override {
    auto x = find_service(service);
    if (!x)
      return std::move(x.error());
    return read_log(
      "/services/" + text(*x, "/ID"), tail_query(query.tail, query.follow), false,
      [&](const output_line& line) { on_line(line.text); }, stop);
  }

  caf::expected<caf::unit_t> container_output(const std::string& container_id,
                                              const output_sink& on_line,
                                              std::stop_token stop) override {
    if (auto begun = await_begin(container_id, stop); !begun)
      return std::move(begun.error());
    return read_log("/containers/" + http::percent_encode(container_id),
                    "&tail=all&follow=1&timestamps=1", true, on_line, stop);
  }

  caf::expected<std::shared_ptr<exec_session>> exec(const exec_request& what) override {
    auto x = find_container(what.container_id);
    return x ? prepare_exec(api_, config_, *x, what) : std::move(x.error());
  }

  caf::expected<std::vector<image_info>> images() override {
    auto got = api_.get("/images/json");
    if (!got)
      return std::move(got.error());
    if (!got->ok())
      return refusal(*got, "images");
    std::vector<image_info> result;
    for (const auto& x : list(got->body, ""))
      result.push_back(decode_image(x));
    return result;
  }

  caf::expected<caf::unit_t> remove_image(const std::string& name) override {
    // The engine wants the slashes of a name as they are.
    auto removed = api_.remove("/images/" + name);
    if (!removed)
      return std::move(removed.error());
    if (removed->ok() || removed->status == 404)
      return caf::unit;
    return refusal(*removed, "image " + name);
  }

  caf::expected<uint64_t> image_bytes() override {
    auto got = api_.get("/system/df");
    if (!got)
      return std::move(got.error());
    if (!got->ok())
      return refusal(*got, "disk use");
    return static_cast<uint64_t>(number(got->body, "/LayersSize"));
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
  /// Who asks twice gets what is there. A name that is taken by something else is a conflict: whose
  /// it is would be served in place of what was asked for.
  caf::expected<caf::unit_t> compare(const service_spec& spec) {
    const auto there = find_service(spec.name);
    if (!there && there.error() != ec::not_found)
      return there.error();
    if (there && is_of(spec, decode_service(*there)))
      return caf::unit;
    return caf::make_error(
      ec::conflict, "the name " + spec.name + " is taken by "
                      + (there ? "another release, app or image" : "a service that is not ours"));
  }

  std::string platform_label() const {
    return std::string{label::platform} + "=" + config_.platform_id;
  }

  caf::expected<json::value> find_service(const std::string& name) {
    return docker::find_service(api_, config_.platform_id, name);
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

  /// Docker takes the output of a container that was made and not started yet for all that there
  /// will be. Looks again and again, for a while: of a start that fails there is no event.
  caf::expected<caf::unit_t> await_begin(const std::string& id, const std::stop_token& stop) {
    const auto until = std::chrono::steady_clock::now() + start_limit;
    while (true) {
      auto x = find_container(id);
      if (!x)
        return std::move(x.error());
      if (text(*x, "/State/Status") != "created" || !text(*x, "/State/Error").empty()
          || number(*x, "/State/ExitCode") != 0 || std::chrono::steady_clock::now() >= until)
        return caf::unit;
      std::mutex mutex;
      std::unique_lock lock{mutex};
      std::condition_variable_any().wait_for(lock, stop, start_pause, [] { return false; });
      if (stop.stop_requested())
        return caf::unit;
    }
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

  static std::string tail_query(uint32_t lines, bool follow) {
    return "&tail=" + std::to_string(lines) + "&follow=" + (follow ? "1" : "0");
  }

  caf::expected<caf::unit_t> read_log(const std::string& of, const std::string& query, bool stamped,
                                      const output_sink& on_line, std::stop_token stop) {
    log_frames frames{on_line, stamped};
    auto got = api_.stream(
      of + "/logs?stdout=1&stderr=1" + query, [] {},
      [&](std::string_view bytes) { frames.feed(bytes); }, stop);
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
  service_secrets secrets_;
};

} // namespace

std::shared_ptr<container_engine> connect(engine_config config) {
  return std::make_shared<swarm_engine>(std::move(config));
}

} // namespace backendim::docker
