#include <dew/env.h>

#include <cstdlib>
#include <stdexcept>

namespace dew {

std::optional<std::string> env(const char* name) {
  const char* value = std::getenv(name);
  if (value == nullptr || *value == '\0') return std::nullopt;
  return std::string(value);
}

std::string env_or(const char* name, std::string_view fallback) {
  auto value = env(name);
  return value ? std::move(*value) : std::string(fallback);
}

std::string env_required(const char* name) {
  auto value = env(name);
  if (!value) throw std::runtime_error(std::string("environment variable ") + name + " is not set");
  return std::move(*value);
}

bool is_development() {
  auto stage = env("APP_ENV");
  if (!stage) stage = env("STAGE");
  return stage == "development";
}

}  // namespace dew
