#pragma once

#include "adapters/http/client.hpp"
#include "adapters/http/sse.hpp"
#include "adapters/http/web_socket_client.hpp"

#include <boost/json/object.hpp>
#include <boost/json/value.hpp>
#include <caf/expected.hpp>
#include <caf/unit.hpp>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <utility>

namespace backendim::cli {

/// How long an unreachable platform is waited for, and how long at first between two attempts;
/// each pause doubles, up to 5 s.
struct patience {
  std::chrono::milliseconds limit{30'000};
  std::chrono::milliseconds first_pause{250};
  /// How long one that is too busy and says when to ask again is waited for.
  std::chrono::milliseconds busy_limit{900'000};
};

/// Waits; false: *stop* was requested meanwhile.
bool pause_for(std::chrono::milliseconds x, const std::stop_token& stop);

enum class stream_end { enough, stopped, late };

/// An event stream that is read through broken connections.
struct subscription {
  std::string target;
  std::string target_again; ///< After a reconnect, when it is another.
  std::string last_id;
  /// False: enough.
  std::function<bool(const http::sse_event&)> on_event;
  /// A connection broke; the next one resumes behind last_id.
  std::function<void()> on_reconnect;
  std::stop_token stop;
  std::optional<std::chrono::steady_clock::time_point> until;
};

/// A platform that a verb talks to. All errors are problem documents; what is not understood in an
/// answer is an error too. Not for two threads at once.
class platform {
public:
  platform(std::string url, std::string token, patience wait);

  const std::string& url() const { return url_; }

  /// The JSON of a 2xx answer.
  caf::expected<boost::json::value> call(http::request what, std::stop_token stop = {});
  caf::expected<boost::json::value> get(const std::string& target);
  caf::expected<boost::json::value> post(const std::string& target, const boost::json::value& body,
                                         const std::string& idempotency_key = "");

  /// What changes something. It carries a key of its own, so it is sent again over a broken
  /// connection as long as the patience lasts, and takes effect once.
  caf::expected<boost::json::value> command(const std::string& method, const std::string& target,
                                            const boost::json::value& body);

  /// Sends a file as a blob, a piece at a time. *on_sent* hears how many bytes have gone.
  caf::expected<boost::json::value> upload(const std::filesystem::path& file,
                                           const std::function<void(uint64_t)>& on_sent);

  /// Hands the body of a 2xx answer of any length to *on_bytes*, which returns false when it has
  /// enough. Fails also when the answer is cut off.
  caf::expected<caf::unit_t> fetch(http::request what,
                                   const std::function<bool(std::string_view)>& on_bytes);

  /// A WebSocket at *target*. Runs *io* until it is open or not.
  caf::expected<std::shared_ptr<http::web_socket_client>>
  open_socket(boost::asio::io_context& io, const std::string& target) const;

  /// Reads until on_event has enough, the stop or the time. An unreachable platform is waited for
  /// as long as the patience lasts, from the last thing heard.
  caf::expected<stream_end> follow(subscription x);

  using on_busy = std::function<void(const boost::json::object& problem)>;

  /// Calls *f* again while the platform cannot be reached, or says when to ask again, as long as
  /// the patience lasts and not behind *until*. *on_refusal* hears why it says so, each time.
  template <class F>
  auto patiently(F f, const std::function<void()>& on_wait = {}, const on_busy& on_refusal = {},
                 std::chrono::steady_clock::time_point until
                 = std::chrono::steady_clock::time_point::max()) -> decltype(f()) {
    const auto begin = std::chrono::steady_clock::now();
    const auto busy_until = std::min(until, begin + wait_.busy_limit);
    auto next = wait_.first_pause;
    for (;;) {
      auto result = f();
      if (result)
        return result;
      if (const auto pause = asked_pause(result.error())) {
        if (std::chrono::steady_clock::now() + *pause > busy_until)
          return result;
        if (on_refusal)
          on_refusal(refusal_of(result.error()));
        pause_for(*pause, {});
        continue;
      }
      if (!worth_another(result.error())
          || std::chrono::steady_clock::now() - begin + next > wait_.limit)
        return result;
      if (on_wait)
        on_wait();
      pause_for(next, {});
      next = longer(next);
    }
  }

private:
  static bool worth_another(const caf::error& why);
  /// How long the platform asks to be left alone, and a little more, so that not all come back at
  /// once.
  static std::optional<std::chrono::milliseconds> asked_pause(const caf::error& why);
  static boost::json::object refusal_of(const caf::error& why);
  static std::chrono::milliseconds longer(std::chrono::milliseconds pause);
  void sign(http::request& what) const;
  caf::error unreachable(const caf::error& why) const;
  static caf::error refusal(const http::response& answer);

  std::string url_;
  std::string token_;
  patience wait_;
  http::client client_;
};

} // namespace backendim::cli
