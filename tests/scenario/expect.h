/* "expect ...": what must have happened. */
#pragma once

#include "stage.h"

/* WORDS begin after "expect". 0, or ERR_FORMAT with what was there instead. */
int expect_step(struct stage *stage, const struct step *step, char *const *words,
	struct err_text *error);
/* Nobody has anything unread. */
int expect_nothing(struct stage *stage, struct err_text *error);
