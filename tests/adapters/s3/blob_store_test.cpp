#include "adapters/s3/blob_store.hpp"
#include "tests/support/blob_store_contract.hpp"
#include "tests/support/eventually.hpp"
#include "tests/support/minio.hpp"

#include <boost/asio.hpp>

#include <atomic>
#include <filesystem>
#include <fstream>
#include <thread>

using namespace backendim;
using namespace backendim::test;
using namespace std::chrono_literals;
namespace asio = boost::asio;
namespace fs = std::filesystem;
using asio::ip::tcp;

namespace {

/// One server for all tests that leave it alone.
minio_server* shared_minio() {
  static const auto one = minio_server::start();
  return one.get();
}

blob_store_world make_world() {
  auto* server = shared_minio();
  if (!server)
    return {};
  const auto open = [config = server->fresh_bucket()] {
    auto store = s3::open_blob_store(config);
    EXPECT_TRUE(store) << render(error_of(store));
    return store ? *store : nullptr;
  };
  return {open(), open};
}

INSTANTIATE_TEST_SUITE_P(Minio, BlobStoreContract,
                         ::testing::Values(blob_store_case{"minio", &make_world}),
                         ::testing::PrintToStringParamName());

tcp::endpoint address_of(const std::string& endpoint) {
  return {asio::ip::address_v4::loopback(),
          static_cast<uint16_t>(std::stoi(endpoint.substr(endpoint.rfind(':') + 1)))};
}

std::string large(size_t megabytes, char c = 'x') {
  return std::string(megabytes << 20, c);
}

/// A server that the test may harm.
class S3BlobStoreTest : public ::testing::Test {
protected:
  void SetUp() override {
    server = minio_server::start();
    if (!server)
      GTEST_SKIP();
    config = server->fresh_bucket();
    config.patience = patience;
    store = *s3::open_blob_store(config);
  }

  /// One that soon gives up; not so soon that it does before there is trouble.
  std::shared_ptr<blob_store> hasty_store() {
    auto hasty = config;
    hasty.patience = 5s;
    return *s3::open_blob_store(hasty);
  }

  /// Bytes below the server's folder, its own records too. What it has thrown away lies in tmp for
  /// some minutes more.
  uint64_t stored() const {
    uint64_t result = 0;
    std::error_code changing;
    for (fs::recursive_directory_iterator x{server->data(), changing}, end; x != end;
         x.increment(changing))
      if (x->path() == server->data() / ".minio.sys" / "tmp")
        x.disable_recursion_pending();
      else if (x->is_regular_file(changing))
        result += x->file_size(changing);
    return result;
  }

  std::unique_ptr<minio_server> server;
  s3::bucket_config config;
  std::shared_ptr<blob_store> store;
};

TEST_F(S3BlobStoreTest, UploadOutlivesAServerThatIsKilledAndComesBack) {
  auto writer = store->begin(1 << 30);
  ASSERT_TRUE(writer);
  ASSERT_TRUE((*writer)->write(as_bytes(large(20, 'a'))));
  server->kill();
  std::jthread returns{[&] {
    {
      asio::io_context context; // in its place, to know that the upload has asked in vain
      tcp::acceptor instead{context, address_of(config.endpoint)};
      instead.accept();
    }
    server->again();
  }};
  ASSERT_TRUE((*writer)->write(as_bytes(large(20, 'b'))));
  const auto kept = (*writer)->finish();
  ASSERT_TRUE(kept) << render(error_of(kept));
  EXPECT_EQ(get(*store, kept->digest), large(20, 'a') + large(20, 'b'));
}

TEST_F(S3BlobStoreTest, UploadThatTheServersDeathEndedIsSwept) {
  {
    const auto hasty = hasty_store();
    auto writer = hasty->begin(1 << 30);
    ASSERT_TRUE(writer);
    ASSERT_TRUE((*writer)->write(as_bytes(large(40))));
    server->kill();
    EXPECT_EQ(error_of((*writer)->write(as_bytes(large(10)))), ec::unavailable);
    EXPECT_EQ(error_of((*writer)->finish()), ec::unavailable);
  }
  server->again();
  EXPECT_TRUE(listed(*store).empty());
  EXPECT_GT(stored(), 30u << 20);
  EXPECT_EQ(store->sweep(1h), 0u) << "too young";
  const auto freed = store->sweep(0s);
  ASSERT_TRUE(freed) << render(error_of(freed));
  EXPECT_EQ(*freed, 32u << 20) << "the parts that were sent";
  EXPECT_LT(stored(), 1u << 20);
}

TEST_F(S3BlobStoreTest, GivenUpUploadGoesByItself) {
  {
    auto writer = store->begin(1 << 30);
    ASSERT_TRUE(writer);
    ASSERT_TRUE((*writer)->write(as_bytes(large(20))));
  }
  EXPECT_TRUE(eventually([&] { return stored() <= 1 << 20; }));
  EXPECT_EQ(store->sweep(0s), 0u);
}

TEST_F(S3BlobStoreTest, FinishedUploadLeavesOnlyTheBlob) {
  ASSERT_TRUE(put(*store, large(20)).starts_with("sha256:"));
  s3::bucket inside{config};
  EXPECT_TRUE(eventually([&] { return inside.list("incoming/", "", 10)->empty(); }));
  EXPECT_EQ(inside.list("", "", 10)->size(), 1u);
}

TEST_F(S3BlobStoreTest, OtherBytesUnderTheNameAreNoticed) {
  const auto digest = put(*store, "precious bytes");
  s3::bucket inside{config};
  const auto found = inside.list("blobs/", "", 10);
  ASSERT_TRUE(found && found->size() == 1);
  ASSERT_TRUE(inside.put(found->front().key, "precious bytez"));
  EXPECT_EQ(error_of(get(*store, digest)), ec::internal);
  put(*store, "precious bytes");
  EXPECT_EQ(get(*store, digest), std::string{"precious bytes"}) << "sending them again heals";
}

TEST_F(S3BlobStoreTest, FlippedByteOnTheServersDiskIsNoticed) {
  for (const auto& text : {std::string(1'000, 's'), large(20, 'l')}) {
    const auto digest = put(*store, text);
    size_t flipped = 0;
    for (const auto& x :
         fs::recursive_directory_iterator{server->data() / config.bucket / "blobs"}) {
      if (!x.is_regular_file())
        continue;
      std::fstream file{x.path(), std::ios::in | std::ios::out | std::ios::binary};
      const std::string all{std::istreambuf_iterator<char>{file}, {}};
      const auto place = all.find(text.substr(0, 500));
      if (place == all.npos)
        continue;
      file.clear();
      file.seekp(static_cast<std::streamoff>(place + 100));
      file.put('#');
      ++flipped;
    }
    ASSERT_GT(flipped, 0u);
    EXPECT_FALSE(get(*hasty_store(), digest)); // MinIO itself may notice, and answer 5xx
    EXPECT_TRUE(store->remove(digest));
  }
}

/// Passes one connection after the other on to a server, and changes one byte of what the client
/// sends.
class damaging_relay {
public:
  damaging_relay(const std::string& endpoint, size_t place)
    : target_{address_of(endpoint)}, left_{place}, thread_{[this](const std::stop_token& stop) {
        run(stop);
      }} {}
  ~damaging_relay() {
    thread_.request_stop();
    boost::system::error_code ignored;
    tcp::socket wake{context_};
    wake.connect(acceptor_.local_endpoint(), ignored);
    for (auto& x : open_)
      x->shutdown(tcp::socket::shutdown_both, ignored);
  }

  std::string endpoint() const {
    return "http://127.0.0.1:" + std::to_string(acceptor_.local_endpoint().port());
  }
  bool damaged() const { return damaged_; }

private:
  void run(const std::stop_token& stop) {
    for (;;) {
      auto client = std::make_shared<tcp::socket>(context_);
      acceptor_.accept(*client);
      if (stop.stop_requested())
        return;
      auto server = std::make_shared<tcp::socket>(context_);
      server->connect(target_);
      open_.insert(open_.end(), {client, server});
      pumps_.emplace_back([=, this] { pump(*client, *server, true); });
      pumps_.emplace_back([=, this] { pump(*server, *client, false); });
    }
  }

  void pump(tcp::socket& from, tcp::socket& to, bool harm) {
    std::vector<char> room(64 << 10);
    boost::system::error_code failed;
    for (;;) {
      const auto size = from.read_some(asio::buffer(room), failed);
      if (failed)
        break;
      if (harm && !damaged_) {
        if (left_ < size) {
          room[left_] ^= 1;
          damaged_ = true;
        } else {
          left_ -= size;
        }
      }
      asio::write(to, asio::buffer(room.data(), size), failed);
    }
    to.shutdown(tcp::socket::shutdown_both, failed);
  }

  asio::io_context context_;
  tcp::acceptor acceptor_{context_, {asio::ip::address_v4::loopback(), 0}};
  tcp::endpoint target_;
  size_t left_;
  std::atomic<bool> damaged_{false};
  std::vector<std::shared_ptr<tcp::socket>> open_;
  std::vector<std::jthread> pumps_;
  std::jthread thread_;
};

TEST_F(S3BlobStoreTest, ByteDamagedOnTheWayIsSentAgain) {
  damaging_relay relay{server->endpoint(), 3 << 20}; // somewhere in the first part
  auto through = config;
  through.endpoint = relay.endpoint();
  std::string digest;
  {
    const auto store_behind = *s3::open_blob_store(through);
    digest = put(*store_behind, large(20, 'd'));
  }
  EXPECT_TRUE(relay.damaged());
  EXPECT_EQ(get(*store, digest), large(20, 'd'));
}

TEST_F(S3BlobStoreTest, WrongKeysAndAddressesAreToldAtOnce) {
  auto wrong = config;
  wrong.keys.secret_key = "something else";
  EXPECT_EQ(error_of(s3::open_blob_store(wrong)), ec::unavailable);
  wrong = config;
  wrong.endpoint = "ftp://example.com";
  EXPECT_FALSE(s3::open_blob_store(wrong));
}

} // namespace
