#pragma once
#include <string.h>
#include <zlib.h>

/* deflateInit, deflateInit2, inflateInit and inflateInit2 are macros, which Swift does not see. */
static inline int czlib_deflate_init(z_stream *stream, int level) {
  memset(stream, 0, sizeof *stream);
  return deflateInit(stream, level);
}
static inline int czlib_inflate_init(z_stream *stream) {
  memset(stream, 0, sizeof *stream);
  return inflateInit(stream);
}

/* For gzip alone or for zlib alone, never an automatic choice. */
static inline int czlib_begin(z_stream *stream, int is_gzip) {
  return inflateInit2(stream, (is_gzip ? 16 : 0) + 15);
}

/* Raw deflate: no header, no trailer. */
static inline int czlib_begin_raw_deflate(z_stream *stream, int level) {
  return deflateInit2(stream, level, Z_DEFLATED, -MAX_WBITS, MAX_MEM_LEVEL, Z_DEFAULT_STRATEGY);
}
