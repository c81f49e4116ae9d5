/*
 * What becomes of bytes that arrive: framer, parser and answer together, for the tests that
 * read whole messages from files.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

/* Room for every verdict with its NUL. */
#define VERDICT_SIZE 32

/*
 * Writes one of:
 *   more       a stream that waits for bytes
 *   broken     refused by the framer: connection closed, datagram dropped
 *   skip       means nothing
 *   keepalive  a ping
 *   drop       parsed, but at fault in a way that allows no answer
 *   status N   to be answered so
 *   ok         sound: the layers above decide
 * Along the way it asserts what holds for every message. Returns OUT.
 */
const char *verdict(
	bool stream, const char *data, size_t len, char out[static VERDICT_SIZE]);

/* The whole file in malloc() memory; NULL when it cannot be read. */
char *verdict_read_file(const char *path, size_t *ret_len);
