#include "bin/daemon/on_pool.hpp"
#include "bin/daemon/rest.hpp"

#include <boost/json.hpp>

#include <vector>

namespace backendim::daemon::rest {

answered take_blob(call& x) {
  const auto limit = x.parts.upload_limit;
  if (x.client.content_length().value_or(0) > limit)
    co_return caf::make_error(ec::too_large,
                              "an upload may have " + std::to_string(limit) + " bytes");
  auto begun = co_await on_pool(x.parts.pool, [&] { return x.parts.blobs->begin(limit); });
  if (!begun)
    co_return std::move(begun.error());
  auto writer = std::move(*begun);
  // One piece is read while nothing else waits: the client's speed is the only queue there is.
  std::vector<char> piece(256 << 10);
  for (;;) {
    size_t size = 0;
    while (size < piece.size()) {
      auto got = co_await x.client.read_some(std::span{piece}.subspan(size));
      if (!got)
        co_return std::move(got.error());
      if (*got == 0)
        break;
      size += *got;
    }
    if (size == 0)
      break;
    auto written = co_await on_pool(x.parts.pool, [&] {
      return writer->write(std::as_bytes(std::span{piece.data(), size}));
    });
    if (!written)
      co_return std::move(written.error());
  }
  auto kept = co_await on_pool(x.parts.pool, [&] { return writer->finish(); });
  if (!kept)
    co_return std::move(kept.error());
  const boost::json::object body{{"digest", kept->digest}, {"size", kept->size}};
  co_await x.answer(201, body);
  co_return caf::none;
}

} // namespace backendim::daemon::rest
