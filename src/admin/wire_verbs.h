/* The verbs about captures on the wire: whose secrets are kept, how long. Loop thread. */
#pragma once

#include "admin/api.h"
#include "base/timer.h"

struct bridge;
struct wire;

/* What is under way; zero-initialised: nothing is. Its owner's. */
struct wiring {
	struct timer timer;
	struct wire *wire; /* NULL: no secrets are kept */
	uint64_t until_us; /* wall */
	char who[160];
	char trunk[80];        /* "": of all */
	int kind;              /* of it: enum trunk_kind */
	struct bridge *bridge; /* which tells of keys of media meanwhile */
};

/* Nothing is kept any more. */
void wiring_stop(struct wiring *wiring);
/* For `status`; null: nothing is under way. */
json_t *wiring_json(const struct wiring *wiring);

api_h wire_verb_start, wire_verb_stop;
