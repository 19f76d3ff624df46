#include "adapters/proxy/certificate_set.hpp"

#include "protocol/error.hpp"

#include <openssl/ssl.h>

#include <algorithm>
#include <set>
#include <system_error>
#include <utility>

namespace backendim::proxy {

namespace fs = std::filesystem;
using std::chrono::system_clock;

namespace {

std::string lower(std::string_view x) {
  std::string result{x};
  for (auto& c : result)
    if (c >= 'A' && c <= 'Z')
      c = static_cast<char>(c - 'A' + 'a');
  if (result.ends_with('.'))
    result.pop_back();
  return result;
}

caf::error fault(std::string what, std::string next) {
  return make_failure(ec::invalid_request,
                      {cause::config_invalid, std::move(what), {}, std::move(next)});
}

/// The one that was read from *file* before; null: none.
certificate_ptr older(const certificate_set_ptr& last, const fs::path& file) {
  if (last)
    for (const auto& x : last->all())
      if (x->file == file)
        return x;
  return nullptr;
}

/// The same fault, of a pair whose older version is used on.
caf::error used_on(const caf::error& found, const certificate& old) {
  auto why = failure_of(found);
  why.message += " The one of before is used on; it ends on " + date_text(old.ends) + ".";
  return make_failure(ec::invalid_request, std::move(why));
}

} // namespace

certificate_set_ptr certificate_set::make(std::vector<certificate_ptr> all) {
  certificate_set_ptr result{new certificate_set{std::move(all)}};
  return result->first_ ? result : nullptr;
}

certificate_set::certificate_set(std::vector<certificate_ptr> all)
  : all_{std::move(all)}, first_{make_ssl_context()} {
  std::ranges::sort(all_, {}, [](const auto& x) { return x->file; });
  for (const auto& x : all_)
    for (const auto& name : x->names) {
      auto& place = by_name_[name];
      if (place == nullptr || place->ends < x->ends)
        place = x.get();
    }
  if (!first_)
    return;
  ::SSL_CTX_set_tlsext_servername_callback(first_.get(), choose);
  ::SSL_CTX_set_tlsext_servername_arg(first_.get(), this);
}

int certificate_set::choose(SSL* connection, int* alert, void* set) {
  const auto& self = *static_cast<const certificate_set*>(set);
  const auto* named = ::SSL_get_servername(connection, TLSEXT_NAMETYPE_host_name);
  const auto* found = named == nullptr ? self.all_.front().get() : self.find(lower(named));
  if (found == nullptr) {
    *alert = SSL_AD_UNRECOGNIZED_NAME;
    return SSL_TLSEXT_ERR_ALERT_FATAL;
  }
  if (::SSL_set_SSL_CTX(connection, found->context.get()) == nullptr) {
    *alert = SSL_AD_INTERNAL_ERROR;
    return SSL_TLSEXT_ERR_ALERT_FATAL;
  }
  return SSL_TLSEXT_ERR_OK;
}

ssl_ptr certificate_set::begin() const {
  return ssl_ptr{::SSL_new(first_.get())};
}

const certificate* certificate_set::find(std::string_view host) const {
  if (const auto exact = by_name_.find(host); exact != by_name_.end())
    return host.starts_with('*') ? nullptr : exact->second;
  const auto dot = host.find('.');
  if (dot == host.npos || dot == 0)
    return nullptr;
  const auto wild = by_name_.find("*" + std::string{host.substr(dot)});
  return wild != by_name_.end() ? wild->second : nullptr;
}

system_clock::time_point certificate_set::first_end() const {
  return (*std::ranges::min_element(all_, {}, [](const auto& x) { return x->ends; }))->ends;
}

certificates_read read_certificates(const fs::path& folder, const certificate_set_ptr& last,
                                    system_clock::time_point now) {
  certificates_read result;
  std::error_code failed;
  std::set<fs::path> files, keys;
  for (fs::directory_iterator i{folder, failed}, end; !failed && i != end; i.increment(failed)) {
    const auto& file = i->path();
    if (file.filename().string().starts_with('.'))
      continue;
    if (file.extension() == ".crt")
      files.insert(file);
    else if (file.extension() == ".key")
      keys.insert(file);
  }
  if (failed)
    result.faults.push_back(
      fault("Cannot read the folder " + folder.string() + ": " + failed.message() + ".",
            "Make it, with NAME.crt and NAME.key for each certificate."));
  std::vector<certificate_ptr> good;
  for (const auto& file : files) {
    auto key = file;
    keys.erase(key.replace_extension(".key"));
    auto read = read_certificate(file, now);
    if (read) {
      good.push_back(std::move(*read));
      continue;
    }
    auto old = older(last, file);
    result.faults.push_back(old && old->ends > now ? used_on(read.error(), *old)
                                                   : std::move(read.error()));
    if (old)
      good.push_back(std::move(old));
  }
  for (const auto& key : keys)
    result.faults.push_back(fault("There is no certificate for the key " + key.string() + ".",
                                  "Put it beside the key, under the same name and .crt."));
  if (good.empty() && result.faults.empty())
    result.faults.push_back(fault("There is no certificate in " + folder.string() + ".",
                                  "Put NAME.crt and NAME.key there for each."));
  result.set = good.empty() ? nullptr : certificate_set::make(std::move(good));
  return result;
}

} // namespace backendim::proxy
