#pragma once

#include <caf/expected.hpp>

#include <string_view>
#include <vector>

namespace backendim::cli {

class arguments;
class session;

/// What the program ends with. Scripts depend on the numbers: they stay.
enum class exit_code : int {
  ok = 0,
  failed = 1,
  usage = 2,
  refused = 3, ///< Not logged in, or not allowed.
  not_found = 4,
  unreachable = 5, ///< The platform does not answer, or says that it cannot just now.
  interrupted = 130,
};

struct flag {
  std::string_view name;  ///< Without dashes.
  std::string_view value; ///< What stands for its value in help; empty: a switch.
  std::string_view doc;
  char letter = 0; ///< Its short form, if it has one.
  bool repeats = false;
};

struct operand {
  std::string_view name;
  bool required = false;
  bool repeats = false; ///< Only the last one may.
};

/// One thing that the program can do. Help, docs/cli.md and suggestions are made of this.
struct verb {
  using handler = caf::expected<exit_code> (*)(session&, const arguments&);

  std::string_view name; ///< One to three words.
  std::string_view summary;
  std::string_view text; ///< What its summary and its flags do not say; Markdown.
  std::vector<operand> operands;
  std::vector<flag> flags;
  handler run;
};

/// All of them, in the order of the help.
const std::vector<verb>& verbs();

/// What every verb understands besides its own flags.
const std::vector<flag>& global_flags();

/// The verb of this name, or nullptr.
const verb* find_verb(std::string_view name);

// One for each verb; what they promise is in the table.
caf::expected<exit_code> auth_login(session& s, const arguments& args);
caf::expected<exit_code> auth_logout(session& s, const arguments& args);
caf::expected<exit_code> auth_status(session& s, const arguments& args);
caf::expected<exit_code> init(session& s, const arguments& args);
caf::expected<exit_code> plan(session& s, const arguments& args);
caf::expected<exit_code> deploy(session& s, const arguments& args);
caf::expected<exit_code> status(session& s, const arguments& args);
caf::expected<exit_code> apps(session& s, const arguments& args);
caf::expected<exit_code> logs(session& s, const arguments& args);
caf::expected<exit_code> releases(session& s, const arguments& args);
caf::expected<exit_code> diff(session& s, const arguments& args);
caf::expected<exit_code> rollback(session& s, const arguments& args);
caf::expected<exit_code> redeploy(session& s, const arguments& args);
caf::expected<exit_code> promote(session& s, const arguments& args);
caf::expected<exit_code> scale(session& s, const arguments& args);
caf::expected<exit_code> stop(session& s, const arguments& args);
caf::expected<exit_code> start(session& s, const arguments& args);
caf::expected<exit_code> maintenance_on(session& s, const arguments& args);
caf::expected<exit_code> maintenance_off(session& s, const arguments& args);
caf::expected<exit_code> ps(session& s, const arguments& args);
caf::expected<exit_code> run(session& s, const arguments& args);
caf::expected<exit_code> exec(session& s, const arguments& args);
caf::expected<exit_code> tasks_cancel(session& s, const arguments& args);
caf::expected<exit_code> destroy(session& s, const arguments& args);
caf::expected<exit_code> cancel(session& s, const arguments& args);
caf::expected<exit_code> secret_set(session& s, const arguments& args);
caf::expected<exit_code> secret_unset(session& s, const arguments& args);
caf::expected<exit_code> secret_list(session& s, const arguments& args);
caf::expected<exit_code> secret_rotate(session& s, const arguments& args);
caf::expected<exit_code> admin_rotate_master_key(session& s, const arguments& args);
caf::expected<exit_code> actors(session& s, const arguments& args);
caf::expected<exit_code> admin_token(session& s, const arguments& args);
caf::expected<exit_code> admin_tokens(session& s, const arguments& args);
caf::expected<exit_code> admin_tokens_revoke(session& s, const arguments& args);
caf::expected<exit_code> admin_reconcile(session& s, const arguments& args);
caf::expected<exit_code> actors_send(session& s, const arguments& args);
caf::expected<exit_code> admin_incidents(session& s, const arguments& args);
caf::expected<exit_code> admin_disk(session& s, const arguments& args);
caf::expected<exit_code> admin_collect(session& s, const arguments& args);
caf::expected<exit_code> admin_queue(session& s, const arguments& args);
caf::expected<exit_code> admin_journal_verify(session& s, const arguments& args);
caf::expected<exit_code> admin_journal_export(session& s, const arguments& args);
caf::expected<exit_code> admin_backup(session& s, const arguments& args);
caf::expected<exit_code> admin_restore(session& s, const arguments& args);
caf::expected<exit_code> doctor(session& s, const arguments& args);
caf::expected<exit_code> domain_add(session& s, const arguments& args);
caf::expected<exit_code> domain_verify(session& s, const arguments& args);
caf::expected<exit_code> domain_list(session& s, const arguments& args);
caf::expected<exit_code> domain_remove(session& s, const arguments& args);
caf::expected<exit_code> members(session& s, const arguments& args);
caf::expected<exit_code> members_add(session& s, const arguments& args);
caf::expected<exit_code> members_set(session& s, const arguments& args);
caf::expected<exit_code> members_remove(session& s, const arguments& args);
caf::expected<exit_code> tenants(session& s, const arguments& args);
caf::expected<exit_code> tenants_create(session& s, const arguments& args);
caf::expected<exit_code> quota(session& s, const arguments& args);
caf::expected<exit_code> admin_quota(session& s, const arguments& args);
caf::expected<exit_code> version(session& s, const arguments& args);
caf::expected<exit_code> help(session& s, const arguments& args);

} // namespace backendim::cli
