#include "tests/support/actor_test.hpp"

namespace backendim::test {

// In one place: registering hundreds of types takes the compiler half a minute.
test_config::test_config() {
  add_message_types<caf::id_block::backendim>();
  set("scheduler.policy", caf::atom("testing"));
}

} // namespace backendim::test
