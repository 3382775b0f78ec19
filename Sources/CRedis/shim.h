#pragma once
/* hiredis' reader and its formatter; sockets and TLS are ours (Debian's has no TLS). */
#include <hiredis/hiredis.h>
#include <stdlib.h>

/* A reader that takes memory for no more than this many elements of an array: the number comes from the
   server, before the elements do. */
struct credis_reader {
  redisReader *reader;
  redisReplyObjectFunctions functions, original;
  int most_elements;
};

static inline void *credis_create_array(const redisReadTask *task, int elements) {
  struct credis_reader *it = task->privdata;
  return elements < 0 || elements > it->most_elements ? 0 : it->original.createArray(task, elements);
}

static inline struct credis_reader *credis_new_reader(int most_elements) {
  struct credis_reader *it = calloc(1, sizeof *it);
  if (!it) return 0;
  it->reader = redisReaderCreate();
  if (!it->reader) {
    free(it);
    return 0;
  }
  it->original = *it->reader->fn;
  it->functions = it->original;
  it->functions.createArray = credis_create_array;
  it->reader->fn = &it->functions;
  it->reader->privdata = it;
  it->most_elements = most_elements;
  return it;
}

static inline void credis_free_reader(struct credis_reader *it) {
  redisReaderFree(it->reader);
  free(it);
}

/* 1: there is a reply, 0: more bytes are needed, -1: this is not Redis' protocol. */
static inline int credis_feed(struct credis_reader *it, const void *bytes, size_t count,
                              redisReply **reply) {
  void *object = 0;
  *reply = 0;
  if (redisReaderFeed(it->reader, bytes, count) != REDIS_OK ||
      redisReaderGetReply(it->reader, &object) != REDIS_OK)
    return -1;
  *reply = object;
  return object ? 1 : 0;
}

static inline redisReply *credis_element(const redisReply *reply, size_t index) {
  return reply->element[index];
}
