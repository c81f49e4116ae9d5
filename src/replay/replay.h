/*
 * Calls of the past, asked for their way in another configuration: a process of its own, beside a server that
 * runs or not. Nothing is called, changed or connected. One thread.
 */
#pragma once

#include "base/buf.h"
#include "base/err.h"

#include <jansson.h>
#include <stddef.h>
#include <time.h>

/* Calls that are shown unless more are asked for. */
#define REPLAY_ROWS 100

struct replay_question {
	/* tandem.conf, or the folder that it is in: the configuration of now, whose state-dir has the calls. */
	const char *current;
	/* Likewise of what is compared with it. NULL: the present one is compared with what the calls' records
	 * say. */
	const char *other;
	time_t since;    /* calls that ended from then on */
	size_t rows_max; /* that are shown of those that differ */
};

/*
 * As root it becomes [tandem] user of the present configuration first, and stays him: what he may not read the
 * server could not read either. 0, and *RET_RESULT has what src/admin/schema/route-replay.json says; ERR_CONFIG with
 * TEXT, and ERRORS has lines "file:line:column: error: ..."; -EACCES and others with TEXT.
 */
int replay_run(const struct replay_question *question, json_t **ret_result,
	struct buf *errors, struct err_text *text);
