/* The answer of `config diff` on a terminal. tandemctl's only thread. */
#pragma once

#include <jansson.h>

void show_diff(const json_t *result);
/* As diff(1) does: 0 no difference, 1 some. */
int show_diff_code(const json_t *result);
