#include "bin/daemon/config.hpp"
#include "bin/daemon/doctor.hpp"
#include "bin/daemon/listening_sockets.hpp"
#include "bin/daemon/outer_edge.hpp"
#include "bin/daemon/platform.hpp"
#include "bin/daemon/restore.hpp"
#include "protocol/error.hpp"
#include "protocol/json_codec.hpp"
#include "protocol/types.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <caf/all.hpp>

#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>
#include <sys/resource.h>

#include <cerrno>
#include <csignal>
#include <cstring>
#include <functional>
#include <iostream>
#include <string>
#include <string_view>

namespace {

constexpr std::string_view usage
  = R"(usage: backendimd [--config FILE] [--doctor | --restore FILE [--replace]]

  --config FILE   settings, JSON; default /etc/backend-im/config.json
  --doctor        look at all that it needs on this machine, print JSON and end
  --restore FILE  bring this backup back and end; no backendimd may be running
  --replace       put it in place of what is there, which is kept aside
  --version       print the version and end
  --help          print this and end

Logs go to stderr. SIGTERM and SIGINT let open requests finish, then end it. SIGHUP does the same
and begins anew, with the settings and the program as they are then; no client is refused meanwhile.
)";

constexpr int bad_usage = 2;

/// Each app, client and upstream takes a descriptor; the usual soft limit of 1024 is for select().
void raise_descriptor_limit() {
  rlimit files{};
  if (::getrlimit(RLIMIT_NOFILE, &files) == 0 && files.rlim_cur < files.rlim_max) {
    files.rlim_cur = files.rlim_max;
    ::setrlimit(RLIMIT_NOFILE, &files);
  }
}

int bring_back(const backendim::daemon::config& settings, const std::string& file, bool replace) {
  using namespace backendim;
  const auto done = daemon::restore(settings, file, replace);
  if (!done) {
    const auto why = failure_of(done.error());
    std::cerr << "backendimd: nothing was restored: " << why.message << "\n";
    return 1;
  }
  for (const auto& digest : done->what.damaged_blobs)
    std::cerr << "backendimd: " << digest << " was damaged when the backup was made: left out\n";
  std::cout << "restored " << done->what.position << " events of " << done->what.streams
            << " streams and " << done->what.blobs << " blobs\n";
  if (!done->kept.empty())
    std::cout << "what was there before is kept under names that end in " << done->kept << "\n";
  return 0;
}

/// What would keep it from starting with the settings as they are now; empty: nothing is known.
std::string why_not_anew(const std::string& file) {
  using namespace backendim;
  const auto settings = daemon::read_config(file);
  if (!settings)
    return file + ": " + render(settings.error());
  if (const auto lack = daemon::unready(*settings)) {
    const auto why = failure_of(lack);
    return why.message + " " + why.next;
  }
  return "";
}

} // namespace

int main(int argc, char** argv) {
  using namespace backendim;
  std::string config_file = "/etc/backend-im/config.json", backup_file;
  bool replace = false, doctor = false;
  for (int i = 1; i < argc; ++i) {
    const std::string_view word = argv[i];
    if (word == "--help" || word == "-h") {
      std::cout << usage;
      return 0;
    }
    if (word == "--version") {
      std::cout << "backendimd " BACKENDIM_VERSION "\n";
      return 0;
    }
    if (word == "--replace" || word == "--doctor") {
      (word == "--replace" ? replace : doctor) = true;
      continue;
    }
    if ((word != "--config" && word != "--restore") || i + 1 == argc) {
      std::cerr << "backendimd: " << word << " is no flag, or lacks its value\n" << usage;
      return bad_usage;
    }
    (word == "--config" ? config_file : backup_file) = argv[++i];
  }
  if (replace && backup_file.empty()) {
    std::cerr << "backendimd: --replace needs --restore\n" << usage;
    return bad_usage;
  }
  spdlog::set_default_logger(spdlog::stderr_logger_mt("backendimd"));
  spdlog::set_pattern("%Y-%m-%dT%H:%M:%S.%e%z %l %v");
  const auto settings = daemon::read_config(config_file);
  if (doctor) {
    std::cout << boost::json::serialize(to_json(daemon::examine(settings, config_file))) << "\n";
    return 0;
  }
  if (!settings) {
    std::cerr << "backendimd: " << config_file << ": " << render(settings.error()) << "\n";
    return bad_usage;
  }
  spdlog::set_level(spdlog::level::from_str(settings->log_level));
  std::signal(SIGPIPE, SIG_IGN);
  if (!backup_file.empty())
    return bring_back(*settings, backup_file, replace);
  raise_descriptor_limit();

  boost::asio::io_context io{1};
  boost::asio::signal_set signals{io, SIGTERM, SIGINT, SIGHUP};
  auto sockets = daemon::listening_sockets::from_environment();
  auto platform = daemon::platform::start(*settings, io, sockets);
  if (!platform) {
    const auto why = failure_of(platform.error());
    std::cerr << "backendimd: " << why.message << (why.next.empty() ? "" : " ") << why.next << "\n";
    return 1;
  }
  bool anew = false;
  const std::function<void()> hear_signal = [&] {
    signals.async_wait([&](const boost::system::error_code& error, int signal) {
      if (error)
        return;
      anew = signal == SIGHUP;
      if (const auto lack = anew ? why_not_anew(config_file) : ""; !lack.empty()) {
        spdlog::error("not restarted: {}", lack);
        hear_signal();
        return;
      }
      spdlog::info(anew ? "restarting" : "stopping");
      (*platform)->stop([&] { io.stop(); });
    });
  };
  hear_signal();
  io.run();
  platform->reset();
  spdlog::info("stopped");
  if (!anew)
    return 0;
  sockets.hand_over(argv);
  std::cerr << "backendimd: cannot run " << argv[0] << " again: " << std::strerror(errno) << "\n";
  return 1;
}
