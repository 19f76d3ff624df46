#include "adapters/proxy/session.hpp"

#include <algorithm>
#include <utility>

namespace backendim::proxy {

namespace ip = boost::asio::ip;

namespace {

constexpr unsigned blocks_at_once = 16;
constexpr size_t max_lingered = 1 << 20;

std::string address_text(const ip::address& x) {
  if (x.is_v6() && x.to_v6().is_v4_mapped())
    return ip::make_address_v4(ip::v4_mapped, x.to_v6()).to_string();
  return x.to_string();
}

} // namespace

session::session(worker& home, link_ptr client, const ip::address& address)
  : home_{home}, client_{std::move(client)}, address_{address_text(address)},
    trusted_{std::ranges::find(home.config.trusted, address_) != home.config.trusted.end()},
    flight_{home.registry} {
  client_->owner = this;
}

session::~session() {
  drop_server();
  client_->close();
}

void session::start() {
  if (client_->secure())
    state_ = state::greeting;
  arm(client_->secure() ? wait_kind::handshake : wait_kind::idle);
  client_->want_read();
}

void session::stop() {
  if (state_ == state::greeting
      || (state_ == state::reading && (!scratch_ || scratch_->in.empty())))
    arm(wait_kind::parting);
  drop_if_ended();
}

void session::ready(link& from) {
  if (state_ == state::connecting && &from == server_.get())
    connected();
  if (&from == client_.get() && watching_ && state_ == state::exchanging) {
    watching_ = false;
    if (client_->hung_up())
      end(); // it promised another request and left: nobody waits for the answer
  }
  run();
}

void session::expired(wait_kind kind) {
  armed_ = wait_kind::kinds;
  switch (kind) {
    case wait_kind::header:
      keep_ = false;
      refuse(standard_page(408));
      break;
    case wait_kind::connect:
      late_ = true;
      upstream_failed();
      break;
    case wait_kind::silence:
      if (state_ == state::tunneling)
        end();
      else
        fail(504);
      break;
    case wait_kind::body:
      if (state_ != state::exchanging)
        end();
      else if (scratch_->down.empty())
        fail(408);
      else if (client_takes_some())
        arm(wait_kind::body);
      else
        cut();
      break;
    case wait_kind::handshake:
      home_.counters.failed_handshakes.fetch_add(1, std::memory_order_relaxed);
      end();
      break;
    case wait_kind::idle:
    case wait_kind::parting: leave(); break;
    default: end();
  }
  run();
}

/// Ends it where a client can take it for no accident.
void session::leave() {
  client_->shutdown_send();
  end();
}

void session::still_waiting() {
  if (state_ != state::exchanging || watching_ || !keep_ || !request_body_.done())
    return;
  watching_ = true;
  client_->want_read();
}

void session::run() {
  budget_ = blocks_at_once;
  while (step())
    continue;
  drop_if_ended();
}

bool session::step() {
  switch (state_) {
    case state::greeting: return greet();
    case state::reading: return read_head();
    case state::exchanging: {
      const bool again = exchange();
      if (have_head_)
        counted_.answered(scratch_->response.status >= 500);
      return again;
    }
    case state::answering: return write_page();
    case state::tunneling: return tunnel();
    case state::lingering: return linger();
    case state::connecting:
    case state::ended: return false;
  }
  return false;
}

void session::drop_if_ended() {
  if (state_ == state::ended)
    home_.drop(*this);
}

void session::arm(wait_kind kind) {
  armed_ = kind;
  home_.clock.arm(*this, kind);
}

bool session::greet() {
  auto& count = home_.counters;
  const auto how = client_->greet();
  switch (how) {
    case link::greeting::later: client_->want_read(); return false;
    case link::greeting::done:
      count.handshakes.fetch_add(1, std::memory_order_relaxed);
      state_ = state::reading;
      arm(home_.stopping ? wait_kind::parting : wait_kind::idle);
      return true;
    case link::greeting::plain_http:
    case link::greeting::failed: break;
  }
  count.failed_handshakes.fetch_add(1, std::memory_order_relaxed);
  scratch_ = home_.take_scratch();
  if (how == link::greeting::plain_http)
    return refuse({400, "HTTPS is spoken here",
                   "This was a plain HTTP request for an HTTPS port. Ask with https://."});
  client_->shutdown_send();
  begin_linger();
  return true;
}

bool session::read_head() {
  if (!scratch_) {
    if (!client_->readable()) {
      client_->want_read();
      return false;
    }
    scratch_ = home_.take_scratch();
  }
  auto& in = scratch_->in;
  switch (scan_.next(in.unread())) {
    case head_scan::outcome::whole: return begin(scan_.end());
    case head_scan::outcome::bad: keep_ = false; return refuse(standard_page(400));
    case head_scan::outcome::more: break;
  }
  if (in.room().empty()) {
    keep_ = false;
    return refuse(standard_page(431));
  }
  if (!client_->readable()) {
    client_->want_read();
    return false;
  }
  const bool first = in.empty();
  const auto got = client_->read(in.room());
  switch (got.what) {
    case link::outcome::done:
      in.filled(got.bytes);
      if (first)
        arm(wait_kind::header);
      return true;
    case link::outcome::later:
      if (first)
        home_.give_scratch(std::move(scratch_));
      return true;
    default: end(); return false;
  }
}

void session::connected() {
  if (!server_->connected()) {
    late_ = false;
    upstream_failed();
    return;
  }
  flight_.to()->failed_at.store(0, std::memory_order_relaxed);
  send_request();
}

void session::upstream_failed() {
  flight_.to()->failed_at.store(deadlines::clock::now().time_since_epoch().count(),
                                std::memory_order_relaxed);
  scratch_->tried.push_back(flight_.to());
  drop_server();
  choose();
}

bool session::refuse(const page& what) {
  auto& count = home_.counters;
  if (what.status == 502 || what.status == 504)
    counted_.answered(true);
  if (what.status == 502)
    count.errors_502.fetch_add(1, std::memory_order_relaxed);
  else if (what.status == 503)
    count.errors_503.fetch_add(1, std::memory_order_relaxed);
  else if (what.status == 504)
    count.errors_504.fetch_add(1, std::memory_order_relaxed);
  else if (what.status == 401 || what.status == 403 || what.status == 413 || what.status == 429)
    count.refused.fetch_add(1, std::memory_order_relaxed);
  drop_server();
  flight_.land();
  auto& s = *scratch_;
  close_after_ = !keep_ || !request_body_.done() || home_.stopping;
  proxy::write_page(s.response_text, what,
                    {json_, head_only_, !close_after_, client_minor_, request_id_});
  s.down.clear();
  s.down.add(s.response_text);
  state_ = state::answering;
  arm(wait_kind::body);
  return true;
}

bool session::fail(unsigned status) {
  if (response_begun_ || !scratch_->down.empty())
    return cut();
  return refuse(standard_page(status));
}

/// Closes in the middle of a response, such that the client cannot take it for whole.
bool session::cut() {
  if (client_minor_ == 0)
    client_->reset_on_close();
  end();
  return false;
}

bool session::write_page() {
  switch (client_->write(scratch_->down)) {
    case link::outcome::done: return next_request();
    case link::outcome::later: client_->want_write(); return false;
    default: end(); return false;
  }
}

/// Behind a response.
bool session::next_request() {
  auto& s = *scratch_;
  if (have_head_)
    counted_.answered(s.response.status >= 500);
  if (close_after_) {
    if (client_->shutdown_send() == link::outcome::later) {
      state_ = state::answering; // its last bytes are this
      client_->want_write();
      return false;
    }
    begin_linger();
    return true;
  }
  state_ = state::reading;
  forget_request();
  if (!s.in.empty()) {
    s.in.compact();
    arm(wait_kind::header);
    return true;
  }
  if (home_.stopping) {
    leave();
    return false;
  }
  home_.give_scratch(std::move(scratch_));
  arm(wait_kind::idle);
  return true;
}

void session::begin_linger() {
  state_ = state::lingering;
  lingered_ = 0;
  arm(wait_kind::linger);
}

bool session::linger() {
  auto& in = scratch_->in;
  while (client_->readable()) {
    in.clear();
    const auto got = client_->read(in.room());
    lingered_ += got.bytes;
    if (got.what == link::outcome::ended || got.what == link::outcome::failed
        || lingered_ > max_lingered) {
      end();
      return false;
    }
  }
  client_->want_read();
  return false;
}

void session::drop_server() {
  if (auto x = std::move(server_))
    x->close();
}

} // namespace backendim::proxy
