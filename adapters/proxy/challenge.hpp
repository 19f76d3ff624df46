#pragma once

#include "adapters/proxy/head.hpp"
#include "adapters/proxy/page.hpp"

#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace backendim::proxy {

/// What is answered to a request below challenge_path (adapters/edge.hpp), whoever *host* is; none:
/// it is another request.
std::optional<page> challenge_answer(const request_head& head, std::string_view host,
                                     const std::function<std::string(std::string_view)>& mark);

} // namespace backendim::proxy
