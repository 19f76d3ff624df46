#include "bin/daemon/authenticator.hpp"

#include "bin/daemon/on_pool.hpp"
#include "protocol/types.hpp"
#include "protocol/ulid.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <caf/all.hpp>

namespace backendim::daemon {

namespace asio = boost::asio;
using namespace std::chrono_literals;

namespace {

constexpr auto cache_time = 60s; // how long a token is not hashed again
constexpr size_t max_cached = 10'000;
constexpr size_t max_checking = 32; // argon2id takes 50 ms each
constexpr auto proof_limit = 15s;   // how long others wait for the proof of the same token
constexpr std::string_view accounts_path = "accounts";
constexpr size_t secret_bytes = 24;

caf::error unknown() {
  return caf::make_error(ec::unauthenticated,
                         "the token is unknown, changed or expired; run backend-im auth login");
}

} // namespace

api_token api_token::parse(std::string_view text) {
  if (!text.starts_with("bim_"))
    return {};
  text.remove_prefix(4);
  const auto end = text.find('_');
  if (end == text.npos)
    return {};
  return {std::string{text.substr(0, end)}, std::string{text.substr(end + 1)}};
}

authenticator::authenticator(std::shared_ptr<identity> proof, actor_lookup& actors,
                             asio::thread_pool& pool)
  : proof_{std::move(proof)}, actors_{actors}, pool_{pool} {}

asio::awaitable<caf::expected<principal>> authenticator::check(std::string_view authorization) {
  constexpr std::string_view scheme = "Bearer ";
  if (authorization.empty())
    co_return caf::make_error(ec::unauthenticated, "the field Authorization: Bearer <token> is "
                                                   "missing; run backend-im auth login");
  const auto same = [](char a, char b) { return (a | 0x20) == (b | 0x20); };
  if (authorization.size() <= scheme.size()
      || !std::equal(scheme.begin(), scheme.end(), authorization.begin(), same))
    co_return caf::make_error(ec::unauthenticated, "Authorization has to be Bearer <token>");
  auto caller = co_await check_token(std::string{authorization.substr(scheme.size())});
  if (!caller)
    co_return std::move(caller.error());
  co_return std::move(caller->who);
}

/// What was proved is kept for a while; what it is worth is asked each time, so that a membership
/// that ends or changes, and a token that is taken back, does so at once. Only the platform's own
/// token cannot be taken back while it runs.
asio::awaitable<caf::expected<known_caller>> authenticator::check_token(std::string token) {
  const auto proof = co_await proof_of(token);
  if (!proof)
    co_return proof.error();
  const auto& proved = *proof;
  if (proved.who.may == permission::operate && !own_.empty() && proved.token_id == own_)
    co_return known_caller{proved.who, proved};
  const std::string path{accounts_path};
  const get_access question{proved.token_id, proved.who}; // named: g++ 12 frees it twice otherwise
  auto who = co_await actors_.ask_for<principal>(path, question, 10s);
  if (!who && who.error() == ec::not_found)
    co_return unknown();
  if (!who)
    co_return std::move(who.error());
  co_return known_caller{std::move(*who), proved};
}

asio::awaitable<caf::expected<proved_session>> authenticator::proof_of(const std::string& token) {
  for (;;) {
    if (const auto found = cache_.find(token);
        found != cache_.end() && found->second.until > std::chrono::steady_clock::now())
      co_return found->second.proved;
    const auto other = proving_.find(token);
    if (other == proving_.end())
      break;
    const auto ended = other->second;
    const auto [why] = co_await ended->async_wait(asio::as_tuple(asio::use_awaitable));
    if (!why)
      co_return caf::make_error(ec::timed_out, "the token could not be checked in time; try again");
  }
  const auto ended = std::make_shared<asio::steady_timer>(
    co_await asio::this_coro::executor, std::chrono::steady_clock::now() + proof_limit);
  proving_.emplace(token, ended);
  const std::shared_ptr<void> last{nullptr, [this, &token, ended](void*) {
                                     proving_.erase(token);
                                     ended->cancel();
                                   }};
  auto fresh = co_await prove(token);
  if (fresh) {
    if (cache_.size() >= max_cached)
      cache_.clear();
    cache_.insert_or_assign(token, cached{*fresh, std::chrono::steady_clock::now() + cache_time});
  }
  co_return fresh;
}

asio::awaitable<caf::expected<proved_session>> authenticator::prove(std::string token) {
  if (const auto parsed = api_token::parse(token); !parsed.id.empty())
    co_return co_await prove_api_token(parsed);
  auto verified = proof_->verify(token);
  if (!verified)
    co_return unknown();
  co_return std::move(*verified);
}

asio::awaitable<caf::expected<proved_session>>
authenticator::prove_api_token(const api_token& token) {
  if (token.id.size() > 64 || token.secret.empty() || token.secret.size() > 128)
    co_return unknown();
  const std::string path{accounts_path};
  const get_token question{token.id}; // named: g++ 12 frees an aggregate in a co_await twice
  const auto known = co_await actors_.ask_for<token_info>(path, question, 10s);
  if (!known && known.error() == ec::not_found)
    co_return unknown();
  if (!known)
    co_return known.error();
  if (checking_ >= max_checking)
    co_return caf::make_error(ec::over_quota, "too many tokens are being checked; try again");
  ++checking_;
  const bool good = co_await on_pool(
    pool_, [this, &token, &known] { return proof_->verify_secret(token.secret, known->hash); });
  --checking_;
  if (!good)
    co_return unknown();
  co_return proved_session{known->owner, token.id};
}

asio::awaitable<caf::expected<caf::unit_t>> authenticator::admit(principal owner, api_token token,
                                                                 std::string who) {
  const std::string path{accounts_path};
  const get_token question{token.id};
  const auto known = co_await actors_.ask_for<token_info>(path, question, 10s);
  if (known)
    co_return caf::unit;
  if (known.error() != ec::not_found)
    co_return known.error();
  const auto hash = co_await on_pool(pool_, [&] { return proof_->hash_secret(token.secret); });
  create_token command{std::move(owner), token.id, hash, {std::move(who), "admit-" + token.id}};
  const auto made = co_await actors_.ask_for<token_info>(path, std::move(command), 10s);
  if (!made)
    co_return made.error();
  co_return caf::unit;
}

asio::awaitable<caf::expected<caf::unit_t>> authenticator::admit_own(principal owner,
                                                                     api_token token) {
  const std::string path{accounts_path};
  const get_token question{token.id};
  const auto known = co_await actors_.ask_for<token_info>(path, question, 10s);
  if (!known && known.error() != ec::not_found)
    co_return known.error();
  keep_own_token command{std::move(owner), token.id, "", {"backendimd", "own-" + token.id}};
  if (known)
    command.hash = known->hash;
  else
    command.hash = co_await on_pool(pool_, [&] { return proof_->hash_secret(token.secret); });
  const auto kept = co_await actors_.ask_for<token_info>(path, std::move(command), 10s);
  if (!kept)
    co_return kept.error();
  own_ = token.id;
  co_return caf::unit;
}

asio::awaitable<std::pair<api_token, std::string>> authenticator::fresh_token() {
  api_token token{make_ulid(), proof_->random_token(secret_bytes)};
  auto hash = co_await on_pool(pool_, [&] { return proof_->hash_secret(token.secret); });
  co_return std::pair{std::move(token), std::move(hash)};
}

} // namespace backendim::daemon
