/* "operator learns gateway ID NUMBER [FROM]": what is found out is in the log, where "expect log" finds it. One at once. */
#pragma once

#include "stage.h"

int learns_start(struct stage *stage, const char *id, const char *number,
	const char *from, struct err_text *error);
/* "operator stops learning": whoever waited went away. */
int learns_stop(struct err_text *error);
