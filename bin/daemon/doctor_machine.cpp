#include "adapters/docker/encryption.hpp"
#include "adapters/procfs/machine.hpp"
#include "bin/daemon/doctor.hpp"

#include <sys/timex.h>
#include <sys/utsname.h>

#include <fstream>
#include <iterator>
#include <string>
#include <string_view>
#include <system_error>

namespace backendim::daemon {

namespace fs = std::filesystem;

namespace {

constexpr std::string_view controllers[] = {"memory", "cpu", "pids"}; // what builds are held by
constexpr uint64_t mebibyte = 1 << 20;

std::string content_of(const fs::path& file) {
  std::ifstream in{file, std::ios::binary};
  return std::string{std::istreambuf_iterator<char>{in}, {}};
}

std::string gigabytes(uint64_t bytes) {
  const auto tenths = bytes / (mebibyte * 1024 / 10);
  return std::to_string(tenths / 10) + "." + std::to_string(tenths % 10) + " GiB";
}

finding look_at_kernel() {
  utsname names{};
  ::uname(&names);
  return {"kernel", health::ok, std::string{names.sysname} + " " + names.release, ""};
}

/// Version 2 has one folder that lists its controllers, version 1 a folder for each.
finding look_at_cgroups(const fs::path& root) {
  const auto folder = root / "sys/fs/cgroup";
  std::error_code failed;
  const auto unified = fs::exists(folder / "cgroup.controllers", failed);
  const auto listed = " " + content_of(folder / "cgroup.controllers") + " ";
  std::string lacking;
  for (const auto name : controllers) {
    const auto there = unified ? listed.find(std::string{name}) != std::string::npos
                               : fs::is_directory(folder / name, failed);
    if (!there)
      lacking.append(lacking.empty() ? "" : ", ").append(name);
  }
  const auto version = std::string{unified ? "version 2" : "version 1"};
  if (lacking.empty())
    return {"cgroups", health::ok, version, ""};
  return {"cgroups", health::fail, version + " without " + lacking + ": builds cannot be limited",
          "cat /proc/cgroups"};
}

finding look_at_memory(const config& x, const machine_load& load) {
  const auto needed
    = (uint64_t{x.admission.memory_floor_mb} + x.admission.memory_per_build_mb) * mebibyte;
  const auto text
    = gigabytes(load.memory_available) + " of " + gigabytes(load.memory_total) + " available";
  if (load.memory_available >= needed)
    return {"memory", health::ok, text, ""};
  return {"memory", health::warn, text + ": a build begins with " + gigabytes(needed) + " only",
          "ps aux --sort -rss | head"};
}

finding look_at_disk(const config& x, const machine_load& load) {
  const auto floor = uint64_t{x.admission.disk_floor_mb} * mebibyte;
  finding result{"disk", health::ok, "", ""};
  for (const auto& disk : load.disks) {
    result.text.append(result.text.empty() ? "" : ", ")
      .append(gigabytes(disk.free_bytes) + " of " + gigabytes(disk.total_bytes) + " free at "
              + disk.folder);
    const auto is = disk.free_bytes < floor       ? health::fail
                    : disk.free_bytes < 2 * floor ? health::warn
                                                  : health::ok;
    result.is = std::max(result.is, is);
  }
  if (result.is != health::ok) {
    result.text += "; no build begins below " + gigabytes(floor);
    result.next = "backend-im admin collect";
  }
  return result;
}

finding look_at_clock() {
  timex now{};
  const auto state = ::adjtimex(&now);
  if (state >= 0 && (now.status & STA_UNSYNC) == 0)
    return {"clock", health::ok, "in step with a time server", ""};
  return {"clock", health::warn,
          "no time server keeps it: tokens, certificates and logs go wrong when it does",
          "apt-get install systemd-timesyncd"};
}

finding look_at_names(const fs::path& root) {
  std::error_code failed;
  if (fs::exists(root / "proc/net/ip_vs", failed))
    return {"ipvs", health::ok, "in the kernel; not needed", ""};
  return {"ipvs", health::ok, "not in the kernel; not needed: tasks are found by name", ""};
}

finding look_at_encryption(const config& x) {
  const auto why = docker::probe_encryption();
  if (why.empty())
    return {"encryption", health::ok, "networks between machines can be encrypted", ""};
  const auto is
    = x.network_encryption == docker::network_encryption::required ? health::fail : health::ok;
  return {"encryption", is, "networks between machines are plain: " + why,
          is == health::ok ? "" : "modprobe esp4"};
}

finding look_at_certificates(const config& x, const fs::path& root) {
  const auto& given = x.builder.sources.ca_bundle;
  const auto file = given.empty() ? "/etc/ssl/certs/ca-certificates.crt" : given;
  const auto text = content_of(root / fs::path{file}.relative_path());
  constexpr std::string_view mark = "-----BEGIN CERTIFICATE-----";
  size_t count = 0;
  for (auto at = text.find(mark); at != text.npos; at = text.find(mark, at + 1))
    ++count;
  if (count != 0)
    return {"certificates", health::ok, std::to_string(count) + " in " + file, ""};
  return {"certificates", health::fail, file + " has none: builds trust no server",
          "apt-get install --reinstall ca-certificates"};
}

} // namespace

std::vector<finding> examine_machine(const config& x, const fs::path& root) {
  std::vector<finding> result{look_at_kernel(), look_at_cgroups(root)};
  const auto load = procfs::open_machine({x.state})->load();
  if (load) {
    result.push_back(look_at_memory(x, *load));
    result.push_back(look_at_disk(x, *load));
  } else {
    result.push_back({"disk", health::warn, render(load.error()), "df -h " + x.state});
  }
  for (auto&& more :
       {look_at_clock(), look_at_names(root), look_at_encryption(x), look_at_certificates(x, root)})
    result.push_back(more);
  return result;
}

} // namespace backendim::daemon
