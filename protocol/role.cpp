#include "protocol/role.hpp"

#include "protocol/types.hpp"

#include <boost/mp11/algorithm.hpp>

namespace backendim {

namespace {

/// What a permission allows besides those before it.
std::string_view allows(permission x) {
  switch (x) {
    case permission::read:
      return "see apps, releases, deployments, logs, tasks, domains, members, quotas, and which "
             "secrets there are";
    case permission::deploy:
      return "deploy, roll back, redeploy, cancel, scale, stop and start apps, run commands in "
             "them";
    case permission::manage:
      return "destroy apps; set, rotate and unset secrets; add, verify and remove domains";
    case permission::administer: return "add, change and remove viewers, developers and admins";
    case permission::own: return "name and dismiss owners";
    case permission::operate:
      return "everything of every tenant; make tenants, set quotas, run the platform";
  }
  return "";
}

} // namespace

std::string_view to_word(role x) {
  return boost::describe::enum_to_string(x, "");
}

std::string_view to_word(permission x) {
  return boost::describe::enum_to_string(x, "");
}

std::string_view role_name(permission may) {
  return may == permission::operate ? "operator" : to_word(role_with(may));
}

caf::error lacks_permission(const principal& who, permission needs) {
  access_refusal result;
  result.needs = needs;
  const std::string word{to_word(needs)};
  const std::string has{to_word(who.may)};
  if (needs == permission::operate) {
    result.detail = "This needs the permission " + word + ", which only operators of the platform "
                    + "have; " + who.user + " of " + who.tenant + " may " + has + " here.";
    result.next = "Ask the platform's operator.";
  } else {
    const auto least = role_with(needs);
    const std::string wanted{to_word(least)};
    result.detail = "This needs the permission " + word + ", which the role " + wanted
                    + (least == role::owner ? " has; " : " and those above it have; ") + who.user
                    + " of " + who.tenant + " may " + has + " here.";
    result.next = std::string{least == role::owner ? "An owner" : "An admin or owner"} + " of "
                  + who.tenant + " can give it: backend-im members set " + who.user + " --role "
                  + wanted;
  }
  return caf::make_error(ec::forbidden, std::move(result));
}

std::string roles_markdown() {
  std::string result = "| Permission | Allows | viewer | developer | admin | owner | operator |\n"
                       "|---|---|---|---|---|---|---|\n";
  boost::mp11::mp_for_each<boost::describe::describe_enumerators<permission>>([&](auto x) {
    result.append("| `").append(x.name).append("` | ").append(allows(x.value)).append(" |");
    boost::mp11::mp_for_each<boost::describe::describe_enumerators<role>>(
      [&](auto each) { result += permission_of(each.value) >= x.value ? " yes |" : " |"; });
    result += " yes |\n";
  });
  return result;
}

} // namespace backendim
