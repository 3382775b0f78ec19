#pragma once
/* XXH3 is compiled inline, so that nothing has to be linked or installed at run time. */
#define XXH_INLINE_ALL
#include <stddef.h>
#include <stdint.h>
#include <xxhash.h>

/* XXH3_64bits itself is a macro here. */
static inline uint64_t cxxhash_64(const void *bytes, size_t count) {
  return XXH3_64bits(bytes, count);
}
