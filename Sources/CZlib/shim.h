#pragma once
#include <zlib.h>

/* The macro inflateInit2: for gzip alone or for zlib alone, never an automatic choice. */
static inline int czlib_begin(z_stream *stream, int is_gzip) {
  return inflateInit2(stream, (is_gzip ? 16 : 0) + 15);
}
