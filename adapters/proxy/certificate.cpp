#include "adapters/proxy/certificate.hpp"

#include "protocol/error.hpp"

#include <fcntl.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <ctime>
#include <optional>
#include <string_view>
#include <system_error>
#include <utility>

namespace backendim::proxy {

namespace fs = std::filesystem;
using std::chrono::system_clock;

namespace {

constexpr size_t largest_file = 1 << 20;

template <auto Free>
struct freed_by {
  template <class T>
  void operator()(T* x) const {
    Free(x);
  }
};
using bio_ptr = std::unique_ptr<BIO, freed_by<::BIO_free>>;
using x509_ptr = std::unique_ptr<X509, freed_by<::X509_free>>;
using key_ptr = std::unique_ptr<EVP_PKEY, freed_by<::EVP_PKEY_free>>;
using names_ptr = std::unique_ptr<GENERAL_NAMES, freed_by<::GENERAL_NAMES_free>>;

caf::error fault(std::string what, std::string next) {
  return make_failure(ec::invalid_request,
                      {cause::config_invalid, std::move(what), {}, std::move(next)});
}

/// What OpenSSL says of its last failure.
std::string reason() {
  const auto code = ::ERR_peek_last_error();
  const char* text = code != 0 ? ::ERR_reason_error_string(code) : nullptr;
  return text != nullptr ? text : "no reason is given";
}

/// An open descriptor, closed with it.
struct open_file {
  explicit open_file(const fs::path& file)
    : descriptor{::open(file.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK)} {} // not for a pipe
  open_file(const open_file&) = delete;
  open_file& operator=(const open_file&) = delete;
  ~open_file() {
    if (descriptor >= 0)
      ::close(descriptor);
  }
  int descriptor;
};

/// *secret*: nobody but its owner and his group may have access.
caf::expected<std::string> content_of(const fs::path& file, bool secret) {
  const open_file in{file};
  struct stat about {};
  if (in.descriptor < 0 || ::fstat(in.descriptor, &about) != 0)
    return fault("Cannot read " + file.string() + ": " + std::generic_category().message(errno)
                   + ".",
                 errno == ENOENT ? "Put it there: a certificate NAME.crt and its key NAME.key."
                                 : "Let the user that backendimd runs as read it.");
  if (!S_ISREG(about.st_mode))
    return fault(file.string() + " is no file.", "Put a PEM file there.");
  if (secret && (about.st_mode & S_IRWXO) != 0)
    return fault("Everybody on this machine has access to the key " + file.string() + ".",
                 "chmod 600 it; if somebody may have read it, get a new key and certificate.");
  std::string result;
  char some[16 * 1024];
  for (;;) {
    const auto n = ::read(in.descriptor, some, sizeof some);
    if (n < 0)
      return fault("Cannot read " + file.string() + ": " + std::generic_category().message(errno)
                     + ".",
                   "Look at the disk that it is on.");
    if (n == 0)
      return result;
    result.append(some, static_cast<size_t>(n));
    if (result.size() > largest_file)
      return fault(file.string() + " is larger than any certificate.", "Put a PEM file there.");
  }
}

bio_ptr bio_of(const std::string& text) {
  return bio_ptr{::BIO_new_mem_buf(text.data(), static_cast<int>(text.size()))};
}

/// Nobody sits at this terminal.
int no_passphrase(char*, int, int, void*) {
  return -1;
}

bool may_be_host(std::string_view x) {
  return !x.empty() && x.size() <= 253 && std::ranges::all_of(x, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '.' || c == '_';
  });
}

/// The DNS names; *any*: whether it is for something at all, if only an address.
std::vector<std::string> names_of(X509* x, bool& any) {
  std::vector<std::string> result;
  const names_ptr all{
    static_cast<GENERAL_NAMES*>(::X509_get_ext_d2i(x, NID_subject_alt_name, nullptr, nullptr))};
  any = false;
  for (int i = 0; all && i < sk_GENERAL_NAME_num(all.get()); ++i) {
    const auto* name = sk_GENERAL_NAME_value(all.get(), i);
    any |= name->type == GEN_DNS || name->type == GEN_IPADD;
    if (name->type != GEN_DNS)
      continue;
    std::string text{reinterpret_cast<const char*>(::ASN1_STRING_get0_data(name->d.dNSName)),
                     static_cast<size_t>(::ASN1_STRING_length(name->d.dNSName))};
    for (auto& c : text)
      if (c >= 'A' && c <= 'Z')
        c = static_cast<char>(c - 'A' + 'a');
    if (text.ends_with('.'))
      text.pop_back();
    const std::string_view host = text;
    if (may_be_host(host.starts_with("*.") ? host.substr(2) : host))
      result.push_back(std::move(text));
  }
  return result;
}

std::optional<system_clock::time_point> time_of(const ASN1_TIME* x) {
  std::tm parts{};
  if (::ASN1_TIME_to_tm(x, &parts) != 1)
    return std::nullopt;
  return system_clock::from_time_t(::timegm(&parts));
}

int choose_protocol(SSL*, const unsigned char** out, unsigned char* size, const unsigned char* in,
                    unsigned in_size, void*) {
  static constexpr unsigned char ours[] = "\x08http/1.1\x08http/1.0";
  unsigned char* chosen = nullptr;
  // Who speaks neither is told so, and not taken for a browser: its bytes would mean something
  // else.
  if (::SSL_select_next_proto(&chosen, size, ours, sizeof ours - 1, in, in_size)
      != OPENSSL_NPN_NEGOTIATED)
    return SSL_TLSEXT_ERR_ALERT_FATAL;
  *out = chosen;
  return SSL_TLSEXT_ERR_OK;
}

/// Puts certificate, chain and key into the context.
caf::error fill(certificate& to, const fs::path& file, const fs::path& key_file,
                const std::string& chain, const std::string& key_text) {
  auto* context = to.context.get();
  const auto pem = bio_of(chain);
  const x509_ptr own{::PEM_read_bio_X509_AUX(pem.get(), nullptr, no_passphrase, nullptr)};
  if (!own)
    return fault("There is no certificate in " + file.string() + ": " + reason() + ".",
                 "Put it there in PEM, as \"-----BEGIN CERTIFICATE-----\" and so on.");
  const auto begins = time_of(::X509_get0_notBefore(own.get()));
  const auto ends = time_of(::X509_get0_notAfter(own.get()));
  bool any = false;
  to.names = names_of(own.get(), any);
  if (!any || !begins || !ends)
    return fault("The certificate in " + file.string() + " names no host.",
                 "Get one with the hosts in its subjectAltName; its common name does not count.");
  to.begins = *begins;
  to.ends = *ends;
  if (::SSL_CTX_use_certificate(context, own.get()) != 1)
    return fault("The certificate in " + file.string() + " cannot be used: " + reason() + ".",
                 "Get one with a key of today's size: EC P-256 or RSA 2048.");
  for (;;) {
    x509_ptr next{::PEM_read_bio_X509(pem.get(), nullptr, no_passphrase, nullptr)};
    if (!next)
      break;
    if (::SSL_CTX_add0_chain_cert(context, next.get()) != 1)
      return fault("The chain in " + file.string() + " cannot be used: " + reason() + ".",
                   "Get it from the CA again.");
    (void)next.release(); // the context has it
  }
  if (ERR_GET_REASON(::ERR_peek_last_error()) != PEM_R_NO_START_LINE)
    return fault("The chain in " + file.string() + " is damaged: " + reason() + ".",
                 "Get it from the CA again.");
  ::ERR_clear_error();
  const key_ptr key{
    ::PEM_read_bio_PrivateKey(bio_of(key_text).get(), nullptr, no_passphrase, nullptr)};
  if (!key && key_text.find("ENCRYPTED") != key_text.npos)
    return fault("The key " + key_file.string() + " has a passphrase.",
                 "Take it away: openssl pkey -in " + key_file.string() + " -out NEW.");
  if (!key)
    return fault("There is no key in " + key_file.string() + ": " + reason() + ".",
                 "Put it there in PEM, as \"-----BEGIN PRIVATE KEY-----\" and so on.");
  if (::X509_check_private_key(own.get(), key.get()) != 1)
    return fault("The key " + key_file.string() + " is not that of the certificate " + file.string()
                   + ".",
                 "Put both there as the CA gave them, under one name; the certificate itself has "
                 "to stand before its chain.");
  if (::SSL_CTX_use_PrivateKey(context, key.get()) != 1)
    return fault("The key " + key_file.string() + " cannot be used: " + reason() + ".",
                 "Get one of today's kinds: EC P-256 or RSA 2048.");
  return {};
}

} // namespace

void ssl_context_deleter::operator()(ssl_ctx_st* x) const {
  ::SSL_CTX_free(x);
}

ssl_context_ptr make_ssl_context() {
  ssl_context_ptr result{::SSL_CTX_new(::TLS_server_method())};
  auto* x = result.get();
  if (x == nullptr || ::SSL_CTX_set_min_proto_version(x, TLS1_2_VERSION) != 1
      || ::SSL_CTX_set_cipher_list(x, "ECDHE+AESGCM:ECDHE+CHACHA20") != 1)
    return nullptr;
  ::SSL_CTX_set_options(x, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION
                             | SSL_OP_CIPHER_SERVER_PREFERENCE | SSL_OP_PRIORITIZE_CHACHA);
  ::SSL_CTX_set_mode(x, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE
                          | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  ::SSL_CTX_set_read_ahead(x, 1); // a record takes one system call, not two
  // Clients keep their sessions themselves, in tickets.
  ::SSL_CTX_set_session_cache_mode(x, SSL_SESS_CACHE_OFF);
  ::SSL_CTX_set_num_tickets(x, 1);
  ::SSL_CTX_set_alpn_select_cb(x, choose_protocol, nullptr);
  return result;
}

caf::expected<certificate_ptr> read_certificate(const fs::path& file,
                                                system_clock::time_point now) {
  auto key_file = file;
  key_file.replace_extension(".key");
  const auto chain = content_of(file, false);
  if (!chain)
    return chain.error();
  auto key = content_of(key_file, true);
  if (!key)
    return key.error();
  ::ERR_clear_error();
  auto result = std::make_shared<certificate>();
  result->file = file;
  result->context = make_ssl_context();
  auto wrong = result->context ? fill(*result, file, key_file, *chain, *key)
                               : fault("There is no memory for " + file.string() + ".", "");
  ::OPENSSL_cleanse(key->data(), key->size());
  ::ERR_clear_error();
  if (wrong)
    return wrong;
  if (result->ends <= now)
    return fault("The certificate in " + file.string() + " expired on " + date_text(result->ends)
                   + ".",
                 "Put a renewed one in its place, with its key.");
  if (result->begins > now)
    return fault("The certificate in " + file.string() + " is not valid before "
                   + date_text(result->begins) + ".",
                 "Put it there then; or set this machine's clock.");
  return certificate_ptr{std::move(result)};
}

std::string date_text(system_clock::time_point x) {
  const auto seconds = system_clock::to_time_t(x);
  std::tm parts{};
  ::gmtime_r(&seconds, &parts);
  char text[32];
  return {text, std::strftime(text, sizeof text, "%Y-%m-%d %H:%M UTC", &parts)};
}

} // namespace backendim::proxy
