#pragma once

#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <sys/stat.h>

#include <chrono>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

namespace backendim::test {

/// A certificate with its chain, and its key, in PEM.
struct pem_pair {
  std::string certificate;
  std::string key;
};

/// Writes NAME.crt and NAME.key, each with one rename, as who renews certificates does.
inline void put_pair(const std::filesystem::path& folder, const std::string& name,
                     const pem_pair& x, mode_t key_mode = 0600) {
  const auto put = [&](const std::string& text, const std::string& ending, mode_t mode) {
    const auto fresh = folder / ("." + name + ending);
    std::ofstream{fresh, std::ios::binary} << text;
    ::chmod(fresh.c_str(), mode);
    std::filesystem::rename(fresh, folder / (name + ending));
  };
  put(x.certificate, ".crt", 0644);
  put(x.key, ".key", key_mode);
}

/// A CA of one test's own: a root, which clients trust, and the one below it that signs.
class test_ca {
public:
  using key_ptr = std::shared_ptr<EVP_PKEY>;
  using x509_ptr = std::shared_ptr<X509>;

  test_ca() {
    root_key_ = make_key();
    root_ = sign("Test root", {}, root_key_, nullptr, root_key_, -std::chrono::hours{1},
                 std::chrono::hours{24}, true);
    key_ = make_key();
    below_ = sign("Test CA", {}, key_, root_, root_key_, -std::chrono::hours{1},
                  std::chrono::hours{24}, true);
  }

  /// For these DNS names. *from*, *until*: from now.
  pem_pair issue(const std::vector<std::string>& names,
                 std::chrono::hours from = -std::chrono::hours{1},
                 std::chrono::hours until = std::chrono::hours{24 * 30}) const {
    const auto key = make_key();
    const auto own = sign("Test", names, key, below_, key_, from, until, false);
    return {pem(own) + pem(below_), pem(key)};
  }

  std::string root() const { return pem(root_); } ///< What a client trusts.

private:
  static key_ptr make_key() { return {EVP_EC_gen("P-256"), EVP_PKEY_free}; }

  static void add(X509* to, X509* issuer, int what, const std::string& value) {
    X509V3_CTX context;
    X509V3_set_ctx(&context, issuer, to, nullptr, nullptr, 0);
    auto* extension = X509V3_EXT_conf_nid(nullptr, &context, what, value.c_str());
    if (extension == nullptr)
      throw std::runtime_error{"no extension of " + value};
    X509_add_ext(to, extension, -1);
    X509_EXTENSION_free(extension);
  }

  static x509_ptr sign(const std::string& title, const std::vector<std::string>& names,
                       const key_ptr& key, const x509_ptr& issuer, const key_ptr& issuer_key,
                       std::chrono::hours from, std::chrono::hours until, bool ca) {
    static long serial = std::time(nullptr);
    const x509_ptr result{X509_new(), X509_free};
    auto* x = result.get();
    X509_set_version(x, 2);
    ASN1_INTEGER_set(X509_get_serialNumber(x), ++serial);
    const auto name = title + " " + std::to_string(serial); // clients find issuers by their name
    X509_gmtime_adj(X509_getm_notBefore(x), std::chrono::seconds{from}.count());
    X509_gmtime_adj(X509_getm_notAfter(x), std::chrono::seconds{until}.count());
    X509_NAME_add_entry_by_txt(X509_get_subject_name(x), "CN", MBSTRING_ASC,
                               reinterpret_cast<const unsigned char*>(name.c_str()), -1, -1, 0);
    X509_set_issuer_name(x, X509_get_subject_name(issuer ? issuer.get() : x));
    X509_set_pubkey(x, key.get());
    add(x, issuer ? issuer.get() : x, NID_basic_constraints, ca ? "critical,CA:TRUE" : "CA:FALSE");
    std::string all;
    for (const auto& host : names)
      all += (all.empty() ? "DNS:" : ",DNS:") + host;
    if (!all.empty())
      add(x, issuer.get(), NID_subject_alt_name, all);
    if (X509_sign(x, issuer_key.get(), EVP_sha256()) == 0)
      throw std::runtime_error{"no signature"};
    return result;
  }

  static std::string text_of(BIO* from) {
    const std::unique_ptr<BIO, decltype(&BIO_free)> owner{from, BIO_free};
    char* bytes = nullptr;
    const auto size = BIO_get_mem_data(from, &bytes);
    return {bytes, static_cast<size_t>(size)};
  }
  static std::string pem(const x509_ptr& x) {
    auto* to = BIO_new(BIO_s_mem());
    PEM_write_bio_X509(to, x.get());
    return text_of(to);
  }
  static std::string pem(const key_ptr& x) {
    auto* to = BIO_new(BIO_s_mem());
    PEM_write_bio_PrivateKey(to, x.get(), nullptr, nullptr, 0, nullptr, nullptr);
    return text_of(to);
  }

  key_ptr root_key_, key_;
  x509_ptr root_, below_;
};

} // namespace backendim::test
