#pragma once

#include <caf/actor_system.hpp>
#include <caf/binary_serializer.hpp>

#include <functional>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

namespace backendim {

/// What somebody was told last, to tell him only news. Of the message no more than a hash is kept:
/// there is one for each app, and messages are large.
class last_told {
public:
  /// Whether *x* is news. Then it counts as told.
  template <class Message>
  bool is_news(caf::actor_system& system, const Message& x) {
    std::vector<char> bytes;
    caf::binary_serializer sink{system, bytes};
    const bool failed = static_cast<bool>(sink(x));
    const auto hash = std::hash<std::string_view>{}({bytes.data(), bytes.size()});
    return std::exchange(hash_, hash) != hash || failed;
  }

  /// He has to be told anew. Whether he was told anything.
  bool forget() { return std::exchange(hash_, std::nullopt).has_value(); }

private:
  std::optional<size_t> hash_;
};

} // namespace backendim
