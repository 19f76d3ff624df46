#include "bin/daemon/blobs.hpp"

#include "adapters/directory/blob_store.hpp"
#include "adapters/s3/blob_store.hpp"
#include "protocol/error.hpp"

#include <fstream>
#include <iterator>

namespace backendim::daemon {

namespace fs = std::filesystem;

namespace {

/// The text of *file* without the white space around it.
caf::expected<std::string> read_secret(const fs::path& file) {
  std::error_code failed;
  const auto status = fs::status(file, failed);
  if (failed || !fs::is_regular_file(status))
    return caf::make_error(ec::invalid_request, "there is no file " + file.string());
  if ((status.permissions() & (fs::perms::group_all | fs::perms::others_all)) != fs::perms::none)
    return caf::make_error(ec::invalid_request,
                           "others may read " + file.string() + "; chmod 600 " + file.string());
  std::ifstream in{file};
  std::string text{std::istreambuf_iterator<char>{in}, {}};
  constexpr auto white = " \t\r\n";
  text.erase(0, text.find_first_not_of(white));
  text.erase(text.find_last_not_of(white) + 1);
  if (text.empty())
    return caf::make_error(ec::invalid_request, file.string() + " holds no secret key");
  return text;
}

} // namespace

caf::expected<std::shared_ptr<blob_store>> open_blobs(const blob_settings& x,
                                                      const fs::path& folder) {
  if (x.endpoint.empty())
    return directory::open_blob_store(folder);
  auto secret = read_secret(x.secret_key_file);
  if (!secret)
    return std::move(secret.error());
  s3::bucket_config config;
  config.endpoint = x.endpoint;
  config.bucket = x.bucket;
  config.keys = {x.access_key, std::move(*secret), x.region};
  config.ca_file = x.ca_file;
  return s3::open_blob_store(std::move(config));
}

} // namespace backendim::daemon
