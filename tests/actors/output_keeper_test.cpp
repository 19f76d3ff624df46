#include "actors/output_keeper.hpp"
#include "adapters/crypto/vault.hpp"
#include "tests/support/actor_test.hpp"
#include "tests/support/fake_engine.hpp"
#include "tests/support/temp_folder.hpp"

#include <string>
#include <vector>

using namespace backendim;

namespace {

/// Output that was kept before a restart is not kept twice.
class OutputKeeperTest : public test::actor_test {
protected:
  class lines_in_memory : public log_store {
  public:
    std::vector<std::string> lines;
    caf::expected<caf::unit_t> append(const std::string&, std::string_view line) override {
      lines.emplace_back(line);
      return caf::unit;
    }
    caf::expected<page> read(const std::string&, uint64_t offset, size_t) override {
      page result;
      for (auto i = offset; i < lines.size() && result.lines.size() < 2; ++i)
        result.lines.push_back(lines[i]);
      result.next = offset + result.lines.size();
      return result;
    }
    uint64_t when_longer(const std::string&, uint64_t, std::function<void()>) override { return 0; }
    void cancel(uint64_t) override {}
    caf::expected<caf::unit_t> remove(const std::string&) override { return caf::unit; }
    caf::expected<std::vector<kept_log>> list() override { return std::vector<kept_log>{}; }
  };
  test::temp_folder folder;
  std::shared_ptr<test::fake_engine> engine = std::make_shared<test::fake_engine>();
  std::shared_ptr<lines_in_memory> logs = std::make_shared<lines_in_memory>();
  std::shared_ptr<vault> keys = *crypto::open_vault(folder.path() / "master-keys");
};

TEST_F(OutputKeeperTest, KeepsEachLineOnceWithoutSecrets) {
  service_spec spec;
  spec.name = "task-1";
  spec.tenant = "acme";
  spec.image = "fake@sha256:0";
  spec.once = true;
  ASSERT_TRUE(engine->ensure_service(spec));
  const auto container = engine->run("task-1");
  engine->write_log(container, "the key is hunter22");
  engine->write_log(container, "careful", output_stream::err);
  engine->die(container, 0);
  const auto sealed = keys->seal({"acme", "shop", "KEY"}, "hunter22");
  const keep_output work{"01J", container, {"acme", "shop", {{"KEY", 1, sealed}}}};
  for (int i = 0; i < 2; ++i) {
    const auto keeper = spawn(output_keeper, output_tools{engine, logs, keys}, std::stop_token{});
    auto reply = ask(keeper, work);
    EXPECT_TRUE(get<output_kept>(reply));
  }
  ASSERT_EQ(logs->lines.size(), 2u);
  const auto first = from_kept_form(logs->lines[0]), second = from_kept_form(logs->lines[1]);
  EXPECT_EQ(first.text, "the key is [secret KEY]");
  EXPECT_EQ(first.from, output_stream::out);
  EXPECT_EQ(second.text, "careful");
  EXPECT_EQ(second.from, output_stream::err);
  EXPECT_LT(first.at, second.at);
}

TEST_F(OutputKeeperTest, AContainerThatIsGoneHasNoMoreToSay) {
  const auto keeper = spawn(output_keeper, output_tools{engine, logs, keys}, std::stop_token{});
  auto reply = ask(keeper, keep_output{"01J", "nobody", {}});
  EXPECT_TRUE(get<output_kept>(reply));
}

} // namespace
