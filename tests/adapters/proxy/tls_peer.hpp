#pragma once

#include "tests/adapters/proxy/loopback.hpp"

#include <openssl/err.h>
#include <openssl/ssl.h>

#include <memory>
#include <string>
#include <string_view>
#include <utility>

namespace backendim::test {

/// What a client of TLS wants.
struct tls_wish {
  std::string host = "app.test"; ///< Named (SNI) and checked; empty: neither.
  std::string trusted;           ///< PEM of the root.
  int version = 0;               ///< 0: the newest.
  std::string protocols;         ///< ALPN, on the wire.
  SSL_SESSION* session = nullptr;
};

/// A client that speaks TLS, and trusts one root only.
class tls_peer : public peer {
public:
  tls_peer(tcp::socket socket, const tls_wish& wish) : peer{std::move(socket)} {
    context_.reset(::SSL_CTX_new(::TLS_client_method()));
    ::SSL_CTX_set_verify(context_.get(), wish.host.empty() ? SSL_VERIFY_NONE : SSL_VERIFY_PEER,
                         nullptr);
    const std::unique_ptr<BIO, decltype(&::BIO_free)> pem{
      ::BIO_new_mem_buf(wish.trusted.data(), static_cast<int>(wish.trusted.size())), ::BIO_free};
    if (const std::unique_ptr<X509, decltype(&::X509_free)> root{
          ::PEM_read_bio_X509(pem.get(), nullptr, nullptr, nullptr), ::X509_free})
      ::X509_STORE_add_cert(::SSL_CTX_get_cert_store(context_.get()), root.get());
    ssl_.reset(::SSL_new(context_.get()));
    if (wish.version != 0) {
      ::SSL_set_min_proto_version(ssl_.get(), wish.version);
      ::SSL_set_max_proto_version(ssl_.get(), wish.version);
    }
    if (!wish.host.empty()) {
      ::SSL_set_tlsext_host_name(ssl_.get(), wish.host.c_str());
      ::SSL_set1_host(ssl_.get(), wish.host.c_str());
    }
    if (!wish.protocols.empty())
      ::SSL_set_alpn_protos(ssl_.get(),
                            reinterpret_cast<const unsigned char*>(wish.protocols.data()),
                            static_cast<unsigned>(wish.protocols.size()));
    if (wish.session != nullptr)
      ::SSL_set_session(ssl_.get(), wish.session);
    // OpenSSL writes with write(2), and peers that are gone are part of these tests.
    ::signal(SIGPIPE, SIG_IGN);
    ::SSL_set_fd(ssl_.get(), this->socket().native_handle());
    ::ERR_clear_error();
    if (::SSL_connect(ssl_.get()) != 1)
      alert_ = ERR_GET_REASON(::ERR_peek_error());
    greeted_ = alert_ == 0 && ::SSL_is_init_finished(ssl_.get()) == 1;
  }

  bool greeted() const { return greeted_; }
  int alert() const { return alert_; } ///< OpenSSL's reason for the handshake that failed.
  SSL* ssl() { return ssl_.get(); }
  bool was_closed() const { return closed_; } ///< The edge said that this is the end.

  /// Waits until there is something to read, or (*out*) room to write; false: neither came.
  bool moves(bool out) {
    pollfd wait{socket().native_handle(), static_cast<short>(POLLIN | (out ? POLLOUT : 0)), 0};
    return ::poll(&wait, 1, static_cast<int>(patience.count()) * 1'000) > 0;
  }

  /// The end of its own side: TLS's, then TCP's.
  void say_end() {
    ::SSL_shutdown(ssl_.get());
    half_close();
  }

  /// What tells one certificate from another: its serial number.
  std::string certificate() {
    const std::unique_ptr<X509, decltype(&::X509_free)> shown{
      ::SSL_get1_peer_certificate(ssl_.get()), ::X509_free};
    return shown ? std::to_string(::ASN1_INTEGER_get(::X509_get0_serialNumber(shown.get()))) : "";
  }
  std::string protocol() {
    const unsigned char* name = nullptr;
    unsigned size = 0;
    ::SSL_get0_alpn_selected(ssl_.get(), &name, &size);
    return {reinterpret_cast<const char*>(name), size};
  }

protected:
  ssize_t send(std::string_view text) override {
    ::ERR_clear_error();
    return ::SSL_write(ssl_.get(), text.data(), static_cast<int>(text.size()));
  }
  ssize_t receive(char* into, size_t size) override {
    ::ERR_clear_error();
    const int n = ::SSL_read(ssl_.get(), into, static_cast<int>(size));
    closed_ = n <= 0 && ::SSL_get_error(ssl_.get(), n) == SSL_ERROR_ZERO_RETURN;
    return n;
  }

private:
  template <auto Free>
  struct freed_by {
    template <class T>
    void operator()(T* x) const {
      Free(x);
    }
  };
  std::unique_ptr<SSL_CTX, freed_by<::SSL_CTX_free>> context_;
  std::unique_ptr<SSL, freed_by<::SSL_free>> ssl_;
  int alert_ = 0;
  bool greeted_ = false;
  bool closed_ = false;
};

} // namespace backendim::test
