#pragma once
/* XXH3 is compiled inline, so that nothing has to be linked or installed at run time. */
#define XXH_INLINE_ALL
#include <stddef.h>
#include <stdint.h>
#include <xxhash.h>

/* XXH3_64bits itself is a macro here. */
static inline void *cxxhash_new(void) {
  XXH3_state_t *state = XXH3_createState();
  if (state) XXH3_64bits_reset(state);
  return state;
}
static inline void cxxhash_update(void *state, const void *bytes, size_t count) {
  XXH3_64bits_update((XXH3_state_t *)state, bytes, count);
}
static inline uint64_t cxxhash_digest(void *state) {
  return XXH3_64bits_digest((XXH3_state_t *)state);
}
static inline void cxxhash_free(void *state) { XXH3_freeState((XXH3_state_t *)state); }

/* The 128-bit variant of the same family: the state must be one of its own. */
static inline void *cxxhash128_new(void) {
  XXH3_state_t *state = XXH3_createState();
  if (state) XXH3_128bits_reset(state);
  return state;
}
static inline void cxxhash128_update(void *state, const void *bytes, size_t count) {
  XXH3_128bits_update((XXH3_state_t *)state, bytes, count);
}
/* In the canonical, big-endian form. */
static inline void cxxhash128_digest(void *state, unsigned char target[16]) {
  XXH128_canonicalFromHash((XXH128_canonical_t *)target, XXH3_128bits_digest((XXH3_state_t *)state));
}

static inline uint64_t cxxhash_64(const void *bytes, size_t count) {
  return XXH3_64bits(bytes, count);
}
