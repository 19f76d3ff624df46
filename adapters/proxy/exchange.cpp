// The part of a session that moves the bytes of one request and its response, or of a tunnel.
#include "adapters/proxy/rewrite.hpp"
#include "adapters/proxy/session.hpp"

#include <utility>

namespace backendim::proxy {

void session::send_request() {
  auto& s = *scratch_;
  state_ = state::exchanging;
  request_sent_ = request_broken_ = any_byte_ = have_head_ = false;
  scan_ = {};
  moved_ = true;
  s.out.clear();
  s.up.clear();
  s.down.clear();
  s.up.add(s.request_text);
  feed_request();
}

/// Takes what has come of the request's body. False: it cannot go on.
bool session::feed_request() {
  auto& s = *scratch_;
  s.pieces.clear();
  if (!request_body_.feed(s.in, s.pieces)) {
    fail(400);
    return false;
  }
  if (body_left_ != unlimited) {
    uint64_t size = 0;
    for (const auto& x : s.pieces)
      size += x.size();
    if (size > body_left_) { // of chunks: a length that is too much was refused before
      fail(413);
      return false;
    }
    body_left_ -= size;
  }
  s.up.add(s.pieces, s.request.chunked, request_body_.done());
  return true;
}

bool session::exchange() {
  pump_request();
  if (state_ != state::exchanging)
    return true;
  const bool again = pump_response();
  if (state_ == state::exchanging)
    arm_exchange();
  return again;
}

void session::arm_exchange() {
  const auto& s = *scratch_;
  const bool owed_by_client
    = !s.down.empty() || (!request_body_.done() && s.up.empty() && !request_broken_);
  const auto kind = owed_by_client ? wait_kind::body : wait_kind::silence;
  if (!std::exchange(moved_, false) && kind == armed_)
    return;
  arm(kind);
  if (!s.down.empty())
    in_transit_ = client_->in_transit();
}

/// The kernel asks for more only when much of its buffer is free, which takes a slow client longer
/// than the deadline: what counts is what it has acknowledged meanwhile.
bool session::client_takes_some() {
  const auto before = std::exchange(in_transit_, client_->in_transit());
  return in_transit_ < before;
}

void session::pump_request() {
  auto& s = *scratch_;
  while (!request_sent_ && !request_broken_) {
    const auto before = s.up.written();
    const auto how = server_->write(s.up);
    moved_ |= s.up.written() != before;
    switch (how) {
      case link::outcome::done: break;
      case link::outcome::later: server_->want_write(); return;
      default: request_broken_ = true; return; // an answer may be there nonetheless
    }
    if (request_body_.done()) {
      request_sent_ = true;
      return;
    }
    if (s.in.empty()) {
      if (!client_->readable() || budget_ == 0) {
        client_->want_read();
        return;
      }
      s.in.clear();
      const auto got = client_->read(s.in.room());
      if (got.what == link::outcome::later)
        continue;
      if (got.what != link::outcome::done) {
        end(); // the rest of its request will not come
        return;
      }
      s.in.filled(got.bytes);
      --budget_;
    }
    moved_ = true;
    if (!feed_request())
      return;
  }
}

bool session::pump_response() {
  auto& s = *scratch_;
  for (;;) {
    if (!s.down.empty()) {
      const auto before = s.down.written();
      const auto how = client_->write(s.down);
      moved_ |= s.down.written() != before;
      switch (how) {
        case link::outcome::done: break;
        case link::outcome::later: client_->want_write(); return false;
        default: end(); return false;
      }
    }
    if (have_head_ && response_body_.done())
      return finish();
    if (!have_head_) {
      switch (scan_.next(s.out.unread())) {
        case head_scan::outcome::bad: return fail(502);
        case head_scan::outcome::whole:
          if (!take_response_head())
            return true;
          continue;
        case head_scan::outcome::more: break;
      }
      if (s.out.room().empty())
        return fail(502);
    } else {
      s.out.clear();
    }
    if (!server_->readable() || budget_ == 0) {
      server_->want_read();
      return false;
    }
    const auto got = server_->read(s.out.room());
    if (got.what == link::outcome::later)
      continue;
    if (got.what != link::outcome::done) {
      if (!response_ended(got.what))
        return state_ != state::exchanging;
      if (state_ != state::exchanging)
        return true;
      continue;
    }
    s.out.filled(got.bytes);
    --budget_;
    any_byte_ = moved_ = true;
    if (have_head_) {
      feed_response();
      if (state_ != state::exchanging)
        return true;
    }
  }
}

/// False: the state has changed.
bool session::take_response_head() {
  auto& s = *scratch_;
  const auto size = scan_.end();
  const auto head = s.out.unread().substr(scan_.begin(), size - scan_.begin());
  if (!parse(head, s.response)) {
    fail(502);
    return false;
  }
  scan_ = {};
  s.out.consume(size);
  const auto status = s.response.status;
  if (status < 200 && status != 101) {
    if (client_minor_ == 1) {
      write_response(s.response_text, s.response, {});
      s.down.add(s.response_text);
    }
    s.out.compact();
    return true;
  }
  if (status == 101 && (!upgrade_ || !request_sent_ || s.response.upgrade.empty())) {
    fail(502);
    return false;
  }
  have_head_ = response_begun_ = true;
  const bool bodiless = head_only_ || status == 101 || status == 204 || status == 304;
  const bool counted = s.response.content_length && !s.response.chunked;
  if (bodiless)
    response_body_.expect_nothing();
  else if (s.response.chunked)
    response_body_.expect_chunks();
  else if (counted)
    response_body_.expect_length(*s.response.content_length);
  else
    response_body_.expect_end_of_stream();
  const bool open_ended = !bodiless && !counted;
  chunk_out_ = open_ended && client_minor_ == 1;
  close_after_ = !keep_ || home_.stopping || !request_body_.done() || (open_ended && !chunk_out_);
  write_response(s.response_text, s.response, {chunk_out_, !close_after_, client_minor_});
  s.down.add(s.response_text);
  if (status != 101)
    feed_response();
  return state_ == state::exchanging;
}

void session::feed_response() {
  auto& s = *scratch_;
  s.pieces.clear();
  if (response_body_.feed(s.out, s.pieces))
    s.down.add(s.pieces, chunk_out_, response_body_.done());
  else
    cut();
}

/// The upstream closed. True: go on.
bool session::response_ended(link::outcome how) {
  auto& s = *scratch_;
  if (have_head_) {
    if (how != link::outcome::ended || !response_body_.end_of_stream())
      return cut();
    s.pieces.clear();
    s.down.add(s.pieces, chunk_out_, true);
    return true;
  }
  if (server_->reused && !any_byte_ && repeatable_ && !fresh_only_) {
    fresh_only_ = true; // it closed while the request was on its way
    drop_server();
    choose();
    return true;
  }
  return fail(502);
}

/// The client has the whole response.
bool session::finish() {
  auto& s = *scratch_;
  const auto& response = s.response;
  if (response.status == 101) {
    state_ = state::tunneling;
    disarm();
    client_->keep_probing();
    server_->keep_probing();
    up_ = down_ = {};
    return true;
  }
  const bool contradictory
    = response.status == 204 && (response.chunked || response.content_length.value_or(0) != 0);
  if (request_sent_ && response.persistent() && !response_body_.ends_with_stream() && s.out.empty()
      && !contradictory) {
    server_->owner = nullptr;
    home_.pool(std::move(server_));
  }
  drop_server();
  flight_.land();
  return next_request();
}

bool session::tunnel() {
  auto& s = *scratch_;
  moved_ = false;
  copy(*client_, s.in, s.up, *server_, up_);
  copy(*server_, s.out, s.down, *client_, down_);
  if (up_.shut && down_.shut)
    end();
  else if ((up_.shut || down_.shut) && (moved_ || armed_ != wait_kind::silence))
    arm(wait_kind::silence); // the other side should come to its end, too
  return false;
}

void session::copy(link& from, block& through, outbox& box, link& to, one_way& way) {
  while (state_ == state::tunneling && !way.shut) {
    switch (to.write(box)) {
      case link::outcome::done: break;
      case link::outcome::later: to.want_write(); return;
      default: end(); return;
    }
    if (way.ended) {
      way.shut = to.shutdown_send() != link::outcome::later;
      if (!way.shut)
        to.want_write();
      return;
    }
    if (through.empty()) {
      if (!from.readable() || budget_ == 0) {
        from.want_read();
        return;
      }
      through.clear();
      const auto got = from.read(through.room());
      if (got.what == link::outcome::later)
        continue;
      if (got.what == link::outcome::failed) {
        to.reset_on_close(); // it was cut, and nobody may take it for whole
        end();
      }
      way.ended = got.what == link::outcome::ended;
      through.filled(got.bytes);
      --budget_;
      moved_ = true;
    }
    box.add(through.unread());
    through.consume(through.unread().size());
  }
}

} // namespace backendim::proxy
