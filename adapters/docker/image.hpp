#pragma once

#include "adapters/container_engine.hpp"

#include <boost/json.hpp>

namespace backendim::docker {

/// An item of GET /images/json.
image_info decode_image(const boost::json::value& x);

} // namespace backendim::docker
