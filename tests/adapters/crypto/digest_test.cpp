#include "adapters/crypto/digest.hpp"

#include <gtest/gtest.h>

using namespace backendim;

namespace {

TEST(DigestTest, PiecesMakeOneDigest) { // FIPS 180-2, B.1
  crypto::sha256 hash;
  hash.add("a");
  hash.add("bc");
  EXPECT_EQ(crypto::blob_name(hash.finish()),
            "sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

TEST(DigestTest, HmacIsThatOfTheStandard) { // RFC 4231, case 2
  EXPECT_EQ(crypto::hex(crypto::hmac_sha256("Jefe", "what do ya want for nothing?")),
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
}

} // namespace
