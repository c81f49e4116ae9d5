/*
 * Names of SIP headers that cross or do not, and the rules of headers-pass, headers-drop and headers-add. A rule
 * is kept as it is written, and read where it is used. Pure. Any thread.
 */
#pragma once

#include "base/buf.h"
#include "base/span.h"
#include "config/config.h"

#include <stdbool.h>

/* Of a header that headers-add names, bytes. */
#define HEADER_VALUE_MAX 512

/* With what a header crosses without a rule: a bit for each. */
enum header_with {
	HEADER_NEVER = 0,
	HEADER_INVITE = 1 << 0, /* the first one of a call */
	HEADER_MESSAGE = 1 << 1,
	HEADER_PUBLISH = 1 << 2,
	HEADER_INFO = 1 << 3,  /* of an Info Package */
	HEADER_EVENT = 1 << 4, /* SUBSCRIBE and NOTIFY */
};

/* A header by its whole name, or, with "*" at its end, all that begin so. */
struct header_known {
	const char *name;
	unsigned with;   /* bits of enum header_with */
	const char *why; /* no rule lets it cross or adds one; static; NULL: one may */
};

/* All of them, in groups of one reason. */
const struct header_known *header_list(size_t *ret_count);
/* What NAME, in any case of letters, is known as; NULL: nothing. */
const struct header_known *header_find(struct span name);

/* Which way, and with what; a rule without a word has both of each, one of headers-add OUT alone. */
enum header_scope {
	HEADER_IN = 1 << 0,        /* what comes from the far end */
	HEADER_OUT = 1 << 1,       /* what goes to it */
	HEADER_REQUESTS = 1 << 2,  /* INVITE, UPDATE and BYE */
	HEADER_RESPONSES = 1 << 3, /* to INVITE, but for 100 */
	HEADER_WAYS = HEADER_IN | HEADER_OUT,
	HEADER_KINDS = HEADER_REQUESTS | HEADER_RESPONSES,
};

struct header_rule {
	unsigned scope;    /* a bit of each pair at least */
	struct span name;  /* without the star */
	bool star;         /* all names that begin so */
	struct span value; /* of headers-add, a comma still as "\,"; else empty */
};

/*
 * Reads TEXT, "[in|out] [requests|responses] NAME" or, WITH_VALUE, "... NAME: VALUE". False with *RET_WHY,
 * static: why it is none; NULL where it is not even formed like one. Spans point into TEXT.
 */
bool header_rule_read(
	struct header_rule *ret, struct span text, bool with_value, const char **ret_why);
/* Whether records may have the header NAME, a whole name. False with *RET_WHY, static: why not; NULL where it is no name. */
bool header_record_name(struct span name, const char **ret_why);
/* Takes the next rule off the front of LIST, a text of headers-add: a comma behind a backslash parts none. False
 * when LIST is spent. */
bool header_rule_next(struct span *list, struct span *ret_text);
/* Appends what RULE is about: "X-Site", "X-*", or as it is sent, "X-Site: Berlin". */
void header_rule_print(const struct header_rule *rule, struct buf *out);
/* Whether RULE is about a header NAME, whatever its scope. */
bool header_rule_takes(const struct header_rule *rule, struct span name);
