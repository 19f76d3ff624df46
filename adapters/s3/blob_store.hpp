#pragma once

#include "adapters/blob_store.hpp"
#include "adapters/s3/bucket.hpp"

#include <memory>

namespace backendim::s3 {

/// Of larger blobs a server cannot make a copy at once.
constexpr uint64_t max_blob = uint64_t{5} << 30;

/// A blob store in a bucket, which is made if it is not there. A blob is blobs/sha256/<hex>. Small
/// ones come into being with one PUT. Of larger ones only the end tells the name: they are received
/// in parts as incoming/<random> and then copied by the server, at once. A blob holds at most
/// max_blob bytes. Keeps one part (8 MiB) of each upload and download in memory. One process may
/// use a bucket at a time. Fails with unavailable, and says what is wrong with address or keys.
caf::expected<std::shared_ptr<blob_store>> open_blob_store(bucket_config config);

} // namespace backendim::s3
