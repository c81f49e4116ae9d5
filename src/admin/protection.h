/*
 * The protection report: what each server and trunk must have, what it has now and had in the
 * calls since some time, what is excepted, and which rules are broken. Loop thread.
 */
#pragma once

#include "admin/tally.h"
#include "admin/verbs.h"
#include "audit/cdr_scan.h"

#include <jansson.h>
#include <time.h>

struct protection_facts {
	const struct verbs_context *context;
	struct tally
		*tally; /* of the calls that ended since; those that stand are added */
	const struct cdr_scan_counts *counts;
	time_t since, now;
};

struct protection;

/* FACTS are copied, what they point to is borrowed. 0 or -ENOMEM. */
int protection_new(struct protection **ret, const struct protection_facts *facts);
void protection_free(struct protection *protection); /* NULL is fine */

/*
 * Makes a part of the report: a thousand trunks would take longer than calls may wait. It begins
 * anew when the configuration has changed since. -EAGAIN: there is more; 0: *RET owns the
 * report, and there is no further step; negative: it cannot be made.
 */
int protection_step(struct protection *protection, json_t **ret);
