#pragma once

#include "protocol/journal.hpp"

#include <string_view>

namespace backendim {

/// In builds for tests, ends the process as kill -9 would when BACKENDIM_DIE_AT names this place:
/// "after image_pushed", "before step_began building". Elsewhere nothing.
#ifdef BACKENDIM_FAULT_POINTS
void fault_point(std::string_view when, const append_events& x);
#else
inline void fault_point(std::string_view, const append_events&) {}
#endif

} // namespace backendim
