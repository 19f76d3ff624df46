#include "tests/support/minio.hpp"

#include "tests/support/built_server.hpp"

#include <utility>

namespace backendim::test {

namespace {

const std::string user = "tests";
const std::string password = "only-for-tests";

} // namespace

std::unique_ptr<minio_server> minio_server::start() {
  auto program = built_server("minio");
  return program ? std::unique_ptr<minio_server>{new minio_server{std::move(*program)}} : nullptr;
}

minio_server::minio_server(std::filesystem::path program) : program_{std::move(program)} {
  again();
}

void minio_server::again() {
  const auto folder = data().string();
  process_.start(
    {program_.string(), "server", "--quiet", "--address", endpoint().substr(7), folder},
    {"MINIO_ROOT_USER=" + user, "MINIO_ROOT_PASSWORD=" + password, "MINIO_BROWSER=off",
     "MINIO_UPDATE=off", "HOME=" + folder, "PATH=/usr/bin:/bin"},
    endpoint() + "/minio/health/live");
}

s3::bucket_config minio_server::fresh_bucket() {
  s3::bucket_config result;
  result.endpoint = endpoint();
  result.bucket = "bucket-" + std::to_string(++buckets_);
  result.keys = {user, password, "us-east-1"};
  return result;
}

} // namespace backendim::test
