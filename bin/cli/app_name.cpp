#include "bin/cli/app_name.hpp"

#include "adapters/inspect/inspector.hpp"
#include "bin/cli/problem.hpp"
#include "bin/cli/session.hpp"

namespace backendim::cli {

caf::expected<std::string> app_of(const std::filesystem::path& folder, const app_config& config) {
  if (config.name)
    return *config.name;
  auto name = valid_name(folder.filename().string());
  if (name.empty())
    return usage_problem("nothing of \"" + folder.filename().string()
                         + "\" can be an app's name: give one");
  return name;
}

caf::expected<std::string> app_or_here(session& s, const std::string& operand) {
  if (!operand.empty())
    return operand;
  auto folder = s.folder("");
  if (!folder)
    return std::move(folder.error());
  auto config = inspection::make_inspector()->read_config(*folder);
  if (!config)
    return std::move(config.error());
  return app_of(*folder, *config);
}

bool is_deployment_id(std::string_view x) {
  return x.size() == 26 && x.front() >= '0' && x.front() <= '7'
         && x.find_first_not_of("0123456789ABCDEFGHJKMNPQRSTVWXYZ") == x.npos;
}

} // namespace backendim::cli
