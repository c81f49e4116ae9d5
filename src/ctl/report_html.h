/* The protection report as one page. tandemctl's only thread. */
#pragma once

#include "base/buf.h"

#include <jansson.h>

/*
 * A page by itself, well-formed as XML too: no scripts, nothing loaded from elsewhere, fit for
 * printing. Errors stick in OUT.
 */
void report_html(const json_t *report, struct buf *out);
/* What a page begins with, its first heading included: TITLE, which is text, and CSS. It lets nothing be loaded and nothing be
 * run. */
void report_html_begin(struct buf *out, const char *title, const char *css);
/* TEXT with markup escaped. Control characters, those that turn the direction of writing, and what XML does not allow are
 * replaced. */
void report_html_text(struct buf *out, const char *text);
