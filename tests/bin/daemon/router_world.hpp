#pragma once

#include "actors/accounts.hpp"
#include "actors/ingress.hpp"
#include "actors/journal_writer.hpp"
#include "actors/tenant.hpp"
#include "adapters/blob_store.hpp"
#include "adapters/crypto/identity.hpp"
#include "adapters/crypto/vault.hpp"
#include "adapters/directory/blob_store.hpp"
#include "adapters/directory/log_store.hpp"
#include "bin/daemon/problem.hpp"
#include "bin/daemon/router.hpp"
#include "protocol/types.hpp"
#include "tests/support/fake_engine.hpp"
#include "tests/support/fake_journal.hpp"
#include "tests/support/http_peer.hpp"
#include "tests/support/temp_folder.hpp"

#include <boost/asio.hpp>
#include <boost/json.hpp>
#include <caf/all.hpp>

#include <gtest/gtest.h>

#include <chrono>
#include <optional>
#include <string>
#include <thread>
#include <utility>

namespace backendim::test {

namespace asio = boost::asio;

struct router_system_config : caf::actor_system_config {
  router_system_config() { set("scheduler.max-threads", 1u); }
};

/// The daemon's front without its platform: accounts and one tenant are all that lives there.
class RouterTest : public ::testing::Test {
protected:
  RouterTest() {
    for (const auto& [path, kind, who] :
         {std::tuple{"accounts", "accounts", caf::actor_cast<caf::strong_actor_ptr>(users)},
          {"tenant/acme", "tenant", caf::actor_cast<caf::strong_actor_ptr>(acme)}})
      caf::anon_send(paths, actor_entry{path, kind, ""}, who);
    http::server_config settings;
    settings.refuse = &daemon::problem;
    server.emplace(io, settings, [this](http::exchange& x) { return router.serve(x); });
    EXPECT_TRUE(server->listen());
    thread = std::thread{[this] { io.run(); }};
    peer.emplace(server->port());
    for (const auto& [tenant, owner] : {std::pair{"acme", "ada"}, {"evil", "eve"}})
      tell<tenant_entry>(create_tenant{
        tenant, owner, std::string{"first-of-"} + owner, "no hash", {"root", tenant}});
  }
  ~RouterTest() override {
    peer.reset();
    asio::co_spawn(io, server->stop(std::chrono::milliseconds{0}), asio::use_future).get();
    io.stop(); // the bridge's next deadline is far
    thread.join();
    pool.join();
    for (const auto& x : {caf::actor_cast<caf::actor>(paths), caf::actor_cast<caf::actor>(users),
                          caf::actor_cast<caf::actor>(acme), caf::actor_cast<caf::actor>(journal)})
      caf::anon_send_exit(x, caf::exit_reason::user_shutdown);
  }

  /// The accounts take it.
  template <class Reply, class Command>
  void tell(const Command& x) {
    caf::scoped_actor asker{system};
    asker->request(users, std::chrono::seconds{5}, x)
      .receive([](const Reply&) {}, [](const caf::error& why) { FAIL() << render(why); });
  }

  /// Of acme's owner, good for no more than this.
  std::string token_of(permission may) {
    return *proof->issue({{"ada", "acme", may}, ""}, std::chrono::seconds{60});
  }

  /// Of a member of this role, who is named after it.
  std::string token_of(const std::string& tenant, role as) {
    const std::string user{to_word(as)};
    if (as != role::owner)
      tell<member_info>(add_member{tenant,
                                   user,
                                   as,
                                   user + "-of-" + tenant,
                                   "no hash",
                                   {"root", "main", permission::operate},
                                   {"root", user}});
    const std::string owner = tenant == "acme" ? "ada" : "eve";
    return *proof->issue({{as == role::owner ? owner : user, tenant, permission::own}, ""},
                         std::chrono::seconds{60});
  }

  static std::string path_of(const daemon::route& x, const std::string& actor) {
    std::string path{x.pattern};
    for (const auto& [part, value] : {std::pair<std::string, std::string>{"{app}", "shop"},
                                      {"{id}", "shop"},
                                      {"{tenant}", "acme"},
                                      {"{user}", "nobody"},
                                      {"{domain}", "shop.example.com"},
                                      {"{path...}", actor}})
      if (const auto at = path.find(part); at != path.npos)
        path.replace(at, part.size(), value);
    return path;
  }

  http_peer::answer ask(const std::string& line, const std::string& token = "",
                        const std::string& body = "", const std::string& fields = "") {
    auto request = line + " HTTP/1.1\r\nHost: x\r\n" + fields;
    if (!token.empty())
      request += "Authorization: Bearer " + token + "\r\n";
    peer.emplace(server->port());
    return peer->ask(request + "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n"
                     + body);
  }

  static boost::json::object body_of(const http_peer::answer& x) {
    const auto value = boost::json::parse(x.body());
    return value.as_object();
  }

  static traefik::front_door_settings for_traefik() {
    traefik::front_door_settings result;
    result.gateway = "http://127.0.0.1:8080";
    result.token = "traefiks-own";
    result.kept = "shop-acme.localhost\n";
    return result;
  }

  temp_folder folder;
  router_system_config config;
  caf::actor_system system{config};
  journal_actor journal
    = system.spawn(journal_writer, journal_writer_config{}, std::make_shared<fake_journal>());
  accounts_actor users = system.spawn(accounts, durable_config{}, journal);
  ingress_actor paths = system.spawn(ingress, ingress_context{{}, journal, {}});
  tenant_actor acme = system.spawn(tenant, "acme", paths);
  asio::io_context io{1};
  asio::executor_work_guard<asio::io_context::executor_type> work{io.get_executor()};
  asio::thread_pool pool{1};
  std::shared_ptr<identity> proof = *crypto::open_identity(folder.path() / "key");
  daemon::actor_bridge bridge{system, io};
  daemon::actor_lookup lookup{bridge, paths};
  daemon::authenticator callers{proof, lookup, pool};
  daemon::door door{lookup};
  daemon::metrics counters;
  std::string missing; ///< What not_ready says.
  std::shared_ptr<traefik::front_door> outer
    = std::make_shared<traefik::front_door>(nullptr, for_traefik());
  daemon::router router{daemon::service_parts{
    io, pool, door, callers, journal, *directory::open_blob_store(folder.path() / "blobs"),
    *directory::open_log_store(folder.path() / "logs"), std::make_shared<fake_engine>(), counters,
    [this] { return missing; }, 1'000, daemon::journal_store{{}, folder.path(), {}}, folder.path(),
    *crypto::open_vault(folder.path() / "master-keys"), "n1", outer}};
  std::optional<http::server> server;
  std::thread thread;
  std::optional<http_peer> peer;
};

} // namespace backendim::test
