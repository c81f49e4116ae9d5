/*
 * What the files of the metrics share: metrics.c; metrics_trunks.c; metrics_text.c, what both print with.
 * Not for others. Loop thread.
 */
#pragma once

#include "admin/metrics.h"
#include "trunk/trunk.h"

/* The HELP and TYPE of NAME, which has no "tandem_" here. */
void metrics_head(struct buf *out, const char *name, const char *type, const char *help);
/* NAME="VALUE", VALUE as the format has it between its quotes. */
void metrics_label(struct buf *out, const char *name, const char *value);
/* trunk="carrier-a" or server="pbx1". */
void metrics_party(struct buf *out, const struct trunk *trunk);
/* Those with one row a trunk or server, and of the limits of all calls. */
void metrics_trunks(const struct verbs_context *context, struct buf *out);
