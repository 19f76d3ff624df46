#include "adapters/s3/bucket.hpp"
#include "protocol/types.hpp"
#include "tests/support/error_of.hpp"
#include "tests/support/eventually.hpp"

#include <boost/asio.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>

#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <thread>
#include <vector>

using namespace backendim;
using namespace std::chrono_literals;
using test::error_of;
namespace asio = boost::asio;
namespace bhttp = boost::beast::http;
using asio::ip::tcp;

namespace {

struct scripted_answer {
  unsigned status = 200; ///< 0: closes without an answer.
  std::string body;
};

/// Answers the requests that come with what it was given, each on a connection of its own.
class scripted_s3 {
public:
  explicit scripted_s3(std::vector<scripted_answer> answers)
    : thread_{[this, answers = std::move(answers)] {
        for (const auto& x : answers)
          answer(x);
      }} {}
  ~scripted_s3() { finish(); }

  s3::bucket_config config() const {
    s3::bucket_config result;
    result.endpoint = "http://127.0.0.1:" + std::to_string(acceptor_.local_endpoint().port());
    result.bucket = "some";
    result.keys = {"access", "secret", "here"};
    result.patience = test::patience;
    return result;
  }

  /// The bodies of what was asked, once all answers are given.
  const std::vector<std::string>& bodies() {
    finish();
    return bodies_;
  }

private:
  void finish() {
    if (thread_.joinable())
      thread_.join();
  }

  void answer(const scripted_answer& x) {
    tcp::socket peer{context_};
    acceptor_.accept(peer);
    boost::beast::flat_buffer buffer;
    bhttp::request<bhttp::string_body> asked;
    boost::system::error_code failed;
    bhttp::read(peer, buffer, asked, failed);
    bodies_.push_back(asked.body());
    if (x.status == 0)
      return;
    bhttp::response<bhttp::string_body> reply{bhttp::int_to_status(x.status), 11};
    reply.set("ETag", "\"tag\"");
    reply.set("Content-Range",
              "bytes 0-" + std::to_string(x.body.size()) + "/" + std::to_string(x.body.size()));
    reply.body() = x.body;
    reply.keep_alive(false);
    reply.prepare_payload();
    bhttp::write(peer, reply, failed);
  }

  asio::io_context context_;
  tcp::acceptor acceptor_{context_, {asio::ip::address_v4::loopback(), 0}};
  std::vector<std::string> bodies_;
  std::thread thread_;
};

std::string error_body(const std::string& code) {
  return "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Error><Code>" + code
         + "</Code><Message>no</Message></Error>";
}

TEST(BucketTest, RepeatsWhatTroubleCutShort) {
  scripted_s3 server{{{503, ""},
                      {0, ""},
                      {400, error_body("XAmzContentSHA256Mismatch")},
                      {200, error_body("InternalError")},
                      {200, ""}}};
  s3::bucket bucket{server.config()};
  EXPECT_TRUE(bucket.put("key", "the body"));
  EXPECT_EQ(server.bodies(), std::vector<std::string>(5, "the body"));
}

TEST(BucketTest, GivesUpWhenItsPatienceEnds) {
  scripted_s3 server{{{503, ""}}};
  auto config = server.config();
  config.patience = 50ms;
  s3::bucket bucket{config};
  EXPECT_EQ(error_of(bucket.put("key", "")), ec::unavailable);
}

TEST(BucketTest, RefusalIsFinal) {
  scripted_s3 server{{{403, error_body("SignatureDoesNotMatch")}, {404, error_body("NoSuchKey")}}};
  s3::bucket bucket{server.config()};
  EXPECT_EQ(error_of(bucket.put("key", "")), ec::unavailable);
  EXPECT_EQ(error_of(bucket.get("key", 0, 10)), ec::not_found);
}

TEST(BucketTest, ContentThatLooksLikeAnErrorIsContent) {
  scripted_s3 server{{{206, error_body("InternalError")}}};
  s3::bucket bucket{server.config()};
  const auto got = bucket.get("key", 0, 1'000);
  ASSERT_TRUE(got) << render(got.error());
  EXPECT_EQ(got->bytes, error_body("InternalError"));
}

TEST(BucketTest, CopyThatFailedAfterItsHeadFails) {
  scripted_s3 server{{{200, error_body("NoSuchKey")}}};
  s3::bucket bucket{server.config()};
  EXPECT_FALSE(bucket.copy("from", "to"));
}

TEST(BucketTest, StrangeAnswersAreUnavailable) {
  scripted_s3 server{{{200, "no XML"}, {200, "<Other/>"}, {200, "<ListBucketResult><Contents>"}}};
  s3::bucket bucket{server.config()};
  for (int i = 0; i < 3; ++i)
    EXPECT_EQ(error_of(bucket.list("", "", 10)), ec::unavailable);
}

} // namespace
