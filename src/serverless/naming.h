// The names that the Serverless Framework gives to a service's resources. Pure functions.
// www.serverless.com/framework/docs/providers/aws/guide/resources#aws-cloudformation-resource-reference
#pragma once

#include <string>
#include <string_view>

namespace dew::serverless {

std::string normalized_function(std::string_view name);  // my-fn_2 -> MyDashfnUnderscore2
std::string normalized_path(std::string_view path);      // users/{id} -> UsersIdVar
std::string alphanumeric(std::string_view text);         // drops everything else
std::string upper_first(std::string_view text);

// JavaScript's localeCompare in the root locale, for ASCII: letters by alphabet, whatever their
// case, after digits, after punctuation; then lower case first. www.unicode.org/reports/tr10
bool locale_less(std::string_view a, std::string_view b);

}  // namespace dew::serverless
