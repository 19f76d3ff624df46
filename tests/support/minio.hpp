#pragma once

#include "adapters/s3/bucket.hpp"
#include "tests/support/server_process.hpp"
#include "tests/support/temp_folder.hpp"

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>

namespace backendim::test {

/// A real MinIO with a folder and a port of its own. Ends with this object.
class minio_server {
public:
  /// Nothing when there is none; see built_server().
  static std::unique_ptr<minio_server> start();

  void kill() { process_.kill(); }
  void again(); ///< Starts it on the same port, with the same folder; returns when it is ready.

  /// A bucket of its own for each call, not yet made.
  s3::bucket_config fresh_bucket();
  std::string endpoint() const { return "http://127.0.0.1:" + std::to_string(port_); }
  const std::filesystem::path& data() const { return folder_.path(); }

private:
  explicit minio_server(std::filesystem::path program);

  std::filesystem::path program_;
  temp_folder folder_;
  uint16_t port_ = free_port();
  server_process process_;
  int buckets_ = 0;
};

} // namespace backendim::test
