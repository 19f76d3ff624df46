#include "adapters/proxy/worker.hpp"

#include "adapters/proxy/session.hpp"

#include <algorithm>
#include <bit>
#include <random>
#include <utility>

namespace backendim::proxy {

namespace {

constexpr size_t max_spare = 64;
constexpr size_t max_pooled = 256; // for each upstream
constexpr size_t response_block = 64 * 1024;

std::array<std::chrono::milliseconds, size_t(wait_kind::kinds)> limits(const edge_config& x) {
  using namespace std::chrono_literals;
  std::array<std::chrono::milliseconds, size_t(wait_kind::kinds)> result{};
  result[size_t(wait_kind::handshake)] = x.handshake_timeout;
  result[size_t(wait_kind::idle)] = x.idle_timeout;
  result[size_t(wait_kind::parting)] = std::min<std::chrono::milliseconds>(x.idle_timeout, 1s);
  result[size_t(wait_kind::header)] = x.header_timeout;
  result[size_t(wait_kind::connect)] = x.connect_timeout;
  result[size_t(wait_kind::silence)] = x.silence_timeout;
  result[size_t(wait_kind::body)] = x.body_timeout;
  result[size_t(wait_kind::linger)] = 1s;
  result[size_t(wait_kind::pooled)] = 4s; // less than the 5 s after which Node.js closes
  return result;
}

} // namespace

server_link::server_link(worker& home, upstream_ptr to)
  : link{home.loop}, home_{home}, to_{std::move(to)} {}

void server_link::ready(link&) {
  if (readable())
    home_.drop_pooled(*this);
}

void server_link::expired(wait_kind) {
  home_.drop_pooled(*this);
}

scratch::scratch(size_t header_limit)
  : in{header_limit}, out{std::max(response_block, header_limit)} {}

worker::worker(const edge_config& edge_config, upstream_registry& known,
               std::atomic<uint64_t>& open_connections)
  : config{edge_config}, registry{known}, clock{limits(edge_config)}, open_connections_{
                                                                        open_connections} {
  std::random_device random;
  for (auto& x : id_state_)
    x = (uint64_t{random()} << 32) | random();
}

worker::~worker() = default;

void worker::run() {
  loop.run(clock.tick(), [this] { clock.walk(std::chrono::steady_clock::now()); });
}

void worker::adopt(int descriptor, const boost::asio::ip::address& client, bool secure) {
  link_ptr fresh{secure ? new tls_link{loop, certificates} : new link{loop}};
  fresh->adopt(descriptor);
  if (stopping || !fresh->connected()) {
    fresh->close();
    open_connections_.fetch_sub(1, std::memory_order_relaxed);
    return;
  }
  auto made = std::make_unique<session>(*this, std::move(fresh), client);
  auto& x = *made;
  sessions_.emplace(&x, std::move(made));
  x.start();
}

void worker::drop(session& x) {
  sessions_.erase(&x);
  open_connections_.fetch_sub(1, std::memory_order_relaxed);
  end_if_empty();
}

void worker::use(std::shared_ptr<const routes> fresh) {
  if (fresh->epoch() < table->epoch())
    return;
  table = std::move(fresh);
  for (auto i = pool_.begin(); i != pool_.end();) {
    if (table->names(i->first)) {
      ++i;
      continue;
    }
    for (auto& x : i->second)
      x->close();
    i = pool_.erase(i);
  }
}

void worker::finish() {
  stopping = true;
  for (auto& [to, idle] : std::exchange(pool_, {}))
    for (auto& x : idle) {
      x->disarm();
      x->close();
    }
  std::vector<session*> all;
  for (auto& x : sessions_)
    all.push_back(x.first);
  for (auto* x : all)
    x->stop();
  end_if_empty();
}

void worker::cut() {
  std::vector<session*> all;
  for (auto& x : sessions_)
    all.push_back(x.first);
  for (auto* x : all)
    drop(*x);
  end_if_empty();
}

void worker::end_if_empty() {
  if (stopping && sessions_.empty())
    loop.stop();
}

std::unique_ptr<scratch> worker::take_scratch() {
  if (spare_.empty())
    return std::make_unique<scratch>(config.header_limit);
  auto result = std::move(spare_.back());
  spare_.pop_back();
  return result;
}

void worker::give_scratch(std::unique_ptr<scratch> x) {
  if (spare_.size() == max_spare)
    return;
  x->in.clear();
  x->out.clear();
  x->up.clear();
  x->down.clear();
  x->tried.clear();
  spare_.push_back(std::move(x));
}

server_link_ptr worker::take_pooled(const upstream_ptr& to, bool careful) {
  const auto found = pool_.find(to.get());
  if (found == pool_.end())
    return nullptr;
  auto& idle = found->second;
  while (!idle.empty()) {
    auto x = std::move(idle.back());
    idle.pop_back();
    const bool recent = clock.recent(*x);
    x->disarm();
    if (!careful || (recent && x->quiet())) {
      x->reused = true;
      return x;
    }
    x->close();
  }
  return nullptr;
}

void worker::pool(server_link_ptr x) {
  auto& idle = pool_[x->to().get()];
  if (stopping || idle.size() == max_pooled || !table->names(x->to().get())) {
    x->close();
    return;
  }
  x->owner = x.get();
  // What ends this wait ends the connection; a request that takes it over waits for its answer
  // with the same wait.
  x->want_read();
  clock.arm(*x, wait_kind::pooled);
  idle.push_back(std::move(x));
}

void worker::drop_pooled(server_link& x) {
  const auto found = pool_.find(x.to().get());
  if (found == pool_.end())
    return;
  auto& idle = found->second;
  const auto at = std::ranges::find(idle, &x, [](const auto& y) { return y.get(); });
  if (at == idle.end())
    return;
  const auto kept = std::move(*at); // until close() returns
  idle.erase(at);
  kept->disarm();
  kept->close();
}

/// Unique, not secret: xoroshiro128+.
void worker::make_request_id(std::string& out) {
  static constexpr char digits[] = "0123456789abcdef";
  out.clear();
  for (int half = 0; half != 2; ++half) {
    auto x = id_state_[0] + id_state_[1];
    const auto mixed = id_state_[0] ^ id_state_[1];
    id_state_[0] = std::rotl(id_state_[0], 24) ^ mixed ^ (mixed << 16);
    id_state_[1] = std::rotl(mixed, 37);
    for (int i = 0; i != 16; ++i, x >>= 4)
      out += digits[x & 15];
  }
}

} // namespace backendim::proxy
