/* The protection report as one page. tandemctl's only thread. */
#pragma once

#include "base/buf.h"

#include <jansson.h>

/*
 * A page by itself, well-formed as XML too: no scripts, nothing loaded from elsewhere, fit for
 * printing. Errors stick in OUT.
 */
void report_html(const json_t *report, struct buf *out);
/* TEXT with markup escaped and control characters replaced. */
void report_html_text(struct buf *out, const char *text);
