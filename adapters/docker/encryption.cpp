#include "adapters/docker/encryption.hpp"

#include "adapters/docker/fields.hpp"
#include "adapters/subprocess/run.hpp"
#include "protocol/error.hpp"

#include <chrono>

namespace backendim::docker {

namespace {

using namespace std::chrono_literals;

const char* const search_path = "/usr/sbin:/usr/bin:/sbin:/bin";

/// The cipher is the one that Docker's overlay networks use; the addresses are those of examples
/// (RFC 5737), the key is nobody's.
subprocess::command association() {
  subprocess::command result;
  result.argv = {"unshare",
                 "--net",
                 "ip",
                 "xfrm",
                 "state",
                 "add",
                 "src",
                 "192.0.2.1",
                 "dst",
                 "192.0.2.2",
                 "proto",
                 "esp",
                 "spi",
                 "1",
                 "mode",
                 "transport",
                 "aead",
                 "rfc4106(gcm(aes))",
                 "0x0102030405060708090a0b0c0d0e0f1011121314",
                 "128"};
  result.env = {{"PATH", search_path}};
  result.limit = 10s;
  return result;
}

} // namespace

std::string probe_encryption() {
  const auto tried = subprocess::run(association(), [](std::string_view) {}, {});
  if (!tried)
    return "It cannot be tried out: " + render(tried.error()) + ".";
  if (tried->good())
    return "";
  return "The kernel has no ESP with AES-GCM: "
         + (tried->tail.empty() ? "exit code " + std::to_string(tried->exit_code)
                                : tried->tail.back());
}

std::string why_not_encrypted(const boost::json::value& info, const encryption_probe& probe) {
  if (const auto machines = number(info, "/Swarm/Nodes"); machines > 1)
    return "The swarm has " + std::to_string(machines)
           + " machines, and only this one's kernel can be asked for ESP.";
  return probe();
}

} // namespace backendim::docker
