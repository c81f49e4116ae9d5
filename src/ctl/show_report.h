/* The protection report for a terminal. tandemctl's only thread. */
#pragma once

#include "ctl/show_style.h"

#include <jansson.h>

/* To stdout: broken rules first. 0 or a negated errno. */
int show_report(const struct show_style *style, const json_t *report);
/* What tandemctl exits with: API_FAILED when a rule is broken. */
int show_report_code(const json_t *report);
