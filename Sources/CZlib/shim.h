#pragma once
#include <string.h>
#include <zlib.h>

/* deflateInit and inflateInit are macros, which Swift does not see. */
static inline int czlib_deflate_init(z_stream *stream, int level) {
  memset(stream, 0, sizeof *stream);
  return deflateInit(stream, level);
}
static inline int czlib_inflate_init(z_stream *stream) {
  memset(stream, 0, sizeof *stream);
  return inflateInit(stream);
}
