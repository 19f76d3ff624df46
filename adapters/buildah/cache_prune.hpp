#pragma once

#include "adapters/image_builder.hpp"

#include <chrono>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace backendim::buildah {

/// A command for the sandbox: removes the images of a tenant's storage that have no name, that no
/// other is based on and that are older than *age*, but none of *keep*. It says what it did in
/// lines that read_prune() understands. *buildah* is the program with the flags of its storage.
std::vector<std::string> prune_of(std::chrono::seconds age, const std::set<std::string>& keep,
                                  bool dry_run, const std::vector<std::string>& buildah);

/// Takes in one line of that command's output.
void read_prune(build_caches& to, std::string_view line);

} // namespace backendim::buildah
