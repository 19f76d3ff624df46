#pragma once

#include <string_view>
#include <vector>

namespace backendim {

/// The known word that *word* was probably meant to be, or "".
std::string_view closest_word(std::string_view word, const std::vector<std::string_view>& known);

} // namespace backendim
