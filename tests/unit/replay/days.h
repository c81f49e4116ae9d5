/* Configurations, and calls of the past, in a folder of a test's own. */
#pragma once

#include "../unit.h"

#include "replay/replay.h"
#include "replay/world.h"

struct days {
	char *folder;
	unsigned calls; /* that were recorded */
};

/* A call that is recorded; what is NULL has a value that most calls have. */
struct days_call {
	const char *
		to_received; /* before rules of numbers; NULL: an old record has it not */
	const char *from, *to, *via; /* "server pbx1", a trunk as "trunk a" */
	const char *target;          /* whom it was offered to; "": nobody */
	const char *emergency;
	const char
		*call_id; /* of the INVITE in its capture, where it is not the record's */
	const char *
		before; /* Call-ID of one in its capture before that; NULL: there is none */
	const char *method;
	const char *
		headers; /* of the INVITE in its capture, whole lines; NULL: there is none */
};

void days_start(struct days *days);
void days_stop(struct days *days);
/* FOLDER/NAME/tandem.conf with MAIN behind its usual sections, which have pbx1 and pbx2. */
void days_config(struct days *days, const char *name, const char *main);
/* FOLDER/NAME/gateways.d/ID.conf: a plain gateway with LINES. */
void days_gateway(struct days *days, const char *name, const char *id, const char *lines);
/* The configuration NAME; it must be good. */
void days_world(struct days *days, const char *name, struct world *ret);
/* Appends a record, and writes the capture, of CALL, which ended an hour ago. */
void days_call(struct days *days, const struct days_call *call);
/* The line of CALL; owned. */
char *days_line(struct days *days, const struct days_call *call);
/* Appends LINE to the records. */
void days_put(struct days *days, const char *line);
/* FOLDER/NAME; valid until the fourth call after. */
const char *days_path(const struct days *days, const char *name);
/* FOLDER/state/audit, opened. */
int days_audit(const struct days *days);
