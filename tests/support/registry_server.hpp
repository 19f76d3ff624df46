#pragma once

#include "tests/support/server_process.hpp"
#include "tests/support/temp_folder.hpp"

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace backendim::test {

/// A docker-registry of its own with the settings that deploy/registry-config gives it.
class registry_server {
public:
  /// With layers in a folder.
  registry_server();
  /// As deploy/registry-config is told.
  explicit registry_server(std::vector<std::string> layers);

  std::string address() const { return "127.0.0.1:" + std::to_string(port_); }
  std::filesystem::path settings() const { return folder_.path() / "config.yml"; }
  std::filesystem::path data() const { return folder_.path() / "data"; }

private:
  temp_folder folder_;
  uint16_t port_ = free_port();
  server_process process_;
};

} // namespace backendim::test
