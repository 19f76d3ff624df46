#include "adapters/inspect/python_project.hpp"

namespace backendim::inspection {

namespace {

/// "shop" of os.environ.setdefault('DJANGO_SETTINGS_MODULE', 'shop.settings'), or "".
std::string project_of(std::string_view manage) {
  auto at = manage.find("DJANGO_SETTINGS_MODULE");
  if (at == manage.npos)
    return "";
  at = manage.find_first_of("'\"", manage.find(',', at));
  if (at == manage.npos)
    return "";
  auto module = manage.substr(at + 1);
  module = module.substr(0, module.find_first_of("'\"\n"));
  const auto dot = module.find(".settings");
  module = module.substr(0, dot);
  const bool plain = module.find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                              "0123456789_.")
                     == module.npos;
  return dot != module.npos && plain ? std::string{module} : "";
}

} // namespace

detection detect_django(const detection_input& in) {
  const auto project = python_project::read(in.tree);
  const auto manage = in.tree.text("manage.py");
  if (!project || !manage || manage->find("DJANGO_SETTINGS_MODULE") == manage->npos)
    return std::optional<finding>{};
  const auto name = project_of(*manage);
  auto folder = name;
  for (auto& c : folder)
    c = c == '.' ? '/' : c;
  const bool served = !name.empty() && in.tree.has(folder + "/wsgi.py");
  auto result = project->plan(in, "django", "Django, because manage.py names its settings.",
                              served ? "gunicorn --bind 0.0.0.0:$PORT --threads 8 --worker-tmp-dir "
                                       "/tmp "
                                         + name + ".wsgi"
                                     : "",
                              "gunicorn");
  if (!result)
    return std::move(result.error());
  result->no_start = "manage.py does not lead to a wsgi.py";
  result->no_start_next = "Set start in backend-im.yml, like gunicorn shop.wsgi.";
  const auto settings = in.tree.text(folder + "/settings.py").value_or("");
  if (has_word(settings, "STATIC_ROOT")) {
    // Settings that insist on a key from the environment must not stop the build.
    result->plan.build.push_back("SECRET_KEY=${SECRET_KEY:-build} "
                                 "DJANGO_SECRET_KEY=${DJANGO_SECRET_KEY:-build} "
                                 "python manage.py collectstatic --noinput");
    result->plan.why.push_back("Collects static files because the settings have STATIC_ROOT.");
  }
  return std::optional{std::move(*result)};
}

} // namespace backendim::inspection
