#include "bin/cli/upload.hpp"

#include "adapters/source/pack.hpp"
#include "bin/cli/problem.hpp"
#include "bin/cli/terminal.hpp"

#include <boost/json.hpp>

namespace backendim::cli {

namespace json = boost::json;

namespace {

void tell_of_pack(session& s, progress& shown, const source::packed_source& x) {
  if (s.json()) {
    json::array held;
    for (const auto& name : x.held_back)
      held.emplace_back(name);
    s.print_json(json::object{{"type", "packed"},
                              {"files", x.files},
                              {"bytes", x.bytes},
                              {"packed", x.packed},
                              {"held_back", std::move(held)}});
    return;
  }
  for (const auto& name : x.held_back)
    shown.note("  held back: " + name + ", which may hold credentials; send it with --include "
               + name);
}

} // namespace

caf::expected<std::string> send_folder(session& s, platform& door, progress& shown,
                                       const std::filesystem::path& folder,
                                       const std::vector<std::string>& include) {
  const scratch_folder scratch{s.around().signals};
  if (scratch.path().empty())
    return local_problem("unwritable", "cannot make a temporary folder", "Set TMPDIR.");
  const auto archive = scratch.path() / "source.tar.zst";
  shown.begin("packing");
  source::pack_options options;
  options.include = include;
  const auto packed = source::pack(folder, archive, options);
  if (!packed)
    return packed.error();
  const auto size = size_text(packed->packed);
  shown.detail(std::to_string(packed->files) + " files, " + size);
  shown.end();
  tell_of_pack(s, shown, *packed);

  shown.begin("uploading");
  const auto answer = door.patiently(
    [&] {
      return door.upload(archive,
                         [&](uint64_t sent) { shown.detail(size_text(sent) + " of " + size); });
    },
    [&] { shown.note("  the platform does not answer; trying again"); });
  if (!answer)
    return answer.error();
  const auto digest = answer->is_object() ? text_at(answer->get_object(), "digest") : "";
  if (digest.empty())
    return local_problem("strange_answer", door.url() + " gave no digest for the upload");
  shown.detail(size);
  shown.end();
  return digest;
}

} // namespace backendim::cli
