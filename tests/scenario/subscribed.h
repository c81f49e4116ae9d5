/*
 * Subscriptions as an operator sees them.
 */
#pragma once

#include "stage.h"

/* Appends one word for each that stands, the internal side first: "pbx-gw=presence=600", with its package and the seconds
 * that are left; "none". */
void subscribed_list(struct stage *stage, struct buf *out);
/* Ends the first one. 0, or negative with ERROR: there is none. */
int subscribed_end(struct stage *stage, struct err_text *error);
