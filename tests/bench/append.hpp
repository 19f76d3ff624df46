#pragma once

#include <filesystem>
#include <string>

/// How many events a second get through, each acknowledged once it is on the disk.
namespace backendim::bench {

double append_to_sqlite(const std::filesystem::path& folder); ///< Through the journal's writer.
double insert_into_sqlite(const std::filesystem::path& folder);
double append_to_postgres(const std::string& connection);
double insert_into_postgres(const std::string& connection);

} // namespace backendim::bench
