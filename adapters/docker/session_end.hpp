#pragma once

#include <chrono>
#include <string>

namespace backendim::docker {

/// Ends every process of the session that *leader* began in the container, and no other: SIGHUP to
/// all, SIGKILL to those that are left after *grace*. The engine gives each exec'd command a
/// session of its own, and does not end it when its connection closes. Returns how many are left.
///
/// A number of a process may come to mean another one at any moment. So each is held by a pidfd
/// first, then looked at again (its session, and that its cgroup is the container's), and
/// signalled through the pidfd, which never means another process. A process that left the session,
/// as a daemon does, stays.
size_t end_session(int leader, const std::string& container_id, std::chrono::milliseconds grace);

} // namespace backendim::docker
