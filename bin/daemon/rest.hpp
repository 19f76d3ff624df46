#pragma once

#include "bin/daemon/router.hpp"

/// The handlers of the routes; routes.cpp says which is whose.
namespace backendim::daemon::rest {

using answered = boost::asio::awaitable<caf::error>;

// rest_session.cpp
answered health(call& x);
answered ready(call& x);
answered show_metrics(call& x);
answered log_in(call& x);
answered whoami(call& x);
answered create_token(call& x);
answered list_tokens(call& x);
answered revoke_token(call& x);

// rest_members.cpp
answered list_tenants(call& x);
answered create_tenant(call& x);
answered list_members(call& x);
answered add_member(call& x);
answered set_member(call& x);
answered remove_member(call& x);
answered get_quota(call& x);
answered set_quota(call& x);

// rest_traefik.cpp
answered traefik_configuration(call& x);

// rest_blobs.cpp
answered take_blob(call& x);

// rest_apps.cpp
answered deploy(call& x);
answered deploy_app(call& x);
answered status(call& x);
answered list_apps(call& x);
answered get_app(call& x);
answered destroy_app(call& x);
answered get_releases(call& x);
answered compare_releases(call& x);
answered rollback_app(call& x);
answered redeploy_app(call& x);
answered scale_app(call& x);
answered stop_app(call& x);
answered start_app(call& x);
answered set_maintenance(call& x);
answered get_app_tasks(call& x);
answered start_one_off(call& x);
answered get_one_off(call& x);
answered cancel_one_off(call& x);
answered get_deployment(call& x);
answered cancel_deployment(call& x);
answered promote_deployment(call& x);
answered reconcile(call& x);
answered get_build_queue(call& x);
answered get_incidents(call& x);
answered get_disk(call& x);
answered collect_garbage(call& x);

/// The state of the one-off task that the path names, if the app that it names has it.
boost::asio::awaitable<caf::expected<boost::json::value>> look_at_one_off(call& x);

// rest_exec.cpp
answered exec_in_task(call& x);

// rest_secrets.cpp
answered list_secrets(call& x);
answered change_secrets(call& x);
answered rotate_master_key(call& x);

// rest_domains.cpp
answered list_domains(call& x);
answered add_domain(call& x);
answered verify_domain(call& x);
answered remove_domain(call& x);

// rest_streams.cpp
answered deployment_events(call& x);
answered build_log(call& x);
answered app_log(call& x);
answered one_off_log(call& x);

// rest_actors.cpp
answered list_actors(call& x);
answered get_actor(call& x);
answered send_message(call& x);

// rest_journal.cpp
answered journal_events(call& x);
answered verify_journal(call& x);
answered take_backup(call& x);

} // namespace backendim::daemon::rest
