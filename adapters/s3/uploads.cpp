#include "adapters/s3/uploads.hpp"

#include "adapters/crypto/digest.hpp"
#include "protocol/error.hpp"

#include <array>
#include <random>
#include <utility>

namespace backendim::s3 {

namespace {

constexpr std::string_view folder = "incoming/";
constexpr std::string_view mark = ".upload";

std::string random_key() {
  std::random_device source;
  std::array<unsigned char, 16> bytes{};
  for (auto& x : bytes)
    x = static_cast<unsigned char>(source());
  return std::string{folder} + crypto::hex(bytes);
}

} // namespace

uploads::uploads(bucket_config config)
  : config_{std::move(config)}, cleaner_{[this](const std::stop_token& stop) { clean(stop); }} {}

uploads::~uploads() {
  cleaner_.request_stop();
}

caf::expected<std::string> uploads::begin(bucket& to) {
  auto key = random_key();
  {
    const std::lock_guard guard{mutex_};
    writing_.insert(key);
  }
  if (auto marked = to.put(key + std::string{mark}, ""); !marked) {
    end(key);
    return std::move(marked.error());
  }
  return key;
}

void uploads::end(std::string key) {
  {
    const std::lock_guard guard{mutex_};
    ended_.push_back(std::move(key));
  }
  changed_.notify_one();
}

void uploads::clean(const std::stop_token& stop) {
  bucket in{config_};
  std::unique_lock lock{mutex_};
  while (changed_.wait(lock, stop, [this] { return !ended_.empty(); })) {
    const auto key = std::move(ended_.front());
    ended_.pop_front();
    lock.unlock();
    (void)forget(in, key); // what stays keeps its marker
    lock.lock();
    writing_.erase(key);
    if (stop.stop_requested())
      return;
  }
}

caf::expected<uint64_t> uploads::forget(bucket& in, const std::string& key) {
  uint64_t freed = 0;
  auto open = in.uploads(key);
  if (!open)
    return std::move(open.error());
  for (const auto& upload : *open) {
    auto size = in.upload_size(key, upload);
    if (!size)
      return size;
    if (auto gone = in.abort_upload(key, upload); !gone)
      return std::move(gone.error());
    freed += *size;
  }
  auto whole = in.list(key, "", 2); // the object and its marker
  if (!whole)
    return std::move(whole.error());
  for (const auto& x : *whole)
    if (x.key == key) {
      if (auto gone = in.remove(key); !gone)
        return std::move(gone.error());
      freed += x.size;
    }
  if (auto gone = in.remove(key + std::string{mark}); !gone)
    return std::move(gone.error());
  return freed;
}

caf::expected<uint64_t> uploads::sweep(std::chrono::seconds age) {
  bucket in{config_};
  const auto before = std::chrono::system_clock::now() - age;
  uint64_t freed = 0;
  std::string after;
  constexpr size_t page = 1'000;
  for (;;) {
    auto found = in.list(std::string{folder}, after, page);
    if (!found)
      return std::move(found.error());
    for (const auto& x : *found) {
      after = x.key;
      if (x.changed >= before || !x.key.ends_with(mark))
        continue;
      const auto key = x.key.substr(0, x.key.size() - mark.size());
      {
        const std::lock_guard guard{mutex_};
        if (writing_.contains(key))
          continue;
      }
      auto bytes = forget(in, key);
      if (!bytes)
        return bytes;
      freed += *bytes;
    }
    if (found->size() < page)
      return freed;
  }
}

} // namespace backendim::s3
