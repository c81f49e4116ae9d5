/*
 * The registry of live calls: numbers and ids, lookups, records of those that ended. Loop
 * thread.
 */
#pragma once

#include "bridge/call.h"
#include "bridge/diagnosis.h"

/* The id of call NUMBER. */
void registry_id(const struct bridge *bridge, uint64_t number, char ret_id[static 32]);
/* The next number, and the id of it. */
uint64_t registry_next(struct bridge *bridge, char ret_id[static 32]);
/* Gives CALL its number and id. */
void registry_number(struct call *call);
void registry_add(struct call *call);
/* Tells of its end: the record, exactly once. */
void registry_record(struct call *call);

struct call *registry_find(struct bridge *bridge, uint64_t number);
/* By id, or by number in decimal. */
struct call *registry_find_id(struct bridge *bridge, const char *id);

/* The record as it stands now. Its strings are of CALL, of SCRATCH, or static. */
struct registry_scratch {
	char names[2][80];
	char codecs[2][32];
	char media_note[DIAGNOSIS_SIZE];
};
/* What a leg's part of a record is made of. */
struct registry_leg {
	const struct leg *leg;
	const struct relay_session *session; /* NULL: it has none any more */
	struct addr latched;                 /* where its RTP comes from instead; len 0 */
	uint64_t now_us;                     /* monotonic */
};
/* How FLOW, which carried a leg, is protected. */
void registry_fill_flow(const struct flow *flow, struct record_leg *ret);
void registry_fill_leg(const struct registry_leg *from, struct record_leg *ret,
	char name[static 80], char codec[static 32]);
/* The numbers of CALL, which may have been lost. */
void registry_fill_numbers(const struct call *call, struct record *ret);
void registry_fill(
	const struct call *call, struct record *ret, struct registry_scratch *scratch);
