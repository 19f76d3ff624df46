#pragma once

#include "adapters/edge.hpp"
#include "adapters/image_builder.hpp"
#include "adapters/log_store.hpp"
#include "adapters/prober.hpp"
#include "adapters/route_memory.hpp"
#include "adapters/source.hpp"

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace backendim::test {

using namespace std::chrono_literals;

/// A repository that is there at once, understood as an app on port 3000.
class instant_source : public source_fetcher, public source_inspector {
public:
  caf::expected<unpacked_source> unpack(blob_reader&, const std::filesystem::path&,
                                        const source_limits&, std::stop_token) override {
    return caf::make_error(ec::internal, "these tests clone");
  }
  caf::expected<unpacked_source> clone(const std::string&, const std::string&,
                                       const std::filesystem::path& into, const source_limits&,
                                       const line_sink&, std::stop_token) override {
    std::filesystem::create_directories(into);
    return unpacked_source{1, 1};
  }
  app_config config; ///< What its backend-im.yml says.
  caf::expected<app_config> read_config(const std::filesystem::path&) override { return config; }
  caf::expected<build_plan> plan(const std::filesystem::path&, const app_config&) override {
    build_plan result;
    result.framework = "express";
    result.port = 3000;
    return result;
  }
  std::string containerfile(const build_plan&) override { return "FROM node:20\n"; }
};

class instant_builder : public image_builder {
public:
  bool broken = false;
  std::string says = "E404"; ///< When it is broken.
  bool registry_away = false;
  caf::expected<std::string> build(const build_job&, const line_sink&, std::stop_token) override {
    if (broken)
      return make_failure(ec::build_failed,
                          {cause::build_failed, "npm install failed", {says}, "look"});
    return std::string{"image"};
  }
  caf::expected<std::string> push(const build_job&, const std::string& repository, const line_sink&,
                                  std::stop_token) override {
    if (registry_away)
      return make_failure(ec::unavailable,
                          {cause::registry_unavailable, "it does not answer", {}, "wait"});
    return "registry/" + repository + "@sha256:1";
  }
  caf::expected<caf::unit_t> clean(const build_job&) override { return caf::unit; }
  caf::expected<std::vector<std::string>> tenants() override { return std::vector<std::string>{}; }
  uint64_t kept = 0; ///< Bytes, with the caches.
  uint64_t caches = 0;
  caf::expected<uint64_t> kept_bytes(const std::string&, std::stop_token) override { return kept; }
  caf::expected<build_caches> prune(const std::string&, std::chrono::seconds, bool,
                                    std::stop_token) override {
    kept -= std::min(kept, caches);
    caches = 0;
    return build_caches{};
  }
};

class no_logs : public log_store {
public:
  caf::expected<caf::unit_t> append(const std::string&, std::string_view) override {
    return caf::unit;
  }
  caf::expected<page> read(const std::string&, uint64_t, size_t) override { return page{}; }
  uint64_t when_longer(const std::string&, uint64_t, std::function<void()>) override { return 0; }
  void cancel(uint64_t) override {}
  caf::expected<caf::unit_t> remove(const std::string&) override { return caf::unit; }
  caf::expected<std::vector<kept_log>> list() override { return std::vector<kept_log>{}; }
};

/// Uses each table at once; nothing is ever in flight. Something in front may not know its hosts.
class instant_edge : public edge {
public:
  route_table table;
  int whole = 0; ///< Tables in which the host had tasks and no split.
  void publish(route_table x, std::function<void()> used) override {
    table = std::move(x);
    for (const auto& [host, route] : table.hosts)
      whole += !route.upstreams.empty() && !route.split ? 1 : 0;
    used();
  }
  void when_idle(std::vector<upstream_address>, std::function<void()> idle) override { idle(); }
  split_count count; ///< Of the split in the table.
  split_count count_of(const std::string&) override { return count; }
  caf::error hidden;
  int asked = 0;
  void when_reachable(const std::string&, std::function<void(caf::error)> done) override {
    ++asked;
    done(hidden);
  }
};

class memory_in_memory : public route_memory {
public:
  gateway_info last() override { return table_; }
  void keep(gateway_info table) override { table_ = std::move(table); }

private:
  gateway_info table_;
};

class scripted_prober : public prober {
public:
  probe_result result{probe_result::outcome::good, 200};
  void probe(const probe_request&, std::function<void(probe_result)> done) override {
    done(result);
  }
};

} // namespace backendim::test
