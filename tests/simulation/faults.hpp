#pragma once

#include "protocol/deployment.hpp"
#include "tests/support/deploy_fakes.hpp"
#include "tests/support/fake_engine.hpp"
#include "tests/support/fake_journal.hpp"
#include "tests/support/temp_folder.hpp"

#include <functional>
#include <memory>
#include <random>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace backendim::simulation {

using dice = std::mt19937;

/// What happens to one call of a part of the outside world.
enum class mishap {
  none,
  before, ///< It is refused, and nothing was done.
  after,  ///< It was done, and the answer is lost.
};

/// Says what goes wrong with a part. Nothing does while it is at peace.
class trouble {
public:
  explicit trouble(dice& lot) : lot_{lot} {}

  bool away = false;        ///< Every call is refused.
  unsigned of_thousand = 0; ///< So many calls go wrong besides.

  void make_peace() {
    away = false;
    of_thousand = 0;
  }

  mishap draw() {
    if (away)
      return mishap::before;
    if (of_thousand == 0 || lot_() % 1'000 >= of_thousand)
      return mishap::none;
    return lot_() % 2 == 0 ? mishap::before : mishap::after;
  }

private:
  dice& lot_;
};

class faulty_journal : public test::fake_journal {
public:
  explicit faulty_journal(dice& lot) : writes{lot}, reads{lot} {}
  trouble writes, reads;

  std::vector<append_result> append_batch(std::span<const append_events> batch) override {
    const auto what = writes.draw();
    if (what == mishap::before)
      return {batch.size(), append_result{lost()}};
    auto results = fake_journal::append_batch(batch);
    if (what == mishap::after)
      return {batch.size(), append_result{lost()}};
    return results;
  }

protected:
  caf::expected<stream_rows> rows_of(const std::string& stream, uint64_t from,
                                     uint64_t limit) override {
    if (reads.draw() != mishap::none)
      return lost();
    return fake_journal::rows_of(stream, from, limit);
  }

private:
  static caf::error lost() { return caf::make_error(ec::unavailable, "the disk is away"); }
};

class faulty_engine : public test::fake_engine {
public:
  explicit faulty_engine(dice& lot) : calls{lot} {}
  trouble calls;

  caf::expected<caf::unit_t> ensure_service(const service_spec& x) override {
    return tried([&] { return fake_engine::ensure_service(x); });
  }
  caf::expected<caf::unit_t> scale_service(const std::string& name, uint32_t replicas) override {
    return tried([&] { return fake_engine::scale_service(name, replicas); });
  }
  caf::expected<caf::unit_t> remove_service(const std::string& name) override {
    return tried([&] { return fake_engine::remove_service(name); });
  }
  caf::expected<std::vector<task_info>> tasks(const std::string& service) override {
    return tried([&] { return fake_engine::tasks(service); });
  }

  /// What there is, trouble or not.
  std::vector<service_info> all() { return *fake_engine::services(); }

private:
  template <class F>
  std::invoke_result_t<F> tried(F f) {
    const auto what = calls.draw();
    const auto lost = [] {
      return make_failure(ec::unavailable,
                          {cause::engine_unavailable, "the engine is away", {}, "wait"});
    };
    if (what == mishap::before)
      return lost();
    auto result = f();
    if (what == mishap::after)
      return lost();
    return result;
  }
};

/// Uses tables late while it is slow.
class slow_edge : public test::instant_edge {
public:
  bool slow = false;

  void publish(route_table x, std::function<void()> used) override {
    held_.emplace_back(std::move(x), std::move(used));
    if (!slow)
      use_all();
  }
  void use_all() {
    for (auto& [held, used] : std::exchange(held_, {}))
      instant_edge::publish(std::move(held), std::move(used));
  }

private:
  std::vector<std::pair<route_table, std::function<void()>>> held_;
};

class faulty_builder : public test::instant_builder {
public:
  explicit faulty_builder(dice& lot) : lot_{lot} {}
  unsigned fails_of_hundred = 0; ///< Builds that end in a failure.
  bool registry_gone = false;

  caf::expected<std::string> build(const build_job& x, const line_sink& log,
                                   std::stop_token stop) override {
    broken = fails_of_hundred > 0 && lot_() % 100 < fails_of_hundred;
    return instant_builder::build(x, log, std::move(stop));
  }
  caf::expected<std::string> push(const build_job& x, const std::string& repository,
                                  const line_sink& log, std::stop_token stop) override {
    registry_away = registry_gone;
    return instant_builder::push(x, repository, log, std::move(stop));
  }

private:
  dice& lot_;
};

/// Releases answer well, most of the time.
class moody_prober : public prober {
public:
  explicit moody_prober(dice& lot) : lot_{lot} {}
  unsigned bad_of_hundred = 0;

  void probe(const probe_request&, std::function<void(probe_result)> done) override {
    if (bad_of_hundred > 0 && lot_() % 100 < bad_of_hundred)
      done({probe_result::outcome::refused, 0});
    else
      done({probe_result::outcome::good, 200});
  }

private:
  dice& lot_;
};

} // namespace backendim::simulation
