#include "adapters/buildah/builder.hpp"

#include "adapters/buildah/base_maker.hpp"
#include "adapters/buildah/base_references.hpp"
#include "adapters/buildah/build_failures.hpp"
#include "adapters/buildah/build_network.hpp"
#include "adapters/buildah/build_output.hpp"
#include "adapters/buildah/cache_prune.hpp"
#include "adapters/buildah/leftovers.hpp"
#include "adapters/buildah/pushed_digest.hpp"
#include "adapters/buildah/sandbox.hpp"
#include "adapters/buildah/settings_files.hpp"
#include "adapters/buildah/used_bytes.hpp"
#include "protocol/error.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <chrono>
#include <fstream>
#include <map>
#include <mutex>
#include <shared_mutex>
#include <system_error>
#include <utility>

namespace backendim::buildah {

namespace fs = std::filesystem;
using namespace std::chrono_literals;
using steady = std::chrono::steady_clock;

namespace {

constexpr auto end_limit = 1s;
constexpr auto known_for = 1h; // a base image that was there is taken to be there this long

class rootless_builder : public image_builder {
public:
  rootless_builder(builder_options options, build_account account, std::vector<mounted_file> mounts)
    : options_{std::move(options)}, account_{std::move(account)}, mounts_{std::move(mounts)} {}

  caf::expected<std::string> build(const build_job& job, const line_sink& on_line,
                                   std::stop_token stop) override {
    const auto home = prepare_home(job.tenant);
    if (!home)
      return home.error();
    std::ifstream file{job.containerfile};
    const std::string text{std::istreambuf_iterator<char>{file}, {}};
    if (!file)
      return make_failure(
        ec::build_failed,
        {cause::build_failed, "The Containerfile cannot be read.", {}, "Make it a plain file."});
    for (bool again = true;; again = false) {
      for (const auto& image : base_references(text))
        if (auto why = fetch_base(*home, job, image, on_line, stop))
          return why;
      auto result = run_build(*home, job, on_line, stop);
      // Somebody may have emptied the storage since a base image was last fetched. And on a busy
      // machine buildah may fail to start itself for a step; what was built so far is kept.
      if (result || !again
          || !says(failure_of(result.error()).evidence, {"image not known", "sealing memfd copy"}))
        return result;
    }
  }

  caf::expected<std::string> push(const build_job& job, const std::string& repository,
                                  const line_sink& on_line, std::stop_token stop) override {
    const auto home = prepare_home(job.tenant);
    if (!home)
      return home.error();
    const auto image = digest_in(results_of(job) / "image");
    const auto gone
      = caf::make_error(ec::not_found, "there is no image of " + job.id + " any more");
    if (image.empty()) {
      // A daemon that was killed may have pushed it and not lived to say so.
      auto before = pushed_digest(options_.registry, repository, job.id);
      if (!before)
        return std::move(before.error());
      if (before->empty())
        return gone;
      return options_.registry + "/" + repository + "@" + *before;
    }
    const auto inside = options_.gate->enter(stop);
    if (!inside)
      return stopped();
    const auto reference = options_.registry + "/" + repository;
    auto ran = run({.home = *home, .id = job.id, .results = results_of(job)},
                   {"push", "--quiet", "--retry", "1", "--digestfile",
                    std::string{inside::results} + "/digest", image,
                    "docker://" + reference + ":" + job.id},
                   on_line, stop);
    if (!ran)
      return std::move(ran.error());
    if (ran->stopped)
      return stopped();
    if (!ran->good() && says(ran->tail, {"image not known"}))
      return gone;
    if (!ran->good())
      return push_failure(options_.registry, repository, ran->tail);
    const auto digest = digest_in(results_of(job) / "digest");
    if (digest.empty())
      return caf::make_error(ec::internal, "buildah named no digest");
    std::error_code ignored;
    fs::remove_all(results_of(job), ignored);
    return reference + "@" + digest;
  }

  caf::expected<caf::unit_t> clean(const build_job& job) override {
    const auto home = home_of(job.tenant);
    std::error_code ignored;
    fs::remove_all(results_of(job), ignored);
    if (job.tenant.empty() || !fs::exists(home))
      return caf::unit;
    const std::unique_lock alone{builds_of(job.tenant), std::try_to_lock};
    auto ran = subprocess::run(sandboxed(sandbox_of({.home = home, .id = "clean-" + job.id}),
                                         removal_of(job.id, alone.owns_lock(), buildah())),
                               {}, {});
    if (!ran)
      return std::move(ran.error());
    return caf::unit;
  }

  caf::expected<std::vector<std::string>> tenants() override {
    std::vector<std::string> result;
    std::error_code failed;
    for (fs::directory_iterator i{options_.state / "builder" / "tenants", failed}, end;
         !failed && i != end; i.increment(failed))
      result.push_back(i->path().filename());
    return result;
  }

  caf::expected<uint64_t> kept_bytes(const std::string& tenant, std::stop_token stop) override {
    return used_bytes(home_of(tenant), stop);
  }

  caf::expected<build_caches> prune(const std::string& tenant, std::chrono::seconds age,
                                    bool dry_run, std::stop_token stop) override {
    if (!fs::exists(home_of(tenant)))
      return build_caches{};
    const std::unique_lock alone{builds_of(tenant), std::try_to_lock};
    if (!alone.owns_lock())
      return caf::make_error(ec::conflict, "a build of " + tenant + " is under way");
    const auto keep = images_in(options_.state / "builder" / "results"); // still to be pushed
    auto command = sandboxed(sandbox_of({.home = home_of(tenant), .id = "prune"}),
                             prune_of(age, keep, dry_run, buildah()));
    command.limit = 2min; // builds of the tenant wait for it
    build_caches result;
    auto ran = subprocess::run(command, std::bind_front(read_prune, std::ref(result)), stop);
    if (!ran)
      return std::move(ran.error());
    if (!ran->good())
      return caf::make_error(ec::unavailable,
                             "the build caches of " + tenant + " cannot be looked at: "
                               + (ran->tail.empty() ? "no time was left" : ran->tail.back()));
    return result;
  }

  /// Removes what an earlier run of the daemon left; before the first build.
  void sweep() {
    sweep_limits(options_.platform);
    sweep_networks(options_.platform);
    std::error_code failed;
    std::vector<fs::path> unwanted;
    for (fs::directory_iterator i{options_.state / "builder" / "results", failed}, end;
         !failed && i != end; i.increment(failed))
      if (!options_.wanted || !options_.wanted(i->path().filename()))
        unwanted.push_back(i->path());
    for (const auto& folder : unwanted)
      fs::remove_all(folder, failed);
    failed.clear();
    for (fs::directory_iterator i{options_.state / "builder" / "tenants", failed}, end;
         !failed && i != end; i.increment(failed))
      if (has_leftovers(i->path()))
        (void)subprocess::run(
          sandboxed(sandbox_of({.home = i->path(), .id = "sweep"}), removal_of_all(buildah())), {},
          {});
  }

private:
  fs::path home_of(const std::string& tenant) const {
    return options_.state / "builder" / "tenants" / tenant;
  }

  /// Where the build of a job writes what it made; its parent is ours alone.
  fs::path results_of(const build_job& job) const {
    return options_.state / "builder" / "results" / job.id;
  }

  caf::error make_owned(const fs::path& folder) const {
    std::error_code failed;
    fs::create_directories(folder.parent_path(), failed);
    if (!failed && fs::create_directory(folder, failed)
        && (::chmod(folder.c_str(), 0700) != 0
            || ::chown(folder.c_str(), account_.uid, account_.gid) != 0))
      failed = std::make_error_code(std::errc::operation_not_permitted);
    if (failed)
      return caf::make_error(ec::unavailable,
                             "cannot make " + folder.string() + ": " + failed.message());
    return {};
  }

  caf::expected<fs::path> prepare_home(const std::string& tenant) {
    const auto home = home_of(tenant);
    if (auto why = make_owned(home))
      return why;
    return home;
  }

  struct places {
    fs::path home;
    std::string id;
    fs::path job = {};
    fs::path results = {};
    const build_network* network = nullptr;
    const build_limits* limits = nullptr;
    std::map<std::string, std::string> secrets = {};
  };

  sandbox sandbox_of(const places& where) const {
    sandbox x{
      account_,  options_.state,          where.home,    options_.state / "builder" / "settings",
      where.job, where.results,           where.secrets, where.id,
      proxies(), where.network != nullptr};
    x.env["BUILDAH_ISOLATION"] = "chroot";
    return x;
  }

  static std::vector<std::string> buildah() {
    return {"buildah",
            "--root",
            std::string{inside::home} + "/storage",
            "--runroot",
            std::string{inside::home} + "/run/storage",
            "--storage-driver",
            "overlay",
            "--registries-conf",
            std::string{inside::settings} + "/registries.conf"};
  }

  caf::expected<subprocess::outcome> run(const places& where,
                                         const std::vector<std::string>& arguments,
                                         const line_sink& on_line, const std::stop_token& stop) {
    auto argv = buildah();
    argv.push_back(arguments.at(0));
    argv.insert(argv.end(), {"--signature-policy", std::string{inside::settings} + "/policy.json"});
    argv.insert(argv.end(), arguments.begin() + 1, arguments.end());
    auto command = sandboxed(sandbox_of(where), argv);
    if (where.network)
      command.net_namespace = where.network->path();
    if (where.limits)
      command.join_files = where.limits->join_files();
    return subprocess::run(command, on_line, stop);
  }

  std::map<std::string, std::string> proxies() const {
    std::map<std::string, std::string> result;
    const auto& around = options_.around;
    for (const auto& [name, value] : {std::pair{"http_proxy", &around.http_proxy},
                                      {"https_proxy", &around.https_proxy},
                                      {"no_proxy", &around.no_proxy}})
      if (!value->empty())
        result[name] = *value;
    return result;
  }

  /// Sees to it that *image* is in the tenant's storage.
  caf::error fetch_base(const fs::path& home, const build_job& job, const std::string& image,
                        const line_sink& on_line, const std::stop_token& stop) {
    const auto key = job.tenant + " " + image;
    {
      const std::lock_guard guard{mutex_};
      if (const auto found = known_.find(key);
          found != known_.end() && found->second > steady::now())
        return {};
    }
    std::string name;
    if (is_official(image, name) && !options_.base_images.empty())
      if (auto why = make_base(options_, name, !job.base_image.empty(), proxies(), on_line, stop))
        return why;
    const auto origin = origin_of(image, options_.registry, job.tenant);
    if (origin == image_origin::forbidden)
      return pull_failure(image, {"denied: an image of another tenant"});
    // The platform's registry is on the machine's loopback; all others are beyond the fence,
    // whatever their names lead to.
    std::unique_ptr<build_network> network;
    if (origin == image_origin::elsewhere) {
      auto made = make_network("pull-" + job.id);
      if (!made)
        return std::move(made.error());
      network = std::move(*made);
    }
    auto ran = run({.home = home, .id = job.id, .network = network.get()},
                   {"pull", "--quiet", "--policy", "always", image}, {}, stop);
    if (!ran)
      return std::move(ran.error());
    if (ran->stopped)
      return stopped();
    if (!ran->good())
      return pull_failure(image, ran->tail);
    const std::lock_guard guard{mutex_};
    known_[key] = steady::now() + known_for;
    return {};
  }

  caf::expected<std::unique_ptr<build_network>> make_network(const std::string& id) {
    const auto fence
      = fence_of_machine(options_.around, options_.closed, options_.open, options_.front_doors);
    if (!fence)
      return fence.error();
    return build_network::make(options_.platform, id, *fence);
  }

  caf::expected<std::string> run_build(const fs::path& home, const build_job& job,
                                       const line_sink& on_line, const std::stop_token& stop) {
    auto network = make_network(job.id);
    if (!network)
      return std::move(network.error());
    auto limits = build_limits::make(options_.platform, job.id, options_.caps);
    if (!limits)
      return std::move(limits.error());
    // The Containerfile lies in the job's folder, generated or in the source.
    const auto folder = job.context.parent_path();
    const auto place = [&](const fs::path& x) {
      return (fs::path{inside::job} / x.lexically_relative(folder)).string();
    };
    std::vector<std::string> arguments{"bud",
                                       "--layers",
                                       "--force-rm",
                                       "--pull-never",
                                       "--isolation",
                                       "chroot",
                                       "--cgroup-parent",
                                       mark_of(job.id),
                                       "--iidfile",
                                       std::string{inside::results} + "/image",
                                       "--file",
                                       place(job.containerfile)};
    for (const auto& [name, value] : proxies())
      arguments.insert(arguments.end(), {"--build-arg", name + "=" + value});
    for (const auto& x : mounts_)
      arguments.insert(arguments.end(), {"--volume", std::string{inside::settings} + "/" + x.name
                                                       + ":" + x.target + ":ro"});
    for (const auto& [name, value] : job.secrets)
      arguments.push_back("--secret=id=" + name + ",src=" + inside::secrets + "/" + name);
    arguments.push_back(place(job.context));
    std::error_code ignored;
    fs::remove_all(results_of(job), ignored);
    if (auto why = make_owned(results_of(job)))
      return why;

    const std::shared_lock under_way{builds_of(job.tenant)};
    std::string step;
    const line_sink watched = [&](std::string_view line) {
      if (auto instruction = instruction_of(line); !instruction.empty())
        step = std::move(instruction);
      on_line(line);
    };
    auto ran
      = run({home, job.id, folder, results_of(job), network->get(), limits->get(), job.secrets},
            arguments, watched, stop);
    (*limits)->end(end_limit); // a moment after it was told to, when it was stopped
    if (!ran)
      return std::move(ran.error());
    if (ran->stopped)
      return stopped();
    if (ran->good()) {
      auto image = digest_in(results_of(job) / "image");
      if (image.empty())
        return caf::make_error(ec::internal, "buildah named no image");
      return image;
    }
    forget_bases(job.tenant); // the next try looks at the registry again
    if (says(ran->tail, {"no space left on device", "No space left on device"}))
      return disk_full(ran->tail.back());
    if ((*limits)->out_of_memory())
      return memory_failure(options_.caps.memory_mb, step, ran->tail);
    return make_failure(ec::build_failed,
                        {cause::build_failed, "The build failed at: " + step,
                         step_output(ran->tail),
                         "Run the same command in the project; the whole output is in "
                         "`backend-im logs --build`."});
  }

  /// Held by each build of the tenant; whoever has it alone knows that there is none.
  std::shared_mutex& builds_of(const std::string& tenant) {
    const std::lock_guard guard{mutex_};
    return builds_[tenant];
  }

  void forget_bases(const std::string& tenant) {
    const std::lock_guard guard{mutex_};
    std::erase_if(known_, [&](const auto& x) { return x.first.starts_with(tenant + " "); });
  }

  const builder_options options_;
  const build_account account_;
  const std::vector<mounted_file> mounts_;
  std::mutex mutex_;
  std::map<std::string, std::shared_mutex> builds_; ///< By tenant.
  std::map<std::string, steady::time_point> known_; ///< "tenant image", until when.
};

} // namespace

caf::expected<std::shared_ptr<image_builder>> make_builder(builder_options options) {
  for (const auto* program :
       {"buildah", "slirp4netns", "newuidmap", "unshare", "setpriv", "ip", "iptables-restore"})
    if (subprocess::find_program(program, "/usr/sbin:/usr/bin:/sbin:/bin").empty())
      return caf::make_error(ec::unavailable, std::string{"the program "} + program
                                                + " is missing; deploy/install-packages run");
  auto account = find_account(options.user);
  if (!account)
    return std::move(account.error());
  std::error_code failed;
  options.state = fs::canonical(options.state, failed);
  if (failed)
    return caf::make_error(ec::unavailable, "there is no folder " + options.state.string());
  if (auto fence = fence_of_machine({}, options.closed, options.open, {}); !fence)
    return std::move(fence.error());
  auto mounts = write_settings(options.state / "builder" / "settings", options);
  if (!mounts)
    return std::move(mounts.error());
  // It becomes a part of names, between dashes.
  std::ranges::replace_if(
    options.platform, [](unsigned char c) { return !std::isalnum(c); }, '_');
  if (options.platform.empty())
    return caf::make_error(ec::internal, "builds need the platform's id");
  auto result = std::make_shared<rootless_builder>(std::move(options), std::move(*account),
                                                   std::move(*mounts));
  result->sweep();
  return std::shared_ptr<image_builder>{std::move(result)};
}

} // namespace backendim::buildah
