/* A call, from its caller down to its callee. tandemctl's only thread. */
#pragma once

#include <jansson.h>

/* Prints CALL, one that lives, to stdout. */
void show_call(const json_t *call);
/* The same of one that has ended, with how it did. */
void show_call_record(const json_t *record);
