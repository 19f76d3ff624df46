#include "actors/build.hpp"

#include "protocol/types.hpp"

#include <fstream>
#include <system_error>
#include <utility>

namespace backendim {

namespace fs = std::filesystem;

namespace {

/// What the caller asked for wins, key by key.
app_config merged(app_config base, const app_config& over) {
  boost::mp11::mp_for_each<fields_of<app_config>>([&](auto field) {
    if (const auto& wish = over.*field.pointer)
      base.*field.pointer = wish;
  });
  return base;
}

build_job job_of(const build_tools& tools, const std::string& id, const std::string& tenant) {
  build_job result;
  result.id = id;
  result.tenant = tenant;
  result.context = tools.work / id / "source";
  return result;
}

caf::error disk_error(const fs::path& path) {
  return caf::make_error(ec::unavailable, "cannot write " + path.string());
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

caf::result<source_fetched> do_fetch(const build_tools& tools, const fetch_source& x,
                                     std::stop_token stop) {
  const auto folder = tools.work / x.id;
  const line_sink log = [&](std::string_view line) { (void)tools.logs->append(x.id, line); };
  std::error_code failed;
  fs::remove_all(folder, failed); // of an earlier try
  fs::create_directories(folder, failed);
  if (failed)
    return disk_error(folder);
  auto fetched = fetch(tools, x, folder / "source", log, stop);
  if (!fetched)
    return std::move(fetched.error());
  log("fetched " + std::to_string(fetched->files) + " files, " + std::to_string(fetched->bytes)
      + " bytes");
  auto config = tools.inspector->read_config(folder / "source");
  if (!config)
    return std::move(config.error());
  source_fetched result;
  result.config = merged(std::move(*config), x.config);
  auto plan = tools.inspector->plan(folder / "source", result.config);
  if (!plan)
    return std::move(plan.error());
  result.plan = std::move(*plan);
  for (const auto& why : result.plan.why)
    log("plan: " + why);
  return result;
}

caf::result<image_built> do_build(const build_tools& tools, const build_image& x,
                                  std::stop_token stop) {
  const line_sink log = [&](std::string_view line) { (void)tools.logs->append(x.id, line); };
  auto job = job_of(tools, x.id, x.tenant);
  if (x.plan.containerfile) {
    job.containerfile = job.context / *x.plan.containerfile;
  } else {
    job.containerfile = tools.work / x.id / "Containerfile";
    job.base_image = x.plan.base_image;
    std::ofstream file{job.containerfile};
    file << tools.inspector->containerfile(x.plan);
    if (!file.flush())
      return disk_error(job.containerfile);
  }
  auto image = tools.builder->build(job, log, std::move(stop));
  if (!image) {
    (void)tools.builder->clean(job); // whatever it says, the build's own reason matters
    return std::move(image.error());
  }
  return image_built{std::move(*image)};
}

caf::result<image_pushed> do_push(const build_tools& tools, const push_image& x,
                                  std::stop_token stop) {
  const line_sink log = [&](std::string_view line) { (void)tools.logs->append(x.id, line); };
  const auto job = job_of(tools, x.id, x.tenant);
  auto image = tools.builder->push(job, x.tenant + "/" + x.app, log, std::move(stop));
  if (!image)
    return std::move(image.error());
  std::error_code ignored; // the source is in the image and in the blob store
  fs::remove_all(tools.work / x.id, ignored);
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
      fs::remove_all(tools.work / x.id, ignored);
      return work_cancelled{x.id};
    },
  };
}

} // namespace backendim
