#include "adapters/crypto/digest.hpp"
#include "adapters/s3/signature.hpp"

#include <gtest/gtest.h>

using namespace backendim;

namespace {

/// The examples of AWS' own documentation, "Signature Calculations for the Authorization Header".
class SignatureTest : public ::testing::Test {
protected:
  std::string signature_of(const s3::unsigned_request& x) {
    const auto parts = s3::sign(x, "examplebucket.s3.amazonaws.com", crypto::sha256_hex(""), keys,
                                std::chrono::system_clock::from_time_t(1369353600));
    target = parts.target;
    for (const auto& [name, value] : parts.headers)
      if (name == "Authorization")
        return value.substr(value.find("Signature=") + 10);
    return "";
  }

  s3::identity_keys keys{"AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
                         "us-east-1"};
  std::string target;
};

TEST_F(SignatureTest, QueryWithoutAValue) {
  EXPECT_EQ(signature_of({"GET", "/", {{"lifecycle", ""}}, {}}),
            "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543");
  EXPECT_EQ(target, "/?lifecycle=");
}

TEST_F(SignatureTest, QueryWithSeveralValues) {
  EXPECT_EQ(signature_of({"GET", "/", {{"prefix", "J"}, {"max-keys", "2"}}, {}}),
            "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7");
}

TEST_F(SignatureTest, TargetIsEncodedOnce) {
  (void)signature_of({"GET", "/a b/c%d", {{"k/1", "x+y"}}, {}});
  EXPECT_EQ(target, "/a%20b/c%25d?k%2F1=x%2By");
}

} // namespace
