#include "tests/bench/append.hpp"
#include "tests/bench/recovery.hpp"

#include <cstdio>
#include <cstdlib>
#include <exception>
#include <iostream>
#include <string>

/// bench_events append sqlite FOLDER | append postgres CONNECTION: one round of each, raw and ours,
/// in events per second. bench_events recover FILE APPS: seconds and bytes for each app.
int main(int argc, char** argv) {
  using namespace backendim;
  if (argc != 4) {
    std::cerr << "usage: bench_events append sqlite FOLDER | append postgres CONNECTION |"
                 " recover FILE APPS\n";
    return 2;
  }
  const std::string what = argv[1];
  try {
    if (what == "recover") {
      const auto x = bench::recover(argv[2], std::atoi(argv[3]));
      std::printf("%.2f %.0f\n", x.seconds, x.bytes_per_app);
      std::fflush(stdout);
      std::_Exit(0); // ten thousand actors need not be ended one by one
    }
    const bool sqlite = std::string{argv[2]} == "sqlite";
    const auto raw
      = sqlite ? bench::insert_into_sqlite(argv[3]) : bench::insert_into_postgres(argv[3]);
    const auto ours
      = sqlite ? bench::append_to_sqlite(argv[3]) : bench::append_to_postgres(argv[3]);
    std::printf("%.0f %.0f\n", raw, ours);
  } catch (const std::exception& x) {
    std::cerr << x.what() << "\n";
    return 1;
  }
  return 0;
}
