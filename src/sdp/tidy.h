/*
 * A session description as it came becomes one that RFC 8866 allows: its lines in the
 * order of section 5, each ended by CRLF. A fault in a line that does not describe media never
 * refuses it: the line is repaired, or left out. Private to src/sdp. Any thread.
 */
#pragma once

#include "base/buf.h"
#include "base/err.h"
#include "base/span.h"
#include "sdp/sdp.h"

#include <stdbool.h>
#include <stdint.h>

/* Why a media line cannot be used, a bit each media line. */
struct tidy_faults {
	uint32_t port; /* no number from 0 to 65535; the text has port 0 */
	uint32_t
		formats; /* none that its protocol allows; the text has one that is made up */
	uint32_t
		crowded; /* more attributes than the bound; the text has the first ones */
};

/*
 * Appends the repaired TEXT to OUT. *RET_REPAIRED: it is another than TEXT. 0; ERR_LIMIT over
 * the bounds of sdp.h; ERR_FORMAT when it is no session description (empty, NUL in its
 * middle, no v=0 before the first m=, an m= without type, port and protocol, lines that are no
 * "x=..." and no m=) with ERROR naming line and reason; -ENOMEM.
 */
int tidy(struct span text, struct buf *out, struct tidy_faults *ret_faults,
	bool *ret_repaired, struct err_text *error);
