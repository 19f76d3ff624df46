// The part of a session that decides where a request goes, when its head is whole.
#include "adapters/proxy/challenge.hpp"
#include "adapters/proxy/rewrite.hpp"
#include "adapters/proxy/rules.hpp"
#include "adapters/proxy/session.hpp"

#include <algorithm>
#include <utility>

namespace backendim::proxy {

namespace {

bool is_idempotent(std::string_view method) {
  return method == "GET" || method == "HEAD" || method == "OPTIONS" || method == "PUT"
         || method == "DELETE";
}

} // namespace

void session::forget_request() {
  client_minor_ = 1;
  request_id_.clear();
  json_ = head_only_ = keep_ = upgrade_ = repeatable_ = false;
  fresh_only_ = late_ = any_byte_ = have_head_ = response_begun_ = false;
  chunk_out_ = close_after_ = watching_ = false;
  scan_ = {};
  side_.reset();
  counted_.drop();
}

bool session::begin(size_t size) {
  auto& s = *scratch_;
  auto& request = s.request;
  home_.counters.requests.fetch_add(1, std::memory_order_relaxed);
  const auto status = parse(s.in.unread().substr(scan_.begin(), size - scan_.begin()), request);
  client_minor_ = request.minor;
  head_only_ = request.method == "HEAD";
  json_ = prefers_json(request.fields);
  if (status != 0) {
    keep_ = false; // who knows what the bytes behind it are
    return refuse(standard_page(status));
  }
  s.in.consume(size);
  if (request.chunked)
    request_body_.expect_chunks();
  else
    request_body_.expect_length(request.content_length.value_or(0));
  keep_ = request.persistent();
  upgrade_ = wants_upgrade(request);
  repeatable_ = is_idempotent(request.method) && request_body_.done();
  if (const auto given = usable_request_id(request); !given.empty())
    request_id_ = given;
  else
    home_.make_request_id(request_id_);
  assign_host_key(s.host, request.authority);
  s.tried.clear();
  if (const auto answer = challenge_answer(request, s.host, home_.config.mark))
    return refuse(*answer);
  if (asks_for_proof())
    return prove_route();
  const auto* found = home_.table->find(s.host);
  if (found && belongs_to_https())
    return refuse(
      moved_page(308, "https://" + s.host + home_.secure_suffix + std::string{request.target}));
  const auto* asked = found ? found->asked.get() : nullptr;
  if (asked && refused_by(*asked))
    return true;
  body_left_ = asked && asked->max_body ? *asked->max_body : unlimited;
  write_request(s.request_text, request,
                {address_, request_id_, trusted_, asked && asked->needs_login, client_->secure()});
  return choose(found);
}

/// Whether the host's own rules answer the request.
bool session::refused_by(const rules& asked) {
  const auto& head = scratch_->request;
  const auto& edge = home_.config;
  const auto answer = refusal(
    asked, {head, client_of(address_, head, edge.trusted), limiter::clock::now()}, edge.mark);
  return answer && refuse(*answer);
}

bool session::asks_for_proof() const {
  const auto& proof = home_.config.proof;
  const auto& request = scratch_->request;
  return !proof.question.empty() && request.target == route_proof::path
         && std::ranges::any_of(request.fields, [&](const field& x) {
              return same_word(x.name, route_proof::field) && x.value == proof.question;
            });
}

bool session::prove_route() {
  if (home_.table->find(scratch_->host) == nullptr)
    return refuse(standard_page(404));
  return refuse({200, "This host is routed", home_.config.proof.answer});
}

/// Whether the request has to come again by HTTPS. The CA that makes a certificate may look for its
/// proof before there is one.
bool session::belongs_to_https() const {
  const auto& request = scratch_->request;
  return home_.redirects && !client_->secure() && home_.certificates->find(scratch_->host)
         && request.target.starts_with('/') && !(trusted_ && came_by_https(request))
         && !is_acme_challenge(request);
}

/// Finds a connection for the request in the newest table.
bool session::choose() {
  return choose(home_.table->find(scratch_->host));
}

bool session::choose(const route* found) {
  auto& s = *scratch_;
  if (found == nullptr)
    return refuse(standard_page(404));
  if (found->tasks.members.empty() && !(found->canary && !found->canary->tasks.members.empty())) {
    auto what = standard_page(503);
    if (!found->page_title.empty())
      what.title = found->page_title;
    if (!found->page_text.empty())
      what.text = found->page_text;
    return refuse(what);
  }
  for (;;) {
    auto to = pick(*found);
    if (!to)
      return fail(late_ ? 504 : 502);
    flight_.board(to);
    if (!fresh_only_)
      server_ = home_.take_pooled(to, !repeatable_);
    if (server_) {
      server_->owner = this;
      send_request();
      return true;
    }
    if (!to->numeric) {
      s.tried.push_back(std::move(to));
      continue;
    }
    server_ = new server_link{home_, to};
    server_->owner = this;
    state_ = state::connecting;
    arm(wait_kind::connect);
    server_->connect(to->endpoint);
    return false;
  }
}

/// A task of the release that the request was dealt to. When none of them takes a connection, that
/// is a failure of the release, but not of the request: the other release gets it.
upstream_ptr session::pick(const route& from) {
  const auto& tried = scratch_->tried;
  const auto* canary = from.canary.get();
  if (!canary || canary->tasks.members.empty())
    return from.tasks.pick(tried);
  if (!side_) {
    side_ = canary->tally->deal(canary->weight);
    counted_.begin(canary->tally, *side_);
  }
  const auto& own = *side_ == side::canary ? canary->tasks : from.tasks;
  const auto& other = *side_ == side::canary ? from.tasks : canary->tasks;
  if (auto result = own.pick(tried))
    return result;
  auto result = other.pick(tried);
  if (!result)
    return nullptr;
  counted_.answered(true);
  side_ = *side_ == side::canary ? side::stable : side::canary;
  counted_.begin(canary->tally, *side_);
  return result;
}

} // namespace backendim::proxy
