// Takes script elements out of text that will be shown in a web page.
#pragma once

#include <string>
#include <string_view>

namespace dew {

// Removes `<script …>…</script>` elements with their content and, when there are none, script tags
// left alone, in any case, again and again until nothing is left to remove (so that removal never
// puts a tag together). Each pass takes linear time; after 16 passes every `<` goes.
std::string strip_script_tags(std::string_view text);

// Removes leading and trailing ASCII white space.
std::string_view trim(std::string_view text);

}  // namespace dew
