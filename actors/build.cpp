#include "actors/build.hpp"

#include "actors/redactor.hpp"
#include "protocol/json.hpp"
#include "protocol/paths.hpp"
#include "protocol/plain_text.hpp"
#include "protocol/types.hpp"

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <fstream>
#include <map>
#include <optional>
#include <system_error>
#include <utility>

namespace backendim {

namespace fs = std::filesystem;

namespace {

fs::path folder_of(const build_tools& tools, const std::string& tenant, const std::string& id) {
  return tools.work / work_name(tenant, id);
}

build_job job_of(const build_tools& tools, const std::string& id, const std::string& tenant) {
  build_job result;
  result.id = id;
  result.tenant = tenant;
  result.context = folder_of(tools, tenant, id) / "source";
  return result;
}

caf::error disk_error(const fs::path& path, const std::error_code& why) {
  auto text = "cannot write " + path.string() + ": " + why.message();
  if (why == std::errc::no_space_on_device)
    return disk_full(std::move(text));
  return caf::make_error(ec::unavailable, std::move(text));
}

caf::expected<unpacked_source> fetch(const build_tools& tools, const fetch_source& x,
                                     const fs::path& into, const line_sink& log,
                                     std::stop_token stop) {
  if (x.source.git)
    return tools.fetcher->clone(*x.source.git, x.source.ref ? *x.source.ref : "", into,
                                tools.limits, log, std::move(stop));
  auto archive = tools.blobs->open(x.source.blob ? *x.source.blob : "");
  if (!archive)
    return make_failure(ec::invalid_request,
                        {cause::source_rejected,
                         "The uploaded archive cannot be read: " + render(archive.error()),
                         {},
                         "Upload the source again."});
  return tools.fetcher->unpack(**archive, into, tools.limits, std::move(stop));
}

/// Writes the build log, without the values of secrets.
template <class Job>
line_sink log_of(const build_tools& tools, const Job& x, const redactor& redacted) {
  return [&tools, name = work_name(x.tenant, x.id), &redacted](std::string_view line) {
    (void)tools.logs->append(name, redacted(line));
  };
}

caf::result<source_fetched> do_fetch(const build_tools& tools, const fetch_source& x,
                                     std::stop_token stop) {
  const auto folder = folder_of(tools, x.tenant, x.id);
  const auto redacted = redactor_of(*tools.keys, x.secrets);
  const auto log = log_of(tools, x, redacted);
  std::error_code failed;
  fs::remove_all(folder, failed); // of an earlier try
  fs::create_directories(folder, failed);
  if (failed)
    return disk_error(folder, failed);
  auto fetched = fetch(tools, x, folder / "source", log, stop);
  if (!fetched)
    return redacted(fetched.error());
  log("fetched " + std::to_string(fetched->files) + " files, " + std::to_string(fetched->bytes)
      + " bytes");
  auto config = tools.inspector->read_config(folder / "source");
  if (!config)
    return redacted(config.error());
  source_fetched result;
  result.config = merged(std::move(*config), x.config);
  auto plan = tools.inspector->plan(folder / "source", result.config);
  if (!plan)
    return redacted(plan.error());
  result.plan = std::move(*plan);
  for (auto& why : result.plan.why) {
    why = redacted(why);
    log("plan: " + why);
  }
  if (!is_utf8(to_json_text(result)))
    return make_failure(ec::invalid_request,
                        {cause::source_rejected,
                         "A name or command that was found in the source is not UTF-8.",
                         {plain_text(to_json_text(result.plan))},
                         "Write it in UTF-8."});
  return result;
}

/// Only those that the plan names; the others are none of the build's business.
caf::expected<std::map<std::string, std::string>> opened_for_build(vault& keys,
                                                                   const build_image& x) {
  auto wanted = x.secrets;
  std::erase_if(wanted.items, [&](const sealed_secret& item) {
    return std::ranges::find(x.plan.secrets, item.name) == x.plan.secrets.end();
  });
  auto values = opened(keys, wanted);
  if (!values)
    return std::move(values.error());
  return std::map<std::string, std::string>{values->begin(), values->end()};
}

std::string mebibytes(uint64_t bytes) {
  return std::to_string(bytes >> 20) + " MiB";
}

/// What the tenant's builds keep, none when nobody limits it. Beyond the limit the caches go first,
/// which costs the next builds time and nothing else; while another build of the tenant uses them,
/// nothing is removed or refused.
caf::expected<std::optional<uint64_t>> room_for(const build_tools& tools, const build_image& x,
                                                const line_sink& log, std::stop_token stop) {
  if (!x.disk_limit)
    return std::optional<uint64_t>{};
  auto kept = tools.builder->kept_bytes(x.tenant, stop);
  if (kept && *kept > *x.disk_limit) {
    log(x.tenant + " keeps " + mebibytes(*kept) + " and may keep " + mebibytes(*x.disk_limit)
        + ": its build caches are removed");
    const auto removed = tools.builder->prune(x.tenant, std::chrono::seconds{0}, false, stop);
    if (!removed && removed.error() == ec::conflict)
      return std::optional{*kept};
    kept = tools.builder->kept_bytes(x.tenant, stop);
  }
  if (!kept)
    return std::move(kept.error());
  if (*kept <= *x.disk_limit)
    return std::optional{*kept};
  return caf::make_error(
    ec::quota_exceeded,
    quota_refusal{quota_kind::disk, *kept, *x.disk_limit,
                  "The builds of " + x.tenant + " keep " + mebibytes(*kept)
                    + " without any cache; they may keep " + mebibytes(*x.disk_limit) + ".",
                  "Ask the platform's operator for more: backend-im admin quota " + x.tenant
                    + " --disk " + std::to_string((*kept >> 20) + 1) + "MiB"});
}

caf::result<image_built> do_build(const build_tools& tools, const build_image& x,
                                  std::stop_token stop) {
  const auto redacted = redactor_of(*tools.keys, x.secrets);
  const auto log = log_of(tools, x, redacted);
  const auto kept = room_for(tools, x, log, stop);
  if (!kept)
    return kept.error();
  auto job = job_of(tools, x.id, x.tenant);
  auto secrets = opened_for_build(*tools.keys, x);
  if (!secrets)
    return std::move(secrets.error());
  job.secrets = std::move(*secrets);
  if (x.plan.containerfile) {
    job.containerfile = job.context / *x.plan.containerfile;
  } else {
    job.containerfile = folder_of(tools, x.tenant, x.id) / "Containerfile";
    job.base_image = x.plan.base_image;
    std::ofstream file{job.containerfile};
    file << tools.inspector->containerfile(x.plan);
    if (!file.flush())
      return disk_error(job.containerfile, {errno, std::generic_category()});
  }
  auto image = tools.builder->build(job, log, std::move(stop));
  if (!image) {
    (void)tools.builder->clean(job); // whatever it says, the build's own reason matters
    return redacted(image.error());
  }
  image_built result{std::move(*image)};
  if (*kept)
    result.disk_bytes = **kept;
  return result;
}

caf::result<image_pushed> do_push(const build_tools& tools, const push_image& x,
                                  std::stop_token stop) {
  const redactor nothing; // no secret is near a push
  const auto log = log_of(tools, x, nothing);
  const auto job = job_of(tools, x.id, x.tenant);
  auto image = tools.builder->push(job, x.tenant + "/" + x.app, log, stop);
  if (!image) {
    if (stop.stop_requested())
      (void)tools.builder->clean(job);
    return nothing(image.error());
  }
  std::error_code ignored; // the source is in the image and in the blob store
  fs::remove_all(folder_of(tools, x.tenant, x.id), ignored);
  return image_pushed{std::move(*image)};
}

} // namespace

build_actor::behavior_type build(build_actor::pointer, build_tools tools, std::stop_token stop) {
  return {
    [tools, stop](const fetch_source& x) { return do_fetch(tools, x, stop); },
    [tools, stop](const build_image& x) { return do_build(tools, x, stop); },
    [tools, stop](const push_image& x) { return do_push(tools, x, stop); },
    [tools](const cancel_work& x) -> caf::result<work_cancelled> {
      std::error_code ignored;
      fs::remove_all(folder_of(tools, x.tenant, x.id), ignored);
      build_job job;
      job.id = x.id;
      job.tenant = x.tenant;
      (void)tools.builder->clean(job);
      return work_cancelled{x.id};
    },
  };
}

} // namespace backendim
