// The users API's routes.
#pragma once

#include <dew/jwt.h>
#include <dew/router.h>

#include <memory>

#include "user_store.h"

namespace users {

dew::Router make_router(std::shared_ptr<UserStore> store, dew::jwt::Verifier verifier);

}  // namespace users
