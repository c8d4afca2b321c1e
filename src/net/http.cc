#include "net/http.h"

#include <unistd.h>

#include <algorithm>

namespace dew::http {

namespace {
char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; }
}  // namespace

bool iequals(std::string_view a, std::string_view b) {
  return a.size() == b.size() && std::equal(a.begin(), a.end(), b.begin(),
                                            [](char x, char y) { return lower(x) == lower(y); });
}

std::string_view Headers::get(std::string_view name) const {
  for (const auto& header : list_) {
    if (iequals(header.name, name)) return header.value;
  }
  return {};
}

bool Headers::has(std::string_view name) const {
  return std::any_of(list_.begin(), list_.end(),
                     [&](const Header& h) { return iequals(h.name, name); });
}

void Headers::erase(std::string_view name) {
  std::erase_if(list_, [&](const Header& h) { return iequals(h.name, name); });
}

void Headers::set(std::string_view name, std::string_view value) {
  erase(name);
  add(name, value);
}

File::~File() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

std::string_view Request::path() const {
  const std::string_view t = target;
  return t.substr(0, t.find('?'));
}

std::string_view Request::query() const {
  const std::string_view t = target;
  const size_t mark = t.find('?');
  return mark == std::string_view::npos ? std::string_view{} : t.substr(mark + 1);
}

std::string_view Request::host() const {
  std::string_view host = headers.get("host");
  if (!host.empty() && host.front() == '[') return host.substr(0, host.find(']') + 1);
  return host.substr(0, host.find(':'));
}

Response Response::text(int status, std::string body, std::string_view content_type) {
  Response out;
  out.status = status;
  out.headers.add("Content-Type", content_type);
  out.body = std::move(body);
  return out;
}

}  // namespace dew::http
