/*
 * Members of a JSON object, appended to a line. Strings become valid UTF-8 whatever a peer sent; times are RFC 3339 UTC;
 * what is not there is null. Pure; any thread. Errors stick in OUT.
 */
#pragma once

#include "base/addr.h"
#include "base/buf.h"

#include <stdbool.h>

/* A member's name, a literal that needs no escaping, with what stands around it: a record has a
 * hundred of them. */
#define MEMBER(name)                                                                     \
	(struct span)                                                                    \
	{                                                                                \
		",\"" name "\":", sizeof(",\"" name "\":") - 1                           \
	}

/* A value alone; NULL is "". */
void members_value(struct buf *out, const char *value);
/* A name alone: a value must follow. The comma in front is left out behind a '{'. */
void members_name(struct buf *out, struct span name);
void members_string(struct buf *out, struct span name, const char *value);
/* NULL: as "". */
void members_text(struct buf *out, struct span name, const char *value);
void members_uint(struct buf *out, struct span name, uint64_t value);
void members_bool(struct buf *out, struct span name, bool value);
/* Its len 0: null. */
void members_addr(struct buf *out, struct span name, const struct addr *addr);
/* AFTER_US counts from START_US; HAPPENED: else null. */
void members_time(struct buf *out, struct span name, uint64_t start_us, uint64_t after_us,
	bool happened);
