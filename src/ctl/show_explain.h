/* What a probe found, as a ladder of steps. */
#pragma once

#include <jansson.h>

/* To stdout. */
void show_explain(const json_t *result);
/* What tandemctl exits with: API_FAILED when a step failed. */
int show_explain_code(const json_t *result);
