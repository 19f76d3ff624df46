#pragma once

#include <cstdlib>
#include <filesystem>
#include <stdexcept>
#include <string>

namespace backendim::test {

/// A folder of one test's own, gone with it.
class temp_folder {
public:
  temp_folder() {
    auto name = (std::filesystem::temp_directory_path() / "backendim-XXXXXX").string();
    if (!::mkdtemp(name.data()))
      throw std::runtime_error{"cannot make a temporary folder"};
    path_ = name;
  }
  temp_folder(const temp_folder&) = delete;
  temp_folder& operator=(const temp_folder&) = delete;
  ~temp_folder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }

  const std::filesystem::path& path() const { return path_; }

private:
  std::filesystem::path path_;
};

} // namespace backendim::test
