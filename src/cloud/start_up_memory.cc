#include "cloud/start_up_memory.h"

#ifdef DEW_TCMALLOC
#include <gperftools/malloc_extension.h>
#else
#include <malloc.h>
#endif
#include <link.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cstdint>

namespace dew::cloud {

namespace {

// A call for less costs more than it gives back: every core forgets its addresses.
constexpr uintptr_t kWorthItBytes = 128 * 1024;

// Never written to, so the file has what the pages have: dropping them loses nothing.
int release_object(dl_phdr_info* object, size_t /*size*/, void* /*context*/) {
  const auto page = static_cast<uintptr_t>(sysconf(_SC_PAGESIZE));
  for (int i = 0; i < object->dlpi_phnum; ++i) {
    const auto& segment = object->dlpi_phdr[i];
    if (segment.p_type != PT_LOAD || (segment.p_flags & PF_W) != 0) continue;
    const uintptr_t begin = (object->dlpi_addr + segment.p_vaddr) & ~(page - 1);
    const uintptr_t end = object->dlpi_addr + segment.p_vaddr + segment.p_filesz;
    if (end - begin < kWorthItBytes) continue;
    // It is only advice: a kernel that does not take it leaves everything as it was.
    (void)madvise(reinterpret_cast<void*>(begin), end - begin, MADV_DONTNEED);
  }
  return 0;
}

}  // namespace

void release_start_up_memory() {
#ifdef DEW_TCMALLOC
  MallocExtension::instance()->ReleaseFreeMemory();
#else
  malloc_trim(0);
#endif
  dl_iterate_phdr(release_object, nullptr);
}

}  // namespace dew::cloud
