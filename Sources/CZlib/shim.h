#pragma once
#include <zlib.h>

/* deflateInit2 is a macro, which Swift can't call. Raw deflate: no header, no trailer. */
static inline int czlib_begin_raw_deflate(z_stream *stream, int level) {
  return deflateInit2(stream, level, Z_DEFLATED, -MAX_WBITS, MAX_MEM_LEVEL, Z_DEFAULT_STRATEGY);
}
