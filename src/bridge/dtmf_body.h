/*
 * The bodies of INFO that carry a digit: application/dtmf-relay ("Signal=5", "Duration=160")
 * and application/dtmf ("5"). No RFC has them; they are what telephony equipment speaks. Pure
 * functions. Any thread.
 */
#pragma once

#include "base/buf.h"
#include "base/span.h"
#include "media/dtmf.h"

#define DTMF_BODY_ACCEPT "application/dtmf-relay, application/dtmf"

enum dtmf_body_type { DTMF_BODY_RELAY, DTMF_BODY_PLAIN };

/* "application/dtmf-relay" */
const char *dtmf_body_type_name(enum dtmf_body_type type);
/* Finds the type of that name. ERR_SUPPORT when it is none of them. */
int dtmf_body_type_find(struct span name, enum dtmf_body_type *ret);

/*
 * Reads the one digit of BODY: 0-9 * # A-D, or 0 to 16, the number of its event. *RET's duration
 * is 0 where the body has none. ERR_FORMAT when there is no digit, more than one, or a
 * duration that is no number of at most 16 bits.
 */
int dtmf_body_read(enum dtmf_body_type type, struct span body, struct dtmf_digit *ret);
/* Appends the body. A duration of 0 is not written. */
void dtmf_body_write(
	enum dtmf_body_type type, const struct dtmf_digit *digit, struct buf *out);
