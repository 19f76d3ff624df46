#pragma once

#include "adapters/docker/engine.hpp"
#include "adapters/docker/service.hpp"
#include "protocol/error.hpp"

#include <boost/json.hpp>
#include <caf/expected.hpp>

#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

namespace backendim::docker {

/// What the engine answered.
struct answer {
  unsigned status = 0;
  std::string message; ///< The engine's own words when it refuses.
  boost::json::value body;

  bool ok() const { return status >= 200 && status < 300; }
};

/// The version to speak with an engine that offers *lowest* to *highest*, both like "1.41".
/// Fails with conflict and a failure {engine_unavailable} that says what to upgrade.
caf::expected<api_version> negotiate(const std::string& lowest, const std::string& highest);

/// The query part that asks for objects which fit *filters*: "filters=" and JSON, encoded.
std::string filter_query(const std::map<std::string, std::vector<std::string>>& filters);

/// An error for an engine that cannot be used, and why.
caf::error engine_error(ec code, std::string message, std::string next,
                        std::vector<std::string> evidence = {});

/// The error for an answer that should not have been: its status in our words.
caf::error refusal(const answer& x, const std::string& what);

/// The engine's HTTP interface. Thread-safe.
class api {
public:
  explicit api(const engine_config& config) : config_{config} {}

  /// The version both sides speak; asks once. Fails with unavailable.
  caf::expected<api_version> version();

  caf::expected<answer> get(const std::string& path) { return call("GET", path, nullptr); }
  caf::expected<answer> remove(const std::string& path) { return call("DELETE", path, nullptr); }
  caf::expected<answer> post(const std::string& path, const boost::json::value& body) {
    return call("POST", path, &body);
  }

  /// GETs an answer of any length and hands out its bytes until its end or *stop*. Calls
  /// *on_open* when the engine has begun a good answer. What it refuses is in the answer returned.
  caf::expected<answer> stream(const std::string& path, const std::function<void()>& on_open,
                               const std::function<void(std::string_view)>& on_bytes,
                               std::stop_token stop);

private:
  caf::expected<answer> call(const char* method, const std::string& path,
                             const boost::json::value* body);
  caf::expected<answer> raw_call(const char* method, const std::string& target,
                                 const std::string& body);
  caf::expected<std::string> versioned(const std::string& path);
  caf::error unreachable(const caf::error& reason) const;

  const engine_config config_;
  std::mutex mutex_;
  std::optional<api_version> version_; // guarded by mutex_
};

} // namespace backendim::docker
