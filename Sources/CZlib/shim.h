#pragma once
#include <zlib.h>

/* The macro inflateInit2, for gzip alone (no zlib, no automatic choice). */
static inline int czlib_begin_gunzip(z_stream *stream) { return inflateInit2(stream, 16 + 15); }
