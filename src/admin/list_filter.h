/*
 * What `cdr list` is asked for: its options as a filter of the index. Pure.
 */
#pragma once

#include "audit/index_query.h"
#include "base/err.h"

#include <time.h>

/* Rows of one answer, at most: who wants more asks again from where it ended. */
#define LIST_ROWS_MAX 200

struct list_filter {
	struct index_filter filter; /* its texts are below */
	struct pattern pattern;
	char *texts[8]; /* owned */
	unsigned text_count;
};

/* 0; or negative with TEXT: an option is wrong; then nothing is to be freed. */
int list_filter_read(struct list_filter *ret, const char *const *args, size_t arg_count,
	time_t now, struct err_text *text);
void list_filter_free(struct list_filter *list);

/* "tls1.3", "SRTP" and so on, or NULL: nothing is known. */
const char *list_signalling_name(int signalling);
const char *list_media_name(int media);
