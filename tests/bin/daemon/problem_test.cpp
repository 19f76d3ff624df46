#include "bin/daemon/problem.hpp"
#include "protocol/json.hpp"
#include "protocol/types.hpp"

#include <boost/json.hpp>
#include <caf/sec.hpp>

#include <gtest/gtest.h>

using namespace backendim;

namespace {

boost::json::object document(const http::response& x) {
  return boost::json::parse(x.body).as_object();
}

TEST(ProblemTest, SaysWhatHappenedInTheFormOfTheRfc) {
  const auto got = daemon::problem(caf::make_error(ec::conflict, "it is there already"), "r1");
  EXPECT_EQ(got.status, 409u);
  EXPECT_EQ(got.field("content-type"), "application/problem+json");
  const auto body = document(got);
  EXPECT_EQ(body.at("type"), "urn:backend-im:problem:conflict");
  EXPECT_EQ(body.at("status"), 409);
  EXPECT_EQ(body.at("code"), "conflict");
  EXPECT_EQ(body.at("detail"), "it is there already");
  EXPECT_EQ(body.at("request_id"), "r1");
  EXPECT_FALSE(body.at("title").as_string().empty());
}

TEST(ProblemTest, EveryCodeHasAStatusAndATitle) {
  boost::mp11::mp_for_each<boost::describe::describe_enumerators<ec>>([](auto x) {
    const auto got = daemon::problem(caf::make_error(x.value, "why"), "r1");
    EXPECT_GE(got.status, 400u) << x.name;
    EXPECT_LT(got.status, 600u) << x.name;
    EXPECT_EQ(document(got).at("code"), x.name);
    EXPECT_FALSE(document(got).at("title").as_string().empty()) << x.name;
  });
}

TEST(ProblemTest, InternalsStayInTheLog) {
  const auto got = daemon::problem(caf::make_error(ec::internal, "the secret is 42"), "r1");
  EXPECT_EQ(got.status, 500u);
  EXPECT_EQ(got.body.find("42"), got.body.npos);
}

TEST(ProblemTest, ErrorsOfCafBecomeOurs) {
  EXPECT_EQ(daemon::problem(caf::sec::request_timeout, "r1").status, 504u);
  EXPECT_EQ(daemon::problem(caf::sec::request_receiver_down, "r1").status, 503u);
}

TEST(ProblemTest, WrongDocumentsArePointedAt) {
  const auto got
    = document(daemon::problem(invalid_request({"/app", "a name", "an array", "apps"}), "r1"));
  EXPECT_EQ(got.at("pointer"), "/app");
  EXPECT_EQ(got.at("suggestion"), "apps");
  EXPECT_EQ(got.at("detail"), "at /app: expected a name, found an array");
}

TEST(ProblemTest, FailureOfADeploymentIsWhole) {
  const failure why{cause::wrong_port, "It listens on 3000.", {"tcp 3000"}, "Set port: 3000."};
  const auto got = document(daemon::problem(make_failure(ec::build_failed, why), "r1"));
  EXPECT_EQ(got.at("detail"), boost::json::value(why.message));
  EXPECT_EQ(got.at("failure"), to_json(why));
}

TEST(ProblemTest, WhatPassesByItselfSaysWhenToAskAgain) {
  const auto got = daemon::problem(
    caf::make_error(ec::over_quota, admission_refusal{bottleneck::tenant_queue, "Too many wait.",
                                                      std::chrono::seconds{12}}),
    "r1");
  EXPECT_EQ(got.status, 429u);
  EXPECT_EQ(got.field("Retry-After"), "12");
  EXPECT_EQ(document(got).at("retry_after"), 12);
  EXPECT_EQ(document(got).at("why"), "tenant_queue");
  EXPECT_EQ(document(got).at("detail"), "Too many wait.");
}

TEST(ProblemTest, StrangersAreToldHowToAuthenticate) {
  const auto got = daemon::problem(caf::make_error(ec::unauthenticated, "who?"), "r1");
  EXPECT_EQ(got.status, 401u);
  EXPECT_TRUE(got.field("WWW-Authenticate").starts_with("Bearer"));
}

} // namespace
