/* Whom a call would go to. tandemctl's only thread. */
#pragma once

#include "ctl/show_style.h"

#include <jansson.h>

/* 0 or a negated errno. */
int show_route(const struct show_style *style, const json_t *result);
/* The exit code: nobody would be asked. */
int show_route_code(const json_t *result);
