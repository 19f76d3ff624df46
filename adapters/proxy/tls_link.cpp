#include "adapters/proxy/tls_link.hpp"

#include "adapters/proxy/certificate_set.hpp"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <utility>

namespace backendim::proxy {

namespace {

constexpr size_t largest_record = SSL3_RT_MAX_PLAIN_LENGTH;

/// The next record's worth of *from*: its parts are small, and each record costs. The same again
/// until it was written, as OpenSSL wants it.
std::string_view next_record(outbox& from) {
  static thread_local std::array<char, largest_record> gathered;
  const auto parts = from.parts();
  const auto& first = parts.front();
  if (parts.size() == 1 || first.iov_len >= largest_record)
    return {static_cast<const char*>(first.iov_base), std::min(first.iov_len, largest_record)};
  size_t size = 0;
  for (const auto& x : parts) {
    const auto n = std::min(x.iov_len, largest_record - size);
    std::copy_n(static_cast<const char*>(x.iov_base), n, gathered.data() + size);
    size += n;
  }
  return {gathered.data(), size};
}

} // namespace

/// OpenSSL's own socket BIO would raise SIGPIPE, and not tell whether the socket is empty.
struct wire {
  static tls_link& owner(BIO* x) { return *static_cast<tls_link*>(::BIO_get_data(x)); }

  static int read(BIO* x, char* into, int size) {
    ::BIO_clear_retry_flags(x);
    auto& link = owner(x);
    for (;;) {
      const auto n = ::recv(link.descriptor(), into, static_cast<size_t>(size), 0);
      if (n < 0 && errno == EINTR)
        continue;
      if (n < 0 && errno == EAGAIN)
        ::BIO_set_retry_read(x);
      link.took_all_ = n < size && !link.ending_;
      return static_cast<int>(n);
    }
  }

  static int write(BIO* x, const char* from, int size) {
    ::BIO_clear_retry_flags(x);
    for (;;) {
      const auto n = ::send(owner(x).descriptor(), from, static_cast<size_t>(size), MSG_NOSIGNAL);
      if (n < 0 && errno == EINTR)
        continue;
      if (n < 0 && errno == EAGAIN)
        ::BIO_set_retry_write(x);
      return static_cast<int>(n);
    }
  }

  static long control(BIO*, int command, long, void*) { return command == BIO_CTRL_FLUSH ? 1 : 0; }

  static BIO_METHOD* method() {
    static BIO_METHOD* const one = [] {
      auto* result = ::BIO_meth_new(::BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "link");
      ::BIO_meth_set_read(result, read);
      ::BIO_meth_set_write(result, write);
      ::BIO_meth_set_ctrl(result, control);
      return result;
    }();
    return one;
  }
};

void ssl_deleter::operator()(ssl_st* x) const {
  ::SSL_free(x);
}

tls_link::tls_link(event_loop& loop, std::shared_ptr<const certificate_set> from)
  : link{loop}, certificates_{std::move(from)}, ssl_{certificates_->begin()} {
  auto* bio = ssl_ ? ::BIO_new(wire::method()) : nullptr;
  if (bio == nullptr) {
    broken_ = true; // no memory
    return;
  }
  ::BIO_set_data(bio, this);
  ::BIO_set_init(bio, 1);
  ::SSL_set_bio(ssl_.get(), bio, bio);
  ::SSL_set_accept_state(ssl_.get());
}

tls_link::~tls_link() = default;

/// What an operation that did not succeed has come to.
link::outcome tls_link::why(int result) {
  switch (::SSL_get_error(ssl_.get(), result)) {
    case SSL_ERROR_WANT_READ: return outcome::later;
    case SSL_ERROR_WANT_WRITE: return outcome::later;
    case SSL_ERROR_ZERO_RETURN: return outcome::ended;
    default: broken_ = true; return outcome::failed;
  }
}

/// After bytes were taken: whether there are more, here or in the socket.
void tls_link::mind_what_is_left() {
  readable_ = !took_all_ || ::SSL_has_pending(ssl_.get()) == 1;
}

link::greeting tls_link::greet() {
  if (broken_)
    return greeting::failed;
  ::ERR_clear_error();
  took_all_ = false;
  const int result = ::SSL_do_handshake(ssl_.get());
  if (result == 1) {
    certificates_.reset();
    readable_ = true; // the look at what came behind it lets go of the buffer, too
    return greeting::done;
  }
  const auto how = why(result);
  if (how == outcome::later) {
    readable_ = false;
    read_needs_room_ = SSL_want_write(ssl_.get());
    return greeting::later;
  }
  // The client may have said more than was read, and a close would take back the alert that tells
  // it what is wrong: from here on its bytes can be read as they are and thrown away.
  broken_ = plain_ = true;
  return ERR_GET_REASON(::ERR_peek_error()) == SSL_R_HTTP_REQUEST ? greeting::plain_http
                                                                  : greeting::failed;
}

link::received tls_link::read(std::span<char> into) {
  if (plain_)
    return link::read(into);
  if (broken_)
    return {outcome::failed, 0};
  ::ERR_clear_error();
  took_all_ = false;
  size_t n = 0;
  const int result = ::SSL_read_ex(ssl_.get(), into.data(), into.size(), &n);
  if (result == 1) {
    mind_what_is_left();
    return {outcome::done, n};
  }
  const auto how = why(result);
  if (how == outcome::later) {
    readable_ = false;
    read_needs_room_ = SSL_want_write(ssl_.get());
  }
  return {how, 0};
}

link::outcome tls_link::write(outbox& from) {
  if (plain_)
    return link::write(from);
  while (!from.empty()) {
    if (broken_)
      return outcome::failed;
    const auto record = next_record(from);
    ::ERR_clear_error();
    size_t n = 0;
    const int result = ::SSL_write_ex(ssl_.get(), record.data(), record.size(), &n);
    if (result == 1) {
      from.written(n);
      continue;
    }
    const auto how = why(result);
    if (how == outcome::later)
      write_needs_bytes_ = SSL_want_read(ssl_.get());
    return how;
  }
  return outcome::done;
}

bool tls_link::hung_up() {
  if (plain_)
    return link::hung_up();
  if (broken_)
    return true;
  ::ERR_clear_error();
  char byte = 0;
  size_t n = 0;
  const int result = ::SSL_peek_ex(ssl_.get(), &byte, 1, &n);
  if (result == 1) {
    readable_ = true;
    return false;
  }
  if (why(result) != outcome::later)
    return true;
  readable_ = false;
  read_needs_room_ = SSL_want_write(ssl_.get());
  return false;
}

link::outcome tls_link::shutdown_send() {
  if (!broken_ && !said_all_) {
    ::ERR_clear_error();
    const int result = ::SSL_shutdown(ssl_.get());
    if (result < 0 && why(result) == outcome::later)
      return outcome::later;
    said_all_ = true; // once more, and it would wait for the client to say so
  }
  return link::shutdown_send();
}

void tls_link::event(uint32_t what) {
  if ((what & EPOLLOUT) != 0 && std::exchange(read_needs_room_, false))
    what |= EPOLLIN;
  if ((what & (EPOLLIN | EPOLLRDHUP)) != 0 && std::exchange(write_needs_bytes_, false))
    what |= EPOLLOUT;
  link::event(what);
}

} // namespace backendim::proxy
