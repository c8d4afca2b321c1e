// What clients may send, turned into what is stored: sanitized, checked, and nothing else.
#pragma once

#include <dew/json.h>

namespace users {

// name, email, and age and phone when given. Throws dew::HttpError 400 that names every field at
// fault.
dew::json::object read_user(dew::json::object input);

}  // namespace users
