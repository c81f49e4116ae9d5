/* What `route replay` found, for people. tandemctl's only thread. */
#pragma once

#include "ctl/show_style.h"

#include <jansson.h>

/* 0 or a negated errno. */
int show_replay(const struct show_style *style, const json_t *result);
/* What tandemctl exits with: whether a call would not be routed any more. */
int show_replay_code(const json_t *result);
