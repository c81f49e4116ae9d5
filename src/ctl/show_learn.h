/* What `trunk learn` found out, for people. tandemctl's only thread. */
#pragma once

#include <jansson.h>

void show_learn(const json_t *result);
/* What tandemctl exits with: whether a call was answered. */
int show_learn_code(const json_t *result);
