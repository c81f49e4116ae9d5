/* Plays a script on a stage, step by step. */
#pragma once

#include "stage.h"

/* One step. 0, or negative with why it failed. */
int play_step(struct stage *stage, const struct step *step, struct err_text *error);

/* The end of every scenario: 64*T1 and 5 s later nothing may be left anywhere. */
int play_end(struct stage *stage, struct err_text *error);
/* What the end looks for: nothing of a call is left in the bridge, the relay, flows, trunks. */
int play_leaks(struct stage *stage, struct err_text *error);
