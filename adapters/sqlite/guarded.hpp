#pragma once

#include <caf/error.hpp>

#include <SQLiteCpp/Exception.h>

namespace backendim::sqlite {

/// internal when SQLite found its file damaged, unavailable otherwise.
caf::error to_error(const SQLite::Exception& x);

/// Runs *f*; SQLite's exceptions stop here and become an ec.
template <class F>
auto guarded(F f) -> decltype(f()) {
  try {
    return f();
  } catch (const SQLite::Exception& x) {
    return to_error(x);
  }
}

} // namespace backendim::sqlite
