// What libtcmalloc calls in place of memset(): CMakeLists.txt renames the symbol in a copy of the
// library.
//
// Its first allocation clears the tables of its page heap, 3.5 MiB that the kernel has just handed
// out as zeros: 896 page faults and as much idle memory for nothing. Large memory is cleared here
// by giving its pages back instead: all that the allocator clears is private and anonymous, and
// such pages read as zeros again (madvise(2), MADV_DONTNEED).
#include <sys/mman.h>

#include <cstdint>
#include <cstring>

namespace {

// Below it, the pages are more likely in use already, and clearing them costs less than giving them
// back and being given them again.
constexpr size_t kGivenBackBytes = 256 * 1024;
constexpr uintptr_t kPageBytes = 4096;  // where pages are larger, madvise() may refuse

}  // namespace

// Runs before anything is initialized, under the allocator's locks: no allocation, no exceptions.
extern "C" void* dew_tcmalloc_memset(void* at, int value, size_t size) {
  if (value != 0 || size < kGivenBackBytes) return std::memset(at, value, size);
  const auto begin = reinterpret_cast<uintptr_t>(at);
  const uintptr_t first = (begin + kPageBytes - 1) & ~(kPageBytes - 1);
  const uintptr_t last = (begin + size) & ~(kPageBytes - 1);
  if (::madvise(reinterpret_cast<void*>(first), last - first, MADV_DONTNEED) != 0)
    return std::memset(at, 0, size);
  std::memset(at, 0, first - begin);
  std::memset(reinterpret_cast<void*>(last), 0, begin + size - last);
  return at;
}
