/* A list of steps as texts, clauses and all: what a run plays, and what is shrunk. */
#pragma once

#include "base/buf.h"

struct steps {
	char **texts; /* owned */
	unsigned count;
};

/* A copy of TEXT, without a last newline. */
void steps_add(struct steps *steps, const char *text);
void steps_copy(struct steps *to, const struct steps *from);
/* Without those from AT on, COUNT of them. */
void steps_copy_without(
	struct steps *to, const struct steps *from, unsigned at, unsigned count);
/* As a scenario's text, one line each and its clauses below. */
void steps_print(const struct steps *steps, struct buf *out);
void steps_free(struct steps *steps);
