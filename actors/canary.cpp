#include "actors/canary.hpp"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

namespace backendim {

namespace {

using namespace std::chrono_literals;

constexpr auto first_pause = 5s;

/// Whether more than *share* of *all* is *part*.
bool exceeds(uint64_t part, uint64_t all, uint32_t share) {
  return part * whole_share > all * share;
}

/// "12 of 24 requests failed (50%)"
std::string count_text(const request_count& x) {
  auto result = std::to_string(x.failed) + " of " + std::to_string(x.requests)
                + (x.requests == 1 ? " request failed" : " requests failed");
  if (x.requests > 0)
    result += " (" + share_text(static_cast<uint32_t>(x.failed * whole_share / x.requests)) + ")";
  return result;
}

} // namespace

canary_verdict judge(const canary_terms& terms, const canary_view& seen) {
  const auto& x = seen.canary;
  const bool over = exceeds(x.failed, x.requests, terms.max_error_rate);
  const bool ended = seen.observed >= terms.duration;
  if (over && (ended || x.requests >= terms.min_requests))
    return canary_verdict::revert;
  if (!ended)
    return canary_verdict::go_on;
  if (!terms.auto_promote)
    return seen.observed < terms.promote_deadline ? canary_verdict::go_on : canary_verdict::expire;
  const bool unclear
    = exceeds(x.failed + seen.waiting, x.requests + seen.waiting, terms.max_error_rate);
  return unclear && seen.observed < terms.duration + answer_patience ? canary_verdict::go_on
                                                                     : canary_verdict::promote;
}

failure canary_failure(canary_verdict why, const canary_terms& terms, const canary_view& seen,
                       uint32_t number, uint32_t stable) {
  std::vector<std::string> evidence{
    "v" + std::to_string(number) + ", with " + share_text(terms.weight) + " of the requests for "
      + std::to_string(seen.observed.count()) + " s: " + count_text(seen.canary),
    "v" + std::to_string(stable) + ", with the rest: " + count_text(seen.stable)};
  if (why == canary_verdict::expire)
    return {cause::canary_not_promoted,
            "Nobody promoted the canary in time; v" + std::to_string(stable)
              + " gets all requests again.",
            std::move(evidence),
            "Deploy again, then: backend-im promote; or set deploy.canary.promote_deadline."};
  return {cause::canary_failed,
          "Of the canary's requests " + count_text(seen.canary) + ", which is more than "
            + share_text(terms.max_error_rate) + "; v" + std::to_string(stable)
            + " gets all of them again.",
          std::move(evidence), "Correct it, then deploy again."};
}

std::chrono::seconds sample_pause(std::chrono::seconds observed) {
  return std::max<std::chrono::seconds>(first_pause, observed / 20);
}

} // namespace backendim
