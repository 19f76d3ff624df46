#include "actors/domain_lookup.hpp"

#include "protocol/types.hpp"

#include <utility>

namespace backendim {

domain_lookup_actor::behavior_type domain_lookup(domain_lookup_actor::pointer,
                                                 std::shared_ptr<domain_inspector> eyes,
                                                 std::stop_token stop) {
  return {
    [eyes = std::move(eyes),
     stop = std::move(stop)](const examine_domain& x) -> caf::result<domain_finding> {
      auto found = eyes->look(x, lookup_limit, stop);
      if (stop.stop_requested())
        return caf::make_error(ec::unavailable, "the platform is stopping");
      return found;
    },
  };
}

} // namespace backendim
