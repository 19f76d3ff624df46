#pragma once

#include "actors/deployment_driver.hpp"
#include "adapters/docker/encryption.hpp"
#include "protocol/described.hpp"

#include <boost/json/object.hpp>
#include <caf/expected.hpp>

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace backendim::daemon {

/// Where builds find what they need.
struct build_sources {
  static constexpr std::string_view summary = "What every build is told of the network around it.";
  static constexpr field_doc docs[] = {
    {"ca_bundle", "PEM file that builds trust; empty: what the base image trusts."},
    {"http_proxy", "Proxy for plain HTTP."},
    {"https_proxy", "Proxy for HTTPS."},
    {"no_proxy", "Hosts that need no proxy, with commas."},
    {"npm_registry", "Registry for npm."},
    {"pip_index_url", "Index for pip."},
    {"goproxy", "GOPROXY of the Go command."},
    {"gosumdb", "GOSUMDB of the Go command."},
    {"cargo_registry", "Sparse index that replaces crates.io, without sparse+."},
    {"maven_mirror", "Mirror of Maven Central."},
  };
  std::string ca_bundle;
  std::string http_proxy;
  std::string https_proxy;
  std::string no_proxy;
  std::string npm_registry;
  std::string pip_index_url;
  std::string goproxy;
  std::string gosumdb;
  std::string cargo_registry;
  std::string maven_mirror;
};
BOOST_DESCRIBE_STRUCT(build_sources, (),
                      (ca_bundle, http_proxy, https_proxy, no_proxy, npm_registry, pip_index_url,
                       goproxy, gosumdb, cargo_registry, maven_mirror))

struct builder_settings {
  static constexpr std::string_view summary = "Who builds, and what a build may use.";
  static constexpr field_doc docs[] = {
    {"user", "Unprivileged account that builds run as; it has a range in /etc/subuid."},
    {"slots", "Builds at once; 0: one for each core."},
    {"cpus", "Cores one build may use."},
    {"memory_mb", "MiB one build may use."},
    {"pids", "Processes one build may have."},
    {"base_images",
     "Command that makes a base image that is missing; it gets NAME:TAG at its end."},
    {"hub", "Docker Hub can be reached; else its official images mean those of the registry."},
    {"closed",
     "Networks that builds cannot reach, like 10.1.0.0/16, besides this machine's own addresses, "
     "its bridges and 169.254.0.0/16."},
    {"open", "Places that they can reach all the same, like 10.1.0.5:3000; `sources` are."},
    {"sources", "See below."},
  };
  std::string user = "backend-im-build";
  uint32_t slots = 0;
  uint32_t cpus = 2;
  uint32_t memory_mb = 2048;
  uint32_t pids = 1024;
  std::vector<std::string> base_images;
  bool hub = false;
  std::vector<std::string> closed;
  std::vector<std::string> open;
  build_sources sources;
};
BOOST_DESCRIBE_STRUCT(builder_settings, (),
                      (user, slots, cpus, memory_mb, pids, base_images, hub, closed, open, sources))

struct admission_settings {
  static constexpr std::string_view summary
    = "When new deployments are turned away (429, 503) and builds wait.";
  static constexpr field_doc docs[] = {
    {"waiting", "So many deployments of all tenants may wait to be built."},
    {"waiting_per_tenant", "So many of one."},
    {"disk_floor_mb", "MiB that builds leave free on each disk: of state, the images, Docker."},
    {"memory_floor_mb", "MiB of memory that builds leave available."},
    {"memory_per_build_mb", "MiB kept besides those for each build under way and the next one."},
  };
  uint32_t waiting = 500;
  uint32_t waiting_per_tenant = 50;
  uint32_t disk_floor_mb = 2048;
  uint32_t memory_floor_mb = 256;
  uint32_t memory_per_build_mb = 256;
};
BOOST_DESCRIBE_STRUCT(admission_settings, (),
                      (waiting, waiting_per_tenant, disk_floor_mb, memory_floor_mb,
                       memory_per_build_mb))

/// Where uploaded sources are kept.
struct blob_settings {
  static constexpr std::string_view summary
    = "Where uploaded sources are kept: in `blobs/` of the state folder, or in a bucket of an S3 "
      "server.";
  static constexpr field_doc docs[] = {
    {"endpoint", "URL of the S3 server, like https://s3.example.com; empty: the state folder."},
    {"bucket", "Its bucket, for this platform alone; made if it is not there."},
    {"region", "As the server is set up."},
    {"access_key", "The name of the key."},
    {"secret_key_file", "File with the secret key alone, readable by its owner only."},
    {"ca_file", "PEM file of CAs to trust; empty: the machine's own."},
  };
  std::string endpoint;
  std::string bucket = "backend-im";
  std::string region = "us-east-1";
  std::string access_key;
  std::string secret_key_file;
  std::string ca_file;
};
BOOST_DESCRIBE_STRUCT(blob_settings, (),
                      (endpoint, bucket, region, access_key, secret_key_file, ca_file))

/// What is kept, and when the rest goes.
struct disk_settings {
  static constexpr std::string_view summary
    = "When what nothing needs any more is removed; durations in milliseconds.";
  static constexpr field_doc docs[] = {
    {"every", "Between two collections."},
    {"grace", "So long everything new is kept, whether or not something needs it."},
    {"collect_below_percent", "With less of a disk free a collection begins at once; 0: never."},
    {"build_logs", "So many build logs are kept of each app, and those of the releases it keeps."},
    {"cache_age", "So long build caches are kept that no later build used."},
    {"registry_gc",
     "Command that removes layers without an image from the registry; pushes wait for it. Empty: "
     "they stay."},
  };
  std::chrono::milliseconds every{std::chrono::hours{6}};
  std::chrono::milliseconds grace{std::chrono::hours{1}};
  uint32_t collect_below_percent = 20;
  uint32_t build_logs = 100;
  std::chrono::milliseconds cache_age{std::chrono::hours{7 * 24}};
  std::vector<std::string> registry_gc;
};
BOOST_DESCRIBE_STRUCT(disk_settings, (),
                      (every, grace, collect_below_percent, build_logs, cache_age, registry_gc))

/// Domains of apps besides their own hosts.
struct domain_settings {
  static constexpr std::string_view summary
    = "How it is found out whose a domain is ([domains](domains.md)).";
  static constexpr field_doc docs[] = {
    {"resolver", "Address and port of the name server that is asked, like 127.0.0.1:53; empty: "
                 "those of /etc/resolv.conf."},
    {"http", "Whether it may be proof that a domain leads here. Switch it off where tenants do not "
             "trust each other."},
    {"http_port", "Where the world reaches the front door without TLS; 0: at its own port."},
    {"reserved", "Domains that no app gets, nor what is below them: of this platform's API."},
  };
  std::string resolver;
  bool http = true;
  uint16_t http_port = 0;
  std::vector<std::string> reserved;
};
BOOST_DESCRIBE_STRUCT(domain_settings, (), (resolver, http, http_port, reserved))

/// A Traefik in front of the built-in edge.
struct traefik_settings {
  static constexpr std::string_view summary
    = "A Traefik in front of the front door, as `deploy/traefik` starts it: it takes its routes "
      "from "
      "`/v1/traefik`.";
  static constexpr field_doc docs[] = {
    {"api", "URL of Traefik's API, like http://127.0.0.1:7790; empty: there is no Traefik."},
    {"entry", "URL of its entrypoint without TLS; its port is that of the apps' URLs."},
    {"entrypoint", "That entrypoint's name."},
    {"tls_entrypoint", "Name of the entrypoint with TLS; empty: none. Apps answer there then, and "
                       "the other one redirects to it."},
    {"tls_port", "Its port."},
    {"resolver", "Certificate resolver of Traefik's; empty: Traefik has the certificates."},
    {"domains_resolver",
     "The resolver for apps' domains that are not below `domain`, which cannot use "
     "this platform's DNS challenge; empty: the same."},
    {"wildcard", "Whether apps below `domain` share one certificate; the resolver needs the DNS "
                 "challenge."},
    {"addresses", "What Traefik connects from: what it says of clients is believed."},
  };
  std::string api;
  std::string entry = "http://127.0.0.1:80";
  std::string entrypoint = "web";
  std::string tls_entrypoint;
  uint16_t tls_port = 443;
  std::string resolver;
  std::string domains_resolver;
  bool wildcard = false;
  std::vector<std::string> addresses{"127.0.0.1", "::1"};
};
BOOST_DESCRIBE_STRUCT(traefik_settings, (),
                      (api, entry, entrypoint, tls_entrypoint, tls_port, resolver, domains_resolver,
                       wildcard, addresses))

/// HTTPS without anything in front.
struct edge_tls_settings {
  static constexpr std::string_view summary
    = "HTTPS at the front door itself, with certificates that you bring "
      "([how](operating.md#https)). Without it there is plain HTTP only, or a Traefik in front.";
  static constexpr field_doc docs[] = {
    {"listen", "Address and port, like 0.0.0.0:443; empty: no HTTPS."},
    {"certificates", "Folder with NAME.crt and NAME.key for each certificate, PEM; what changes "
                     "there is used at once."},
    {"redirect", "Whether `edge` sends whoever asks by plain HTTP for a host that has a "
                 "certificate to HTTPS."},
  };
  std::string listen;
  std::string certificates;
  bool redirect = false;
};
BOOST_DESCRIBE_STRUCT(edge_tls_settings, (), (listen, certificates, redirect))

/// All that backendimd can be told. Every key may be absent.
struct config {
  static constexpr std::string_view summary = "Settings of backendimd, a JSON file.";
  static constexpr field_doc docs[] = {
    {"state", "Folder of all that is kept. Made with mode 0700; a group may have the right to pass "
              "through."},
    {"journal",
     "Where every event is kept: empty for SQLite in the state folder, else a PostgreSQL "
     "server: postgresql://user@host/database or key=value."},
    {"listen", "Address and port of the API."},
    {"edge", "Address and port of the front door."},
    {"edge_tls", "See below."},
    {"domain", "Apps answer at <app>-<tenant>.<domain>."},
    {"docker_socket", "Unix socket of the Docker engine."},
    {"network_encryption",
     "Whether tenants' networks that are made anew are encrypted between machines: off, "
     "when_possible or required."},
    {"registry", "Address of the OCI registry, which is for this platform alone."},
    {"platform_id", "Tells this platform's containers from others'; empty: made at first start."},
    {"upload_limit_mb", "Largest source archive in MiB."},
    {"exec_idle", "How long an `exec` session may be silent in both directions, in milliseconds."},
    {"local_repositories", "Whether git may clone file:// from this machine, with its own rights."},
    {"builder", "See below."},
    {"deadlines", "See below."},
    {"admission", "See below."},
    {"blobs", "See below."},
    {"disk", "See below."},
    {"domains", "See below."},
    {"traefik", "See below."},
    {"log_level", "debug, info, warning or error."},
  };
  std::string state = "/var/lib/backend-im";
  std::string journal;
  std::string listen = "127.0.0.1:7780";
  std::string edge = "127.0.0.1:8080";
  edge_tls_settings edge_tls;
  std::string domain = "localhost";
  std::string docker_socket = "/var/run/docker.sock";
  docker::network_encryption network_encryption = docker::network_encryption::when_possible;
  std::string registry = "127.0.0.1:5780";
  std::string platform_id;
  uint32_t upload_limit_mb = 1024;
  std::chrono::milliseconds exec_idle{std::chrono::minutes{30}};
  bool local_repositories = false;
  builder_settings builder;
  step_deadlines deadlines;
  admission_settings admission;
  blob_settings blobs;
  disk_settings disk;
  domain_settings domains;
  traefik_settings traefik;
  std::string log_level = "info";
};
BOOST_DESCRIBE_STRUCT(config, (),
                      (state, journal, listen, edge, edge_tls, domain, docker_socket,
                       network_encryption, registry, platform_id, upload_limit_mb, exec_idle,
                       local_repositories, builder, deadlines, admission, blobs, disk, domains,
                       traefik, log_level))

/// Fails with unavailable when the file cannot be read, invalid_request with a decode_error that
/// names the pointer when it does not fit.
caf::expected<config> read_config(const std::filesystem::path& file);

struct endpoint {
  std::string address;
  uint16_t port = 0;
};

/// "127.0.0.1:7780" in two. Fails with invalid_request and *pointer*.
caf::expected<endpoint> parse_endpoint(const std::string& text, const char* pointer);

/// docs/configuration.md's tables.
std::string config_markdown();

} // namespace backendim::daemon
