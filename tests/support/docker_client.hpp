#pragma once

#include "adapters/subprocess/run.hpp"
#include "tests/support/servers.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace backendim::test {

/// Runs a shell's words as root; the last line they say. Fails the test when it does not end well.
inline std::string shell(const std::string& words) {
  subprocess::command x;
  x.argv = {"/bin/sh", "-euc", words};
  x.env = {{"PATH", "/usr/bin:/bin:/usr/sbin:/sbin"},
           {"HOME", "/nonexistent"},
           {"DOCKER_HOST", "unix://" + server("BACKENDIM_DOCKER_SOCKET")}};
  const auto ran = subprocess::run(x, {}, {});
  const auto last = ran && !ran->tail.empty() ? ran->tail.back() : "";
  EXPECT_TRUE(ran && ran->good()) << words << ": " << last;
  return last;
}

/// The same of the docker command.
inline std::string docker(const std::vector<std::string>& words) {
  std::string text = "docker";
  for (const auto& word : words)
    text += " '" + word + "'";
  return shell(text);
}

/// Pushes a small image of its own content to *name* (<registry>/<repository>:<tag>), leaves
/// nothing of it on the node and returns its digest.
inline std::string push_small_image(const std::string& name, const std::string& content) {
  shell("d=$(mktemp -d) && echo '" + content
        + "' >$d/content && head -c 20000 $d/content >$d/x"
          " && tar c -C $d . | docker import - '"
        + name + "' && rm -r $d && docker push -q '" + name + "'");
  auto digest = docker({"inspect", "--format", "{{index .RepoDigests 0}}", name});
  docker({"image", "rm", "-f", name});
  return digest.substr(digest.find('@') + 1);
}

} // namespace backendim::test
