/*
 * The server in numbers, in the text format of Prometheus: what `tandemctl metrics` prints,
 * and what a scraper could be given. Names have their base unit; labels name trunks, servers
 * and certificates, never calls. Loop thread.
 */
#pragma once

#include "base/buf.h"

struct verbs_context;

/* Appends all of it to OUT, whose error says whether there was memory. */
void metrics_print(const struct verbs_context *context, struct buf *out);
