/* A connection to PostgreSQL, and rows that go by it. It may wait for the network. One thread. */
#pragma once

#include "audit/cdr_row.h"
#include "audit/follow.h"
#include "base/err.h"

struct sink_pg;

struct sink_pg_params {
	const char *file;  /* with the connection string */
	const char *table; /* as struct sink_params has it */
	const char *log;   /* whose rows they are: a server of several */
	bool verify;
};

/* Whether the connection string in FILE may be used, as far as that is known without the server: its file, its form, and with VERIFY
 * that whoever answers has to prove who he is. 0, or negative with TEXT, which has no password. */
int sink_pg_check(const char *file, bool verify, struct err_text *text);

/* Connects. 0, or negative with TEXT, which has no password. */
int sink_pg_open(
	struct sink_pg **ret, const struct sink_pg_params *params, struct err_text *text);
void sink_pg_close(struct sink_pg *pg); /* NULL is fine */

/* How far it is; all zero: nothing is there. 0, or negative with TEXT: the connection is of no more use. */
int sink_pg_position(
	struct sink_pg *pg, struct follow_position *ret, struct err_text *text);
/* One more row for the next sink_pg_commit(). 0 or -ENOMEM. */
int sink_pg_add(struct sink_pg *pg, struct span line, const struct cdr_row *row);
/* Rows and POSITION in one transaction. A row that is there already stays as it is. 0; or negative with TEXT: it may be there
 * or not, so the position is asked again. */
int sink_pg_commit(struct sink_pg *pg, const struct follow_position *position,
	struct err_text *text);
