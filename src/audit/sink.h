/*
 * The records in a PostgreSQL server: a thread of its own feeds them from the files, as far as they are signed. How far it is
 * stands in the server, in the transaction of the rows, so that nothing that breaks loses or doubles one. Nobody waits for it.
 */
#pragma once

#include "base/err.h"

#include <stdbool.h>
#include <stdint.h>

struct sink;
struct writer;

struct sink_params {
	const char *state_dir; /* existing folder */
	const char *
		file; /* with the connection string of libpq; read anew for each connection */
	const char *table; /* of records; that of positions is called TABLE_position */
	bool verify; /* but by a Unix socket, nothing less than sslmode=verify-full */
	const struct writer *writer; /* whose log it is; borrowed until sink_free() */
};

/* Starts the thread. 0 or negative: it could not be, which is no reason not to serve calls. */
int sink_new(struct sink **ret, const struct sink_params *params);
/* The same, and says it where it could not be. */
void sink_start(struct sink **ret, const struct sink_params *params);
/* Waits for the thread, but not for a server that does not answer. NULL is fine. */
void sink_free(struct sink *sink);

#define SINK_WHY_SIZE 256

struct sink_state {
	bool failing;            /* the server cannot be reached, or takes no rows */
	bool behind;             /* signed records lie there that it did not take yet */
	uint64_t next;           /* the number behind the last record that it took */
	uint64_t records;        /* that it took since the start */
	uint64_t missing;        /* that no file had which could be read */
	uint64_t connections;    /* that were made since the start */
	char why[SINK_WHY_SIZE]; /* it fails, or last failed; "": it never did */
};
/* Any thread. */
void sink_state(struct sink *sink, struct sink_state *ret);
