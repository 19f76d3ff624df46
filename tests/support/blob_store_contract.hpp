#pragma once

#include "adapters/blob_store.hpp"
#include "protocol/error.hpp"
#include "protocol/types.hpp"
#include "tests/support/error_of.hpp"

#include <gtest/gtest.h>

#include <array>
#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <ostream>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace backendim::test {

/// A store and where it keeps its blobs.
struct blob_store_world {
  std::shared_ptr<blob_store> store;
  /// Another one in the same place, as after a restart.
  std::function<std::shared_ptr<blob_store>()> reopen;
};

struct blob_store_case {
  const char* name;
  blob_store_world (*make)(); ///< An empty one; without a store: it cannot be had here.
  friend void PrintTo(const blob_store_case& x, std::ostream* out) { *out << x.name; }
};

inline std::span<const std::byte> as_bytes(std::string_view text) {
  return std::as_bytes(std::span{text.data(), text.size()});
}

/// Keeps *text*; returns its digest, or what went wrong.
inline std::string put(blob_store& store, std::string_view text) {
  auto writer = store.begin(1 << 30);
  if (!writer)
    return render(writer.error());
  if (auto written = (*writer)->write(as_bytes(text)); !written)
    return render(written.error());
  auto kept = (*writer)->finish();
  return kept ? kept->digest : render(kept.error());
}

inline caf::expected<std::string> get(blob_store& store, const std::string& digest) {
  auto reader = store.open(digest);
  if (!reader)
    return std::move(reader.error());
  std::string result;
  std::array<std::byte, 1'000> piece{};
  for (;;) {
    auto got = (*reader)->read(piece);
    if (!got)
      return std::move(got.error());
    if (*got == 0)
      return result;
    result.append(reinterpret_cast<const char*>(piece.data()), *got);
  }
}

/// What every blob store must do.
class BlobStoreContract : public ::testing::TestWithParam<blob_store_case> {
protected:
  void SetUp() override {
    if (!store)
      GTEST_SKIP() << "there is no server for " << GetParam().name;
  }

  blob_store_world world = GetParam().make();
  std::shared_ptr<blob_store> store = world.store;

  const std::string digest_of_abc
    = "sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
  const std::string digest_of_nothing
    = "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
};

TEST_P(BlobStoreContract, ReturnsWhatWasPutUnderItsDigest) {
  EXPECT_EQ(put(*store, "abc"), digest_of_abc);
  EXPECT_EQ(get(*store, digest_of_abc), std::string{"abc"});
  EXPECT_EQ(put(*store, ""), digest_of_nothing);
  EXPECT_EQ(get(*store, digest_of_nothing), std::string{});
}

TEST_P(BlobStoreContract, PiecesMakeOneBlob) {
  auto writer = store->begin(1 << 20);
  ASSERT_TRUE(writer);
  for (const auto* piece : {"a", "", "bc"})
    EXPECT_TRUE((*writer)->write(as_bytes(piece)));
  auto kept = (*writer)->finish();
  ASSERT_TRUE(kept);
  EXPECT_EQ(kept->digest, digest_of_abc);
  EXPECT_EQ(kept->size, 3u);
}

TEST_P(BlobStoreContract, SameBytesTwiceAreOneBlob) {
  const std::string text(100'000, 'x');
  const auto digest = put(*store, text);
  EXPECT_EQ(put(*store, text), digest);
  EXPECT_EQ(get(*store, digest), text);
}

TEST_P(BlobStoreContract, LimitIsTheLastByteThatFits) {
  auto writer = store->begin(3);
  ASSERT_TRUE(writer);
  EXPECT_TRUE((*writer)->write(as_bytes("abc")));
  EXPECT_EQ(error_of((*writer)->write(as_bytes("d"))), ec::too_large);
  auto other = store->begin(3);
  ASSERT_TRUE(other);
  EXPECT_EQ(error_of((*other)->write(as_bytes("abcd"))), ec::too_large);
}

TEST_P(BlobStoreContract, NothingIsKeptWithoutFinish) {
  {
    auto writer = store->begin(100);
    ASSERT_TRUE(writer);
    EXPECT_TRUE((*writer)->write(as_bytes("abc")));
    EXPECT_EQ(error_of(store->open(digest_of_abc)), ec::not_found);
  }
  EXPECT_EQ(error_of(store->open(digest_of_abc)), ec::not_found);
}

TEST_P(BlobStoreContract, OnlyADigestIsAName) {
  const std::string hex(64, 'a');
  for (const auto& name : {std::string{}, std::string{"sha256:"}, "sha256:" + hex + "0",
                           "sha256:" + hex.substr(1), "sha512:" + hex, "SHA256:" + hex, hex,
                           "sha256:" + std::string(64, 'A'), "sha256:" + std::string(64, 'g'),
                           "sha256:../" + hex.substr(3), "sha256:" + hex.substr(1) + "/"}) {
    EXPECT_EQ(error_of(store->open(name)), ec::invalid_request) << name;
    EXPECT_EQ(error_of(store->remove(name)), ec::invalid_request) << name;
    EXPECT_EQ(error_of(store->remove_older(name, {})), ec::invalid_request) << name;
    if (!name.empty()) {
      EXPECT_EQ(error_of(store->list(name, 10)), ec::invalid_request) << name;
    }
  }
}

TEST_P(BlobStoreContract, RemovedIsGoneAndMayComeBack) {
  EXPECT_TRUE(store->remove(digest_of_abc)) << "what is not there is no error";
  put(*store, "abc");
  EXPECT_TRUE(store->remove(digest_of_abc));
  EXPECT_EQ(error_of(store->open(digest_of_abc)), ec::not_found);
  EXPECT_EQ(put(*store, "abc"), digest_of_abc);
  EXPECT_EQ(get(*store, digest_of_abc), std::string{"abc"});
}

TEST_P(BlobStoreContract, WritersAtOnceDoNotMix) {
  constexpr size_t writers = 8;
  std::array<std::string, writers> digests;
  const auto text_of = [](size_t i) { return std::string(50'000, static_cast<char>('a' + i / 2)); };
  {
    std::vector<std::jthread> threads;
    for (size_t i = 0; i < writers; ++i)
      threads.emplace_back([&, i] { digests[i] = put(*store, text_of(i)); });
  }
  for (size_t i = 0; i < writers; ++i) // two and two have the same bytes
    EXPECT_EQ(get(*store, digests[i]), text_of(i)) << digests[i];
}

/// Pages of two, put together.
inline std::vector<kept_blob> listed(blob_store& store) {
  std::vector<kept_blob> result;
  for (;;) {
    auto page = store.list(result.empty() ? "" : result.back().digest, 2);
    EXPECT_TRUE(page) << render(error_of(page));
    if (!page)
      return result;
    result.insert(result.end(), page->begin(), page->end());
    if (page->size() < 2)
      return result;
  }
}

TEST_P(BlobStoreContract, ListsAllByDigestWithSizeAndTime) {
  EXPECT_TRUE(listed(*store).empty());
  const auto before = std::chrono::system_clock::now() - std::chrono::seconds{10};
  std::map<std::string, size_t> sizes;
  for (size_t i = 0; i < 7; ++i)
    sizes[put(*store, std::string(i * 100, 'x'))] = i * 100;
  const auto after = std::chrono::system_clock::now() + std::chrono::seconds{10};
  const auto found = listed(*store);
  ASSERT_EQ(found.size(), sizes.size());
  for (auto expected = sizes.begin(); const auto& x : found) {
    EXPECT_EQ(x.digest, expected->first);
    EXPECT_EQ(x.size, expected->second);
    EXPECT_GT(x.kept, before);
    EXPECT_LT(x.kept, after);
    ++expected;
  }
  store->remove(found[3].digest);
  EXPECT_EQ(listed(*store).size(), sizes.size() - 1);
}

TEST_P(BlobStoreContract, OldBlobsGoAndFreshOnesStay) {
  using std::chrono::seconds, std::chrono::system_clock;
  put(*store, "abc");
  const auto removed_if_before = [&](seconds offset) {
    return store->remove_older(digest_of_abc, system_clock::now() + offset);
  };
  EXPECT_EQ(removed_if_before(seconds{-30}), 0u);
  EXPECT_EQ(get(*store, digest_of_abc), std::string{"abc"});
  EXPECT_EQ(removed_if_before(seconds{30}), 3u);
  EXPECT_EQ(error_of(store->open(digest_of_abc)), ec::not_found);
  EXPECT_EQ(removed_if_before(seconds{30}), 0u) << "what is not there is no error";
}

TEST_P(BlobStoreContract, SweepLeavesBlobsAndUploadsUnderWay) {
  const std::string large(20 << 20, 'l'); // more than a store keeps in memory
  auto writer = store->begin(1 << 30);
  ASSERT_TRUE(writer);
  EXPECT_TRUE((*writer)->write(as_bytes(large)));
  put(*store, "abc");
  EXPECT_EQ(store->sweep(std::chrono::seconds{0}), 0u);
  const auto kept = (*writer)->finish();
  ASSERT_TRUE(kept) << render(error_of(kept));
  EXPECT_EQ(get(*store, kept->digest), large);
  EXPECT_EQ(get(*store, digest_of_abc), std::string{"abc"});
}

TEST_P(BlobStoreContract, WhatARestartCutShortIsSweptAndNeverSeen) {
  put(*store, "abc");
  auto writer = store->begin(1 << 30);
  ASSERT_TRUE(writer);
  const std::string large(20 << 20, 'l');
  EXPECT_TRUE((*writer)->write(as_bytes(large)));
  const auto later = world.reopen(); // to it nobody writes this upload any more
  EXPECT_TRUE(later->sweep(std::chrono::seconds{0}));
  EXPECT_EQ(error_of((*writer)->finish()), ec::unavailable);
  const auto found = listed(*later);
  ASSERT_EQ(found.size(), 1u);
  EXPECT_EQ(found[0].digest, digest_of_abc);
  EXPECT_EQ(later->sweep(std::chrono::seconds{0}), 0u);
}

TEST_P(BlobStoreContract, BlobsOutliveARestart) {
  const auto digest = put(*store, std::string(9 << 20, 'r'));
  const auto later = world.reopen();
  EXPECT_EQ(get(*later, digest), std::string(9 << 20, 'r'));
}

} // namespace backendim::test
