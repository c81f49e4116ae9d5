/*
 * The head of a record: what every line of a log begins with, whatever it tells. Pure; any thread.
 */
#pragma once

#include "base/buf.h"

/* The version of lines: what a reader has to know of the members that follow. */
#define HEAD_VERSION 1
/* Random bytes of a line, and room for them as text. Whoever knows the hash of a line that was deleted cannot find
 * out what it said by trying. */
#define HEAD_SALT_BYTES 16
#define HEAD_SALT_SIZE (2 * HEAD_SALT_BYTES + 1)

/* Begins a line: `{"v":1,"seq":SEQ,"salt":"SALT"`, to which members are appended, each with a comma in front. */
void head_write(struct buf *out, uint64_t seq, const char salt[static HEAD_SALT_SIZE]);
/* 0; -ENOENT: LINE has no head, as those of older versions of Tandem; ERR_FORMAT: it has one that is not as
 * head_write() makes it. */
int head_read(struct span line, uint64_t *ret_seq);
/* The same, with what follows the head in *RET_REST. */
int head_split(struct span line, uint64_t *ret_seq, struct span *ret_rest);
