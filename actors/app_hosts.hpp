#pragma once

#include <cstdint>
#include <string>

namespace backendim {

/// The first label of the host that an app gets if nobody has it: <app>-<tenant>. None when that is
/// longer than a label may be (RFC 1035: 63).
std::string plain_label(const std::string& tenant, const std::string& app);

/// Another one, the *number*th, always the same for the same app: <app>-<tenant>, shortened if need
/// be, with six letters behind it that are the app's.
std::string marked_label(const std::string& tenant, const std::string& app, uint32_t number);

/// The host that the app gets first.
std::string first_host(const std::string& tenant, const std::string& app,
                       const std::string& domain);

/// Whether *host* is directly below *domain*, as apps' own hosts are.
bool is_host_of(const std::string& host, const std::string& domain);

} // namespace backendim
