#include "adapters/source/fetcher.hpp"
#include "protocol/types.hpp"
#include "tests/adapters/source/archives.hpp"
#include "tests/support/error_of.hpp"
#include "tests/support/temp_folder.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <ostream>

using namespace backendim;
using namespace backendim::test;
namespace fs = std::filesystem;

namespace {

class UnpackTest : public ::testing::Test {
protected:
  caf::expected<unpacked_source> unpack(std::string bytes, source_limits limits = {},
                                        std::stop_token stop = {}) {
    text_blob blob{std::move(bytes)};
    return fetcher->unpack(blob, into, limits, std::move(stop));
  }

  temp_folder folder;
  fs::path into = folder.path() / "work" / "source";
  std::shared_ptr<source_fetcher> fetcher = source::make_fetcher();
};

TEST_F(UnpackTest, GivesTheTreeWhateverTheCompression) {
  const std::vector<tar_entry> entries{
    folder_entry("./"),
    folder_entry("./bin/"),
    {"./bin/run", "#!/bin/sh\n", AE_IFREG, "", 0755},
    {"deep/er/file", std::string(200'000, 'x')},
    {"empty", ""},
    {"private", "p", AE_IFREG, "", 0600},
    {"setuid", "s", AE_IFREG, "", 06777},
    soft_link("link", "deep/er/file"),
    soft_link("deep/up", "../empty"),
    hard_link("hard", "empty"),
    {std::string(100, 'n') + "/" + std::string(200, 'n'), "long"},
  };
  for (const char* filter : {static_cast<const char*>(nullptr), "gzip", "zstd"}) {
    const auto got = unpack(make_tar(entries, filter));
    ASSERT_TRUE(got) << (filter ? filter : "plain") << ": " << render(got.error());
    EXPECT_EQ(tree_of(into), (tree{{"bin/run", "x #!/bin/sh\n"},
                                   {"deep/er/file", std::string(200'000, 'x')},
                                   {"empty", ""},
                                   {"private", "p"},
                                   {"setuid", "x s"},
                                   {"link", "-> deep/er/file"},
                                   {"deep/up", "-> ../empty"},
                                   {"hard", ""},
                                   {std::string(100, 'n') + "/" + std::string(200, 'n'), "long"}}))
      << (filter ? filter : "plain");
    EXPECT_EQ(fs::status(into / "private").permissions(), static_cast<fs::perms>(0644));
    EXPECT_EQ(fs::status(into / "setuid").permissions(), static_cast<fs::perms>(0755));
    EXPECT_EQ(got->bytes, 200'000u + 10 + 1 + 1 + 4);
    fs::remove_all(into);
  }
}

TEST_F(UnpackTest, NamesBeyondAsciiAreKept) {
  const auto got = unpack(make_tar({{"größe/naïve.txt", "1"}, {"\xff\xfe", "no UTF-8"}}));
  ASSERT_TRUE(got) << render(got.error());
  EXPECT_EQ(tree_of(into), (tree{{"größe/naïve.txt", "1"}, {"\xff\xfe", "no UTF-8"}}));
}

/// As GNU tar and bsdtar write it: a pax header in UTF-8, which says nothing of its charset.
std::string with_pax_path(const std::string& path) {
  const auto block = [](const std::string& name, char type, const std::string& data) {
    std::string head(512, '\0');
    const auto put
      = [&](size_t at, const std::string& text) { head.replace(at, text.size(), text); };
    put(0, name);
    put(100, "0000644");
    put(108, "0000000");
    put(116, "0000000");
    std::array<char, 12> size{};
    std::snprintf(size.data(), size.size(), "%011o", static_cast<unsigned>(data.size()));
    put(124, size.data());
    put(136, "00000000000");
    put(148, "        ");
    head[156] = type;
    put(257, std::string{"ustar\00000", 8});
    unsigned sum = 0;
    for (const char c : head)
      sum += static_cast<unsigned char>(c);
    std::array<char, 8> text{};
    std::snprintf(text.data(), text.size(), "%06o", sum);
    put(148, text.data());
    return head + data + std::string((512 - data.size() % 512) % 512, '\0');
  };
  const auto record = " path=" + path + "\n";
  auto length = record.size() + 2;
  length += std::to_string(length).size() - 2;
  return block("pax", 'x', std::to_string(length) + record) + block("short", '0', "data")
         + std::string(1024, '\0');
}

TEST_F(UnpackTest, NamesInUtf8PaxHeadersAreKept) {
  const auto got = unpack(with_pax_path("größe.txt"));
  ASSERT_TRUE(got) << render(got.error());
  EXPECT_EQ(tree_of(into), (tree{{"größe.txt", "data"}}));
}

TEST_F(UnpackTest, LaterEntryOfTheSameNameWins) {
  const auto got = unpack(make_tar({{"a", "first"},
                                    {"a", "second"},
                                    {"b", "file"},
                                    folder_entry("b/"),
                                    {"b/c", "below"},
                                    soft_link("d", "a"),
                                    {"d", "file again"},
                                    soft_link("e", "b"),
                                    {"e/f", "in a folder of its own"}}));
  ASSERT_TRUE(got) << render(got.error());
  EXPECT_EQ(
    tree_of(into),
    (tree{
      {"a", "second"}, {"b/c", "below"}, {"d", "file again"}, {"e/f", "in a folder of its own"}}));
}

TEST_F(UnpackTest, EmptyArchiveIsAnEmptyFolder) {
  const auto got = unpack(make_tar({}));
  ASSERT_TRUE(got) << render(got.error());
  EXPECT_EQ(got->files, 0u);
  EXPECT_TRUE(fs::is_empty(into));
}

TEST_F(UnpackTest, DamageBehindTheArchivesEndIsNoticed) {
  text_blob blob{make_tar({{"a", "b"}}) + std::string(300'000, '\0'), true};
  EXPECT_EQ(error_of(fetcher->unpack(blob, into, {}, {})), ec::internal);
  EXPECT_FALSE(fs::exists(into));
}

TEST_F(UnpackTest, StopLeavesNothing) {
  std::stop_source stop;
  stop.request_stop();
  EXPECT_EQ(error_of(unpack(make_tar({{"a", "b"}}), {}, stop.get_token())), ec::timed_out);
  EXPECT_FALSE(fs::exists(into));
}

TEST_F(UnpackTest, LimitsHoldToTheLastFileAndByte) {
  const auto three = make_tar({{"a", "12345"}, {"b", "12345"}, folder_entry("c")});
  EXPECT_TRUE(unpack(three, {3, 10}));
  EXPECT_EQ(error_of(unpack(three, {2, 10})), ec::too_large);
  EXPECT_EQ(error_of(unpack(three, {3, 9})), ec::too_large);
  EXPECT_FALSE(fs::exists(into));
}

TEST_F(UnpackTest, BombIsTooLargeBeforeItIsWritten) {
  const auto bomb = make_tar({{"zeros", std::string(64 << 20, '\0')}}, "zstd");
  ASSERT_LT(bomb.size(), size_t{64 << 10});
  EXPECT_EQ(error_of(unpack(bomb, {100, 1 << 20})), ec::too_large);
  EXPECT_FALSE(fs::exists(into));
}

TEST_F(UnpackTest, HolesCountAsBytes) {
  tar_entry hole{"hole", "data"};
  hole.sparse_size = 1ll << 40;
  EXPECT_EQ(error_of(unpack(make_tar({hole}))), ec::too_large);
  std::vector<tar_entry> many;
  for (int i = 0; i < 4; ++i) {
    many.push_back({"hole" + std::to_string(i), "data"});
    many.back().sparse_size = 1 << 20;
  }
  EXPECT_EQ(error_of(unpack(make_tar(many), {100, 3 << 20})), ec::too_large);
  EXPECT_FALSE(fs::exists(into));
}

struct hostile_archive {
  const char* name;
  std::string bytes;
  friend void PrintTo(const hostile_archive& x, std::ostream* out) { *out << x.name; }
};

class HostileArchiveTest : public ::testing::TestWithParam<hostile_archive> {};

TEST_P(HostileArchiveTest, IsRefusedAndLeavesNothing) {
  temp_folder folder;
  write_file(folder.path() / "outside", "untouched");
  fs::create_directories(folder.path() / "work");
  const auto into = folder.path() / "work" / "source";
  text_blob blob{GetParam().bytes};
  const auto got = source::make_fetcher()->unpack(blob, into, {}, {});
  ASSERT_FALSE(got);
  EXPECT_EQ(got.error(), ec::invalid_request) << render(got.error());
  EXPECT_EQ(failure_of(got.error()).code, cause::source_rejected);
  EXPECT_FALSE(fs::exists(fs::symlink_status(into)));
  EXPECT_EQ(tree_of(folder.path()), (tree{{"outside", "untouched"}}));
}

std::string cut(std::string text, size_t by) {
  text.resize(text.size() - by);
  return text;
}

std::string noise(size_t size) {
  std::string result;
  for (uint32_t x = 1; result.size() < size; x = x * 1'664'525 + 1'013'904'223)
    result += static_cast<char>(x >> 24);
  return result;
}

const hostile_archive hostile[] = {
  {"Nothing", ""},
  {"Text", std::string(2'000, 'x')},
  {"Noise", noise(20'000)},
  {"Html", "<!DOCTYPE html><html></html>"},
  {"ZipMagic", "PK\x03\x04" + noise(1'000)},
  {"AbsolutePath", make_tar({{"/tmp/evil", "x"}})},
  {"DotDot", make_tar({{"../outside", "x"}})},
  {"DotDotWithin", make_tar({{"a/../../outside", "x"}})},
  {"DotDotFolder", make_tar({folder_entry("..")})},
  {"ControlCharacter", make_tar({{"a\x1b[2Jb", "x"}})},
  {"SymlinkAbsolute", make_tar({soft_link("l", "/etc")})},
  {"SymlinkOut", make_tar({soft_link("l", "../outside")})},
  {"SymlinkOutFromBelow", make_tar({soft_link("a/b/l", "../../../outside")})},
  {"SymlinkOutByItsTail", make_tar({folder_entry("a"), soft_link("l", "a/../../outside")})},
  {"SymlinkNamedAsAFolder", make_tar({soft_link("l/", "..")})},
  {"SymlinkNamedDot", make_tar({soft_link(".", "other")})},
  {"FileNamedDot", make_tar({{"./.", "x"}})},
  {"SymlinkWithoutTarget", make_tar({soft_link("l", "")})},
  {"HardLinkOut", make_tar({hard_link("h", "../outside")})},
  {"HardLinkAbsolute", make_tar({hard_link("h", "/etc/passwd")})},
  {"HardLinkToNothing", make_tar({hard_link("h", "missing")})},
  {"HardLinkMovesASymlinkUp", make_tar({soft_link("a/l", "../f"), hard_link("h", "a/l")})},
  {"CharacterDevice", make_tar({{"null", "", AE_IFCHR}})},
  {"BlockDevice", make_tar({{"sda", "", AE_IFBLK}})},
  {"Fifo", make_tar({{"pipe", "", AE_IFIFO}})},
  {"FileOverAFullFolder", make_tar({{"a/b", "x"}, {"a", "y"}})},
  {"SymlinkOverAFullFolder", make_tar({{"a/b", "x"}, soft_link("a", "c")})},
  {"NameTooLong", make_tar({{std::string(300, 'n'), "x"}})},
  {"PathTooLong", make_tar({{[] {
                               std::string path;
                               for (int i = 0; i < 100; ++i)
                                 path += std::string(100, 'n') + "/";
                               return path + "x";
                             }(),
                             "x"}})},
  {"TarCutInAFile", cut(make_tar({{"a", std::string(5'000, 'x')}}), 4'000)},
  {"TarCutInAHead", make_tar({{"a", "x"}}).substr(0, 300)},
  {"ZstdCut", cut(make_tar({{"a", noise(500'000)}}, "zstd"), 100'000)},
  {"GzipCut", cut(make_tar({{"a", noise(500'000)}}, "gzip"), 100'000)},
};

INSTANTIATE_TEST_SUITE_P(All, HostileArchiveTest, ::testing::ValuesIn(hostile),
                         ::testing::PrintToStringParamName());

TEST(SymlinkChainTest, NoChainOfGoodLinksLeadsOut) {
  temp_folder folder;
  write_file(folder.path() / "outside", "untouched");
  const auto into = folder.path() / "source";
  text_blob blob{make_tar({folder_entry("a/b/c"), soft_link("x", "a/b/c"), soft_link("y", "x"),
                           soft_link("a/b/c/up", "../../.."), soft_link("z", "x/up")})};
  const auto got = source::make_fetcher()->unpack(blob, into, {}, {});
  ASSERT_TRUE(got) << render(got.error());
  const auto root = fs::canonical(into).string();
  for (const auto& x : fs::recursive_directory_iterator{into})
    EXPECT_TRUE(fs::canonical(x.path()).string().starts_with(root)) << x.path();
}

} // namespace
