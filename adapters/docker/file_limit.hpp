#pragma once

#include <cstdint>
#include <string>

namespace backendim::docker {

/// How many files a process that Docker starts may have open at most: it cannot be given more than
/// dockerd has, which listens at *socket*. 0: that cannot be known, because dockerd is in another
/// PID namespace or is not there. Does not block.
uint64_t files_of_engine(const std::string& socket);

} // namespace backendim::docker
