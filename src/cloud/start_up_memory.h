// Starting touches most of the program once: static initialisers, the API models, the store's
// recovery. Code and constants that are not needed again then count as the process's memory for its
// whole life.
#pragma once

namespace dew::cloud {

// Takes the read-only segments of the program and its libraries out of the process's resident set,
// and gives freed heap back to the system. The pages stay in the page cache; what is used is mapped
// again at its next use, for a fraction of a microsecond a page. Any thread, any time.
void release_start_up_memory();

}  // namespace dew::cloud
