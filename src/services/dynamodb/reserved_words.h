// The words that an expression may not use as an attribute name without a #placeholder.
// https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/ReservedWords.html
#pragma once

#include <string_view>

namespace dew::dynamodb {

bool is_reserved_word(std::string_view name);  // ignoring case

}  // namespace dew::dynamodb
