#pragma once

#include "tests/support/server_process.hpp"
#include "tests/support/temp_folder.hpp"

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace backendim::test {

/// A real Traefik as deploy/traefik sets it up, with ports of its own. Ends with this object.
class traefik_server {
public:
  /// Does not start it. *platform*: the URL that has /v1/traefik; *token*: what it asks with.
  traefik_server(std::filesystem::path program, std::string platform, const std::string& token);

  /// Returns when its API answers. *more*: options of deploy/traefik.
  void start(const std::vector<std::string>& more = {});
  void kill() { process_.kill(); }
  void show_token(const std::string& token); ///< From the next start on.

  uint16_t port() const { return web_; } ///< Of the entrypoint web.
  std::string entry() const { return "http://127.0.0.1:" + std::to_string(web_); }
  std::string api() const { return "http://127.0.0.1:" + std::to_string(api_); }

private:
  std::filesystem::path program_;
  std::string platform_;
  temp_folder state_;
  uint16_t web_ = free_port();
  uint16_t api_ = free_port();
  server_process process_;
};

} // namespace backendim::test
