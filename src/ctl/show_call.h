/* A call, from its caller down to its callee. tandemctl's only thread. */
#pragma once

#include <jansson.h>
#include <stdbool.h>

/* Prints CALL, with how it ended where it did, and with its ladder where it has one, to stdout. WIDTH: columns; 0: as many as are
 * well. */
void show_call(const json_t *call, unsigned width);
/* The leg of CALL that called, and the one that was called; NULL: it has none. Borrowed. */
void show_call_legs(
	const json_t *call, const json_t **ret_first, const json_t **ret_second);
/* Whether CALL is one whose process was killed: it has neither legs nor an end. */
bool show_call_is_lost(const json_t *call);
#define SHOW_CALL_LOST                                                                   \
	"The server was killed while it stood: no more is known than its capture says."
