#pragma once

#include "protocol/app_config.hpp"
#include "protocol/error.hpp"

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace backendim {

/// What a canary_config says, with its defaults. Shares are in hundredths of a percent.
struct canary_terms {
  uint32_t weight = 1'000;
  std::chrono::seconds duration{60};
  uint32_t max_error_rate = 500;
  uint32_t min_requests = 20;
  bool auto_promote = true;
  std::chrono::seconds promote_deadline{3'600};
  friend bool operator==(const canary_terms&, const canary_terms&) = default;
};

/// The whole, as a share.
constexpr uint32_t whole_share = 10'000;

/// "10%", "2.5%" or "0.25" in hundredths of a percent; none: it is no share from 0 to 100%.
std::optional<uint32_t> parse_share(std::string_view text);

/// The shortest text that parse_share reads so: "2.5%".
std::string share_text(uint32_t share);

/// "90s", "10m", "2h", "1d", or a plain number of seconds; at most 30 days.
std::optional<std::chrono::seconds> parse_duration(std::string_view text);

/// What *x* asks for. What cannot be read has its default: check it before.
canary_terms terms_of(const canary_config& x);

/// The terms on which a deployment with *config* begins as a canary; none: it does not.
std::optional<canary_terms> canary_of(const app_config& config);

/// What a type cannot say about the strategy of *x*, if anything; its pointer starts at *x*.
std::optional<decode_error> problem_in_strategy(const deploy_config& x);

} // namespace backendim
