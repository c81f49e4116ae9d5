/*
 * Which call a message or a record is part of, seen from outside: every caller of a flow has a number
 * of its own, which crosses to the other leg and stands in the record.
 */
#pragma once

#include "sip/message.h"

#include <jansson.h>

#define LIVE_CALLS_MAX 512

struct live_calls {
	struct {
		char *call_id; /* owned; of either leg */
		unsigned call; /* from 1 */
	} dialogs[LIVE_CALLS_MAX];
	unsigned dialog_count;
	unsigned numbers
		[LIVE_CALLS_MAX];  /* by call: what follows the number's beginning */
	bool over[LIVE_CALLS_MAX]; /* by call: it has a record */
	unsigned call_count;
	char *recorded[LIVE_CALLS_MAX]; /* ids of records, owned */
	unsigned record_count;
};

/* The call of MESSAGE, 0: not known. *RET_BEGINS (may be NULL): a party begins it by this. */
unsigned live_calls_find(
	struct live_calls *calls, const struct message *message, bool *ret_begins);
/* The call of a record, 0: not known, or it has one already, since its caller began another by the
 * same INVITE. False: there was one by that id already. */
bool live_calls_record(
	struct live_calls *calls, const json_t *record, unsigned *ret_call);
void live_calls_free(struct live_calls *calls);
