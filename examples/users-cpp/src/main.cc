#include <dew/env.h>
#include <dew/runtime.h>

#include "api.h"

int main() {
  return dew::run([] {
    auto store = std::make_shared<users::UserStore>(dew::env_required("TABLE_NAME"));
    auto verifier = dew::jwt::Verifier::hs256(
        dew::env_required("JWT_SECRET"),
        {.issuer = dew::env_or("JWT_ISSUER", "users-api"), .leeway = std::chrono::seconds(0)});
    return users::make_router(std::move(store), std::move(verifier));
  });
}
