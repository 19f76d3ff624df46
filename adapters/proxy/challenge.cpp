#include "adapters/proxy/challenge.hpp"

#include "adapters/edge.hpp"

#include <algorithm>

namespace backendim::proxy {

namespace {

constexpr size_t longest_nonce = 64;

bool is_nonce(std::string_view x) {
  return !x.empty() && x.size() <= longest_nonce && std::ranges::all_of(x, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-'
           || c == '_';
  });
}

} // namespace

std::optional<page> challenge_answer(const request_head& head, std::string_view host,
                                     const std::function<std::string(std::string_view)>& mark) {
  if (!head.target.starts_with(challenge_path))
    return std::nullopt;
  const auto nonce = head.target.substr(challenge_path.size());
  if (!mark || !is_nonce(nonce) || (head.method != "GET" && head.method != "HEAD"))
    return standard_page(404);
  return page{200, "This domain leads here", mark(challenge_text(host, nonce))};
}

} // namespace backendim::proxy
