#include "adapters/sqlite/witness.hpp"

#include "adapters/chained/link.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <charconv>
#include <fstream>
#include <utility>

namespace backendim::sqlite {

namespace {

constexpr uint64_t largest = 256 << 10; // bytes; then it begins anew

/// "position version hex of the stream": a name may hold any byte.
std::string line_of(const witness::entry& x) {
  return std::to_string(x.position) + ' ' + std::to_string(x.version) + ' ' + chained::hex(x.stream)
         + '\n';
}

bool take_number(std::string_view& text, uint64_t& to) {
  const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), to);
  if (failed != std::errc{} || end == text.data() + text.size() || *end != ' ')
    return false;
  text.remove_prefix(static_cast<size_t>(end - text.data()) + 1);
  return true;
}

/// False: a line that was cut off or damaged; it says nothing.
bool parse(std::string_view text, witness::entry& to) {
  if (!take_number(text, to.position) || !take_number(text, to.version) || text.size() % 2 != 0)
    return false;
  to.stream.clear();
  for (; !text.empty(); text.remove_prefix(2)) {
    unsigned char byte = 0;
    const auto [end, failed] = std::from_chars(text.data(), text.data() + 2, byte, 16);
    if (failed != std::errc{} || end != text.data() + 2)
      return false;
    to.stream += static_cast<char>(byte);
  }
  return true;
}

} // namespace

witness::witness(std::filesystem::path file) : file_{std::move(file)} {}

witness::~witness() {
  if (fd_ >= 0)
    ::close(fd_);
}

std::vector<witness::entry> witness::acknowledged() const {
  std::vector<entry> result;
  std::ifstream in{file_};
  entry x;
  for (std::string line; std::getline(in, line);)
    if (parse(line, x))
      result.push_back(x);
  return result;
}

void witness::note(const std::vector<entry>& committed) {
  if (file_.empty() || committed.empty())
    return;
  std::string text;
  for (const auto& x : committed)
    text += line_of(x);
  if (fd_ < 0 || size_ + text.size() > largest)
    open();
  // A failure leaves the witness behind the journal, where it does no harm.
  if (fd_ >= 0 && ::write(fd_, text.data(), text.size()) == static_cast<ssize_t>(text.size()))
    size_ += text.size();
}

/// Goes on with the file, or replaces a large one.
void witness::open() {
  if (fd_ >= 0)
    ::close(fd_);
  const auto old = file_.string() + ".old";
  struct stat info {};
  if (::stat(file_.c_str(), &info) == 0 && static_cast<uint64_t>(info.st_size) > largest / 2)
    ::rename(file_.c_str(), old.c_str());
  fd_ = ::open(file_.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  size_ = fd_ >= 0 && ::fstat(fd_, &info) == 0 ? static_cast<uint64_t>(info.st_size) : 0;
  ::unlink(old.c_str());
}

} // namespace backendim::sqlite
