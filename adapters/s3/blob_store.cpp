#include "adapters/s3/blob_store.hpp"

#include "adapters/crypto/digest.hpp"
#include "adapters/s3/uploads.hpp"
#include "protocol/error.hpp"

#include <algorithm>
#include <cstring>
#include <utility>

namespace backendim::s3 {

namespace {

constexpr size_t part_size = 8 << 20; // S3 wants 5 MiB at least, and takes 10,000 parts
constexpr std::string_view folder = "blobs/sha256/";

std::string key_of(const std::string& digest) {
  return std::string{folder} + crypto::hex_of_blob_name(digest);
}

caf::error bad_name() {
  return caf::make_error(ec::invalid_request, "a blob's name is sha256: and 64 hex digits");
}

/// The same as unavailable: what has to be there for it to go on is gone.
caf::error lost(const caf::error& why) {
  return why == ec::not_found
           ? caf::make_error(ec::unavailable, "the upload is gone: " + render(why))
           : why;
}

class writer : public blob_writer {
public:
  writer(const bucket_config& config, std::shared_ptr<uploads> all, uint64_t limit)
    : bucket_{config}, all_{std::move(all)}, limit_{std::min(limit, max_blob)} {}

  ~writer() override {
    if (!key_.empty())
      all_->end(std::move(key_));
  }

  caf::expected<caf::unit_t> write(std::span<const std::byte> bytes) override {
    if (failed_)
      return failed_;
    if (bytes.size() > limit_ - size_)
      return caf::make_error(ec::too_large, "more than " + std::to_string(limit_) + " bytes");
    hash_.add(bytes);
    size_ += bytes.size();
    while (!bytes.empty()) {
      if (part_.size() == part_size)
        if (auto sent = send_part(); !sent) {
          failed_ = sent.error();
          return sent;
        }
      const auto fits = std::min(part_size - part_.size(), bytes.size());
      part_.append(reinterpret_cast<const char*>(bytes.data()), fits);
      bytes = bytes.subspan(fits);
    }
    return caf::unit;
  }

  caf::expected<blob_info> finish() override {
    if (failed_)
      return failed_;
    const blob_info result{crypto::blob_name(hash_.finish()), size_};
    failed_ = caf::make_error(ec::unavailable, "the upload has ended");
    auto kept
      = key_.empty() ? put_whole(key_of(result.digest)) : put_together(key_of(result.digest));
    if (!kept)
      return lost(kept.error());
    return result;
  }

private:
  caf::expected<caf::unit_t> send_part() {
    if (key_.empty()) {
      auto key = all_->begin(bucket_);
      if (!key)
        return std::move(key.error());
      key_ = std::move(*key);
      auto upload = bucket_.begin_upload(key_);
      if (!upload)
        return std::move(upload.error());
      upload_ = std::move(*upload);
    }
    auto tag = bucket_.put_part(key_, upload_, tags_.size() + 1, std::exchange(part_, {}));
    if (!tag)
      return lost(tag.error());
    tags_.push_back(std::move(*tag));
    return caf::unit;
  }

  caf::expected<caf::unit_t> put_whole(const std::string& name) {
    const std::shared_lock guard{all_->naming};
    return bucket_.put(name, std::move(part_));
  }

  caf::expected<caf::unit_t> put_together(const std::string& name) {
    if (auto sent = send_part(); !sent)
      return sent;
    // A repeated request may find that the first one did it: then the copy finds the whole.
    if (auto done = bucket_.complete_upload(key_, upload_, tags_);
        !done && done.error() != ec::not_found)
      return done;
    const std::shared_lock guard{all_->naming};
    return bucket_.copy(key_, name);
  }

  bucket bucket_;
  std::shared_ptr<uploads> all_;
  crypto::sha256 hash_;
  uint64_t limit_;
  uint64_t size_ = 0;
  std::string part_; ///< What has not been sent.
  std::string key_;  ///< Empty: nothing has been sent.
  std::string upload_;
  std::vector<std::string> tags_; ///< Of the parts sent.
  caf::error failed_;             ///< Why there is nothing more to do.
};

class reader : public blob_reader {
public:
  reader(bucket_config config, std::string digest, bucket::range first)
    : bucket_{std::move(config)}, digest_{std::move(digest)}, here_{std::move(first)} {
    hash_.add(here_.bytes);
  }

  caf::expected<size_t> read(std::span<std::byte> into) override {
    if (into.empty())
      return size_t{0};
    if (used_ == here_.bytes.size()) {
      if (behind_ + used_ >= here_.total)
        return end();
      behind_ += used_;
      used_ = 0;
      auto next = bucket_.get(key_of(digest_), behind_, part_size);
      if (!next)
        return lost(next.error());
      if (next->bytes.empty() || next->total != here_.total)
        return caf::make_error(ec::internal, "the stored " + digest_ + " is damaged");
      here_ = std::move(*next);
      hash_.add(here_.bytes);
    }
    const auto size = std::min(into.size(), here_.bytes.size() - used_);
    std::memcpy(into.data(), here_.bytes.data() + used_, size);
    used_ += size;
    return size;
  }

private:
  caf::expected<size_t> end() {
    if (!std::exchange(checked_, true))
      good_ = crypto::blob_name(hash_.finish()) == digest_;
    if (!good_)
      return caf::make_error(ec::internal, "the stored " + digest_ + " is damaged");
    return size_t{0};
  }

  bucket bucket_;
  std::string digest_;
  bucket::range here_;
  uint64_t behind_ = 0; ///< Bytes before here_.
  size_t used_ = 0;     ///< Of here_.
  crypto::sha256 hash_;
  bool checked_ = false;
  bool good_ = false;
};

class store : public blob_store {
public:
  explicit store(bucket_config config)
    : config_{std::move(config)}, uploads_{std::make_shared<uploads>(config_)} {}

  caf::expected<std::unique_ptr<blob_writer>> begin(uint64_t max_bytes) override {
    return std::unique_ptr<blob_writer>{std::make_unique<writer>(config_, uploads_, max_bytes)};
  }

  caf::expected<std::unique_ptr<blob_reader>> open(const std::string& digest) override {
    if (!crypto::is_blob_name(digest))
      return bad_name();
    auto first = bucket{config_}.get(key_of(digest), 0, part_size);
    if (!first && first.error() == ec::not_found)
      return caf::make_error(ec::not_found, "there is no blob " + digest);
    if (!first)
      return std::move(first.error());
    return std::unique_ptr<blob_reader>{
      std::make_unique<reader>(config_, digest, std::move(*first))};
  }

  caf::expected<caf::unit_t> remove(const std::string& digest) override {
    if (!crypto::is_blob_name(digest))
      return bad_name();
    return bucket{config_}.remove(key_of(digest));
  }

  caf::expected<uint64_t> remove_older(const std::string& digest,
                                       std::chrono::system_clock::time_point before) override {
    if (!crypto::is_blob_name(digest))
      return bad_name();
    const std::unique_lock guard{uploads_->naming};
    bucket in{config_};
    auto found = in.list(key_of(digest), "", 1);
    if (!found)
      return std::move(found.error());
    if (found->empty() || found->front().changed >= before)
      return uint64_t{0};
    if (auto gone = in.remove(key_of(digest)); !gone)
      return std::move(gone.error());
    return found->front().size;
  }

  caf::expected<std::vector<kept_blob>> list(const std::string& after, size_t limit) override {
    if (!after.empty() && !crypto::is_blob_name(after))
      return bad_name();
    auto found
      = bucket{config_}.list(std::string{folder}, after.empty() ? "" : key_of(after), limit);
    if (!found)
      return std::move(found.error());
    std::vector<kept_blob> result;
    for (const auto& x : *found)
      if (auto digest = "sha256:" + x.key.substr(folder.size()); crypto::is_blob_name(digest))
        result.push_back({std::move(digest), x.size, x.changed});
    return result;
  }

  caf::expected<uint64_t> sweep(std::chrono::seconds age) override { return uploads_->sweep(age); }

private:
  const bucket_config config_;
  std::shared_ptr<uploads> uploads_;
};

} // namespace

caf::expected<std::shared_ptr<blob_store>> open_blob_store(bucket_config config) {
  if (auto there = bucket{config}.ensure(); !there)
    return std::move(there.error());
  return std::shared_ptr<blob_store>{std::make_shared<store>(std::move(config))};
}

} // namespace backendim::s3
