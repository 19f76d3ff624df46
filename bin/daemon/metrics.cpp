#include "bin/daemon/metrics.hpp"

#include <prometheus/counter.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>
#include <prometheus/text_serializer.h>

#include <map>
#include <mutex>
#include <utility>
#include <vector>

namespace backendim::daemon {

struct metrics::impl {
  struct counted {
    prometheus::Counter* requests;
    prometheus::Histogram* seconds;
  };
  struct read_gauge {
    prometheus::Gauge* gauge;
    std::function<double()> read;
  };
  prometheus::Registry registry;
  prometheus::Family<prometheus::Counter>& requests
    = prometheus::BuildCounter()
        .Name("backendim_http_requests_total")
        .Help("Requests to the API by route and status")
        .Register(registry);
  prometheus::Family<prometheus::Histogram>& seconds
    = prometheus::BuildHistogram()
        .Name("backendim_http_request_seconds")
        .Help("Time from the head of a request to its answer; streams: to their end")
        .Register(registry);
  std::mutex mutex;
  std::map<std::string, std::map<unsigned, counted>, std::less<>> known; ///< By route and status.
  std::vector<read_gauge> gauges;
};

metrics::metrics() : impl_{std::make_unique<impl>()} {}
metrics::~metrics() = default;

void metrics::request(std::string_view route, unsigned status, std::chrono::nanoseconds took) {
  impl::counted here;
  {
    std::lock_guard lock{impl_->mutex};
    auto of_route = impl_->known.find(route);
    if (of_route == impl_->known.end())
      of_route = impl_->known.try_emplace(std::string{route}).first;
    const auto [found, fresh] = of_route->second.try_emplace(status);
    if (fresh) {
      const prometheus::Labels labels{{"route", of_route->first},
                                      {"status", std::to_string(status)}};
      found->second.requests = &impl_->requests.Add(labels);
      found->second.seconds = &impl_->seconds.Add(
        labels, prometheus::Histogram::BucketBoundaries{0.001, 0.005, 0.02, 0.1, 0.2, 1, 5, 30});
    }
    here = found->second;
  }
  here.requests->Increment();
  here.seconds->Observe(std::chrono::duration<double>(took).count());
}

void metrics::gauge(std::string name, std::string help, std::function<double()> read) {
  auto& family = prometheus::BuildGauge()
                   .Name(std::move(name))
                   .Help(std::move(help))
                   .Register(impl_->registry);
  std::lock_guard lock{impl_->mutex};
  impl_->gauges.push_back({&family.Add({}), std::move(read)});
}

std::string metrics::text() const {
  {
    std::lock_guard lock{impl_->mutex};
    for (const auto& x : impl_->gauges)
      x.gauge->Set(x.read());
  }
  return prometheus::TextSerializer{}.Serialize(impl_->registry.Collect());
}

} // namespace backendim::daemon
