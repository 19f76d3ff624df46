#pragma once

#include "adapters/identity.hpp"
#include "bin/daemon/actor_lookup.hpp"
#include "protocol/access.hpp"

#include <boost/asio/steady_timer.hpp>
#include <boost/asio/thread_pool.hpp>

#include <chrono>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>

namespace backendim::daemon {

/// "bim_<id>_<secret>", the form of an API token.
struct api_token {
  std::string id;
  std::string secret;

  /// Empty parts when *text* is none.
  static api_token parse(std::string_view text);
  std::string text() const { return "bim_" + id + "_" + secret; }
};

/// Who is asking, and by what.
struct known_caller {
  principal who;         ///< As of now.
  proved_session proved; ///< What the token itself says: the most it is good for.
};

/// Finds out who is asking. Only for the lookup's thread; what takes long runs in the pool.
class authenticator {
public:
  authenticator(std::shared_ptr<identity> proof, actor_lookup& actors,
                boost::asio::thread_pool& pool);

  /// *authorization* is the field of that name. Fails with unauthenticated, and with over_quota
  /// when too many tokens wait to be checked.
  boost::asio::awaitable<caf::expected<principal>> check(std::string_view authorization);

  /// Whose *token* (an API token or a JWT) is. Fails like check.
  boost::asio::awaitable<caf::expected<known_caller>> check_token(std::string token);

  /// Gives *owner* the token unless it exists; it has to be known to the journal before it is
  /// used. *who* asks for it. Fails with what the accounts answer.
  boost::asio::awaitable<caf::expected<caf::unit_t>> admit(principal owner, api_token token,
                                                           std::string who);

  /// Makes *token* the platform's own: one that was so before is worth nothing. What its bearers
  /// may is not asked again for each request. Fails as admit does.
  boost::asio::awaitable<caf::expected<caf::unit_t>> admit_own(principal owner, api_token token);

  /// A new token with the argon2id of its secret, which no message but its own may show.
  boost::asio::awaitable<std::pair<api_token, std::string>> fresh_token();

  identity& proof() { return *proof_; }

private:
  struct cached {
    proved_session proved;
    std::chrono::steady_clock::time_point until;
  };

  /// What *token* proves, from the cache or anew. Who asks while it is being proved for somebody
  /// else waits for that: each proof is an argon2id.
  boost::asio::awaitable<caf::expected<proved_session>> proof_of(const std::string& token);
  boost::asio::awaitable<caf::expected<proved_session>> prove(std::string token);
  boost::asio::awaitable<caf::expected<proved_session>> prove_api_token(const api_token& token);

  std::shared_ptr<identity> proof_;
  actor_lookup& actors_;
  boost::asio::thread_pool& pool_;
  std::unordered_map<std::string, cached> cache_; ///< By token: what was proved lately.
  /// By token: cancelled when its proof has ended.
  std::unordered_map<std::string, std::shared_ptr<boost::asio::steady_timer>> proving_;
  size_t checking_ = 0;
  std::string own_; ///< The id of the platform's own token, once it is admitted.
};

} // namespace backendim::daemon
