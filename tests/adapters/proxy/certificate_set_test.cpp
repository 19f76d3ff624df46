#include "adapters/proxy/certificate_set.hpp"
#include "protocol/types.hpp"
#include "tests/support/certificates.hpp"
#include "tests/support/temp_folder.hpp"

#include <gtest/gtest.h>

#include <string>

using namespace backendim;
using namespace backendim::test;
using namespace std::chrono_literals;
namespace fs = std::filesystem;

namespace {

class CertificateSetTest : public ::testing::Test {
protected:
  proxy::certificates_read read(const proxy::certificate_set_ptr& last = nullptr) {
    return proxy::read_certificates(folder.path(), last, std::chrono::system_clock::now());
  }
  void put(const std::string& name, const pem_pair& x, mode_t key_mode = 0600) {
    put_pair(folder.path(), name, x, key_mode);
  }
  /// The only fault, and that the rest is fine.
  failure fault_besides(const std::string& good_host) {
    const auto got = read();
    EXPECT_TRUE(got.set && got.set->find(good_host));
    EXPECT_EQ(got.faults.size(), 1u);
    return got.faults.empty() ? failure{} : failure_of(got.faults.front());
  }
  std::string file_for(const proxy::certificate_set_ptr& set, const std::string& host) {
    const auto* found = set->find(host);
    return found ? found->file.filename().string() : "";
  }
  std::string at(const std::string& name) { return (folder.path() / name).string(); }

  test_ca ca;
  temp_folder folder;
};

TEST_F(CertificateSetTest, AHostGetsItsOwnThenAWildcardThenNone) {
  put("1-wild", ca.issue({"*.example.com", "example.com"}));
  put("2-shop", ca.issue({"shop.example.com", "SHOP.example.org"}));
  const auto got = read();
  ASSERT_TRUE(got.set);
  EXPECT_TRUE(got.faults.empty());
  EXPECT_EQ(file_for(got.set, "shop.example.com"), "2-shop.crt");
  EXPECT_EQ(file_for(got.set, "shop.example.org"), "2-shop.crt");
  EXPECT_EQ(file_for(got.set, "blog.example.com"), "1-wild.crt");
  EXPECT_EQ(file_for(got.set, "example.com"), "1-wild.crt");
  for (const auto* host : {"a.b.example.com", "example.org", ".example.com", "*.example.com", "",
                           "com", "xexample.com"})
    EXPECT_EQ(got.set->find(host), nullptr) << host;
}

TEST_F(CertificateSetTest, OfTwoForOneHostTheLongerValidOneCounts) {
  put("a", ca.issue({"shop.test"}, -1h, 24h * 20));
  put("b", ca.issue({"shop.test"}, -1h, 24h * 80));
  put("c", ca.issue({"shop.test"}, -1h, 24h * 50));
  EXPECT_EQ(file_for(read().set, "shop.test"), "b.crt");
}

TEST_F(CertificateSetTest, ABrokenPairIsNamedAndTakesNoOtherDown) {
  put("good", ca.issue({"good.test"}));
  const auto one = ca.issue({"bad.test"}), two = ca.issue({"bad.test"});
  struct broken {
    const char* what;
    pem_pair pair;
    mode_t mode;
    std::string named;
    std::string said;
  };
  auto damaged = one;
  damaged.certificate.insert(damaged.certificate.rfind("-----END") - 30, "!!");
  auto sealed = one;
  sealed.key = "-----BEGIN ENCRYPTED PRIVATE KEY-----\nMIIB\n-----END ENCRYPTED PRIVATE KEY-----\n";
  const broken all[]{
    {"another's key", {one.certificate, two.key}, 0600, at("bad.key"), at("bad.crt")},
    {"expired", ca.issue({"bad.test"}, -48h, -24h), 0600, at("bad.crt"), "expired on 20"},
    {"not yet valid", ca.issue({"bad.test"}, 24h, 48h), 0600, at("bad.crt"), "not valid before 20"},
    {"world-readable", one, 0644, at("bad.key"), "Everybody"},
    {"no certificate", {"hello\n", one.key}, 0600, at("bad.crt"), "no certificate"},
    {"no key", {one.certificate, "hello\n"}, 0600, at("bad.key"), "no key"},
    {"passphrase", sealed, 0600, at("bad.key"), "passphrase"},
    {"damaged chain", damaged, 0600, at("bad.crt"), "damaged"},
    {"no name", ca.issue({}), 0600, at("bad.crt"), "names no host"},
    {"too large", {std::string(2 << 20, 'x'), one.key}, 0600, at("bad.crt"), "larger"},
  };
  for (const auto& x : all) {
    put("bad", x.pair, x.mode);
    const auto why = fault_besides("good.test");
    EXPECT_NE(why.message.find(x.named), std::string::npos) << x.what << ": " << why.message;
    EXPECT_NE(why.message.find(x.said), std::string::npos) << x.what << ": " << why.message;
    EXPECT_FALSE(why.next.empty()) << x.what;
  }
  EXPECT_EQ(read().set->find("bad.test"), nullptr);
}

TEST_F(CertificateSetTest, WhatIsMissingIsNamed) {
  put("good", ca.issue({"good.test"}));
  put("half", ca.issue({"half.test"}));
  fs::remove(at("half.key"));
  EXPECT_NE(fault_besides("good.test").message.find(at("half.key")), std::string::npos);
  put("half", ca.issue({"half.test"}));
  fs::remove(at("half.crt"));
  EXPECT_NE(fault_besides("good.test").message.find(at("half.key")), std::string::npos);
  fs::remove(at("half.key"));
  fs::create_directory(at("half.crt"));
  EXPECT_NE(fault_besides("good.test").message.find(at("half.crt")), std::string::npos);
}

TEST_F(CertificateSetTest, AnEmptyOrMissingFolderIsAFault) {
  auto got = read();
  EXPECT_FALSE(got.set);
  ASSERT_EQ(got.faults.size(), 1u);
  EXPECT_NE(failure_of(got.faults[0]).message.find(folder.path().string()), std::string::npos);
  got = proxy::read_certificates(folder.path() / "none", nullptr, {});
  EXPECT_FALSE(got.set);
  EXPECT_EQ(got.faults.size(), 1u);
}

TEST_F(CertificateSetTest, TheOneOfBeforeIsUsedOnWhenTheNewOneIsBroken) {
  put("shop", ca.issue({"shop.test"}));
  put("blog", ca.issue({"blog.test"}));
  const auto first = read().set;
  ASSERT_TRUE(first);
  auto broken = ca.issue({"shop.test"});
  broken.key = ca.issue({"shop.test"}).key;
  put("shop", broken);
  const auto got = read(first);
  ASSERT_TRUE(got.set);
  EXPECT_EQ(got.set->find("shop.test"), first->find("shop.test"));
  ASSERT_EQ(got.faults.size(), 1u);
  EXPECT_NE(failure_of(got.faults[0]).message.find("is used on"), std::string::npos);
  fs::remove(at("shop.crt"));
  fs::remove(at("shop.key"));
  EXPECT_EQ(read(got.set).set->find("shop.test"), nullptr) << "its owner took it away";
}

} // namespace
