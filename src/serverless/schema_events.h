// What a function's `events` may say. Internal to this folder.
#pragma once

#include "serverless/rules.h"

namespace dew::serverless {

Rule events_rule();

}  // namespace dew::serverless
