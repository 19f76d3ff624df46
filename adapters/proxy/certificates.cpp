#include "adapters/proxy/certificates.hpp"

#include "protocol/error.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <optional>
#include <system_error>
#include <utility>

namespace backendim::proxy {

using std::chrono::system_clock;
using namespace std::chrono_literals;

namespace {

constexpr auto quiet = 250ms;
constexpr auto near = std::chrono::hours{7 * 24};
constexpr size_t most_told = 5;
constexpr int life_parts = 10; // of short-lived ones a tenth is near enough

/// What is to be said of a certificate that is in use.
std::optional<caf::error> ending(const certificate& x, system_clock::time_point now) {
  const auto warning = std::min<system_clock::duration>(near, (x.ends - x.begins) / life_parts);
  if (x.ends - warning > now)
    return std::nullopt;
  return make_failure(ec::invalid_request, {cause::config_invalid,
                                            "The certificate in " + x.file.string()
                                              + (x.ends > now ? " expires on " : " expired on ")
                                              + date_text(x.ends) + ".",
                                            {},
                                            "Put a renewed one in its place, with its key."});
}

} // namespace

caf::expected<std::unique_ptr<certificates>> certificates::open(std::filesystem::path folder) {
  std::unique_ptr<certificates> result{new certificates{std::filesystem::absolute(folder)}};
  const auto deaf = result->watch_.follow(result->folder_, {".crt", ".key"});
  result->read();
  if (deaf != 0)
    spdlog::warn("changes of certificates are not noticed folder=\"{}\" why=\"{}\" next=\"raise "
                 "fs.inotify.max_user_instances and max_user_watches, or send SIGHUP\"",
                 result->folder_.string(), std::generic_category().message(deaf));
  if (result->set_)
    return result;
  auto why = failure_of(result->faults_.front());
  why.message = "There is no certificate for HTTPS. " + why.message;
  return make_failure(ec::unavailable, std::move(why));
}

certificates::~certificates() = default;

void certificates::start(std::function<void(certificate_set_ptr)> changed) {
  changed_ = std::move(changed);
  thread_ = std::jthread{[this](const std::stop_token& stop) { run(stop); }};
}

void certificates::run(const std::stop_token& stop) {
  while (watch_.wait(stop, quiet)) {
    watch_.follow(folder_, {".crt", ".key"});
    read();
    changed_(current());
  }
}

void certificates::read() {
  auto found = read_certificates(folder_, current(), system_clock::now());
  for (const auto& x : found.faults) {
    const auto why = failure_of(x);
    spdlog::error("certificate cannot be used why=\"{}\" next=\"{}\"", why.message, why.next);
  }
  if (found.set)
    spdlog::info("certificates are in use count={} hosts={} first_end=\"{}\" folder=\"{}\"",
                 found.set->all().size(), found.set->hosts(), date_text(found.set->first_end()),
                 folder_.string());
  std::lock_guard lock{mutex_};
  faults_ = std::move(found.faults);
  if (found.set)
    set_ = std::move(found.set);
}

certificate_set_ptr certificates::current() const {
  std::lock_guard lock{mutex_};
  return set_;
}

caf::error certificates::trouble() const {
  const auto now = system_clock::now();
  std::vector<caf::error> all;
  certificate_set_ptr set;
  {
    std::lock_guard lock{mutex_};
    all = faults_;
    set = set_;
  }
  for (const auto& x : set->all())
    if (auto why = ending(*x, now))
      all.push_back(std::move(*why));
  if (all.empty())
    return {};
  auto result = failure_of(all.front());
  for (size_t i = 1; i < all.size() && i < most_told; ++i)
    result.message += " " + failure_of(all[i]).message;
  if (all.size() > most_told)
    result.message += " And so on, " + std::to_string(all.size()) + " in all.";
  return make_failure(ec::invalid_request, std::move(result));
}

} // namespace backendim::proxy
