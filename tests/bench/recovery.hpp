#pragma once

#include <filesystem>

namespace backendim::bench {

struct recovery {
  double seconds = 0;       ///< From opening the journal until every app has come back.
  double bytes_per_app = 0; ///< Of memory, when all are at rest.
};

/// Brings *apps* apps back that a journal in *file* has, with the platform's own actors.
recovery recover(const std::filesystem::path& file, int apps);

} // namespace backendim::bench
