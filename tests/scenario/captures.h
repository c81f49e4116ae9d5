/* What is captured: the audit's writer without files, which remembers what it was given. */
#pragma once

#include "base/buf.h"
#include "base/list.h"
#include "base/tap.h"
#include "config/config.h"

struct captures {
	struct list calls; /* struct captured */
	struct buf words;
	/* Of who watches all calls, captured or not. */
	struct list parties; /* struct told */
	struct buf watched;
};

void captures_init(struct captures *captures);
void captures_free(struct captures *captures);
/* From now on CALL is captured, or not, by MODE. */
void captures_set(struct captures *captures, uint64_t call, enum config_audit mode);
/* The tap was told who PARTY is. */
void captures_tell(struct captures *captures, const struct tap_party *party);
/* MESSAGE, from or to PARTY, went to the tap. */
void captures_add(
	struct captures *captures, const char *party, const struct tap_message *message);
/* The messages that were captured since the last call, "pbx>INVITE pbx<100 ", from whom or to
 * whom. OUT is appended to. */
void captures_take(struct captures *captures, struct buf *out);
/* The same of who watches all calls, with the leg of whom it is, "a:pbx>INVITE"; "?:" where that was not told. A call's first
 * message that is told again is not his. */
void captures_take_watched(struct captures *captures, struct buf *out);
