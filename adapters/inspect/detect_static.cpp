#include "adapters/inspect/detect.hpp"

namespace backendim::inspection {

namespace {

/// Where index.html is looked for, in this order; the first is the source itself.
constexpr std::string_view folders[]
  = {"", "public", "dist", "build", "site", "_site", "www", "html", "docs"};

/// What busybox httpd does not know by itself, RFC 4329 and the IANA registry of media types.
constexpr std::string_view media_types
  = ".json:application/json\\n.map:application/json\\n.mjs:text/javascript\\n"
    ".wasm:application/wasm\\n.webp:image/webp\\n.avif:image/avif\\n.ico:image/x-icon\\n"
    ".woff:font/woff\\n.woff2:font/woff2\\n.ttf:font/ttf\\n.xml:application/xml\\n"
    ".pdf:application/pdf\\n.mp4:video/mp4\\n.webm:video/webm\\n.webmanifest:application/"
    "manifest+json\\n";

} // namespace

detection detect_static(const detection_input& in) {
  for (const auto folder : folders) {
    const auto index = folder.empty() ? "index.html" : std::string{folder} + "/index.html";
    if (!in.tree.has(index))
      continue;
    finding result;
    auto& plan = result.plan;
    plan.framework = "static";
    plan.runtime = "static";
    plan.base_image = "web:12";
    plan.port = 8080;
    const auto root = folder.empty() ? "/app" : "/app/" + std::string{folder};
    plan.why = {"A static site, because there is " + index + " and no known language."};
    // httpd serves whatever lies in the folder, so what is no page goes.
    plan.build.push_back("find " + root
                         + " -mindepth 1 -name '.*' ! -name .well-known -prune -exec rm -rf {} +");
    plan.build.push_back("rm -f " + root + "/backend-im.yml " + root + "/backend-im.yaml " + root
                         + "/Procfile");
    const bool own_404
      = in.tree.has(folder.empty() ? "404.html" : std::string{folder} + "/404.html");
    plan.build.push_back("printf '" + std::string{media_types}
                         + (own_404 ? "E404:" + root + "/404.html\\n" : "")
                         + "' > /etc/httpd.conf");
    plan.start = in.own_start.empty()
                   ? "busybox httpd -f -p 0.0.0.0:$PORT -h " + root + " -c /etc/httpd.conf"
                   : in.own_start;
    if (in.own_start.empty())
      plan.why.push_back("Served by busybox httpd from " + root
                         + ", without hidden files and settings.");
    return std::optional{std::move(result)};
  }
  return std::optional<finding>{};
}

} // namespace backendim::inspection
