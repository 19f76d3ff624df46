#include "tests/bench/http_bench.hpp"

#include <cstdlib>
#include <exception>
#include <fstream>
#include <iostream>

namespace {

constexpr auto usage = R"(usage: bench_http bare SIZE
       bench_http load PORT RATE SECONDS CONNECTIONS COUNT < TOKEN
       bench_http load-host PORT RATE SECONDS CONNECTIONS HOST

  bare       a server that answers SIZE bytes to everything; prints its port
  load       asks for /status/bench-1 to /status/bench-COUNT in turn, RATE times a second; prints the
             number of answers and p50, p90, p99 and the longest time in ms
  load-host  likewise for / of HOST
)";

} // namespace

int main(int argc, char** argv) {
  using namespace backendim::bench;
  const std::vector<std::string> words{argv + 1, argv + argc};
  try {
    if (words.size() == 2 && words[0] == "bare")
      return serve_bare(std::stoul(words[1]));
    if (words.size() == 6 && (words[0] == "load" || words[0] == "load-host")) {
      load x;
      x.address = "127.0.0.1";
      x.port = static_cast<uint16_t>(std::stoul(words[1]));
      x.rate = std::stod(words[2]);
      x.duration = std::chrono::seconds{std::stol(words[3])};
      x.connections = std::stoul(words[4]);
      if (words[0] == "load-host") {
        x.host = words[5];
        x.targets = {"/"};
        return apply_load(x);
      }
      std::string token;
      std::getline(std::cin, token);
      x.authorization = "Bearer " + token;
      for (unsigned long i = 1; i <= std::stoul(words[5]); ++i)
        x.targets.push_back("/status/bench-" + std::to_string(i));
      return apply_load(x);
    }
  } catch (const std::exception& problem) {
    std::cerr << "bench_http: " << problem.what() << "\n";
    return 1;
  }
  std::cerr << usage;
  return 2;
}
