/*
 * Carries the letters of the audit thread (mail.h) as HTTP POSTs, and their answers back. Loop thread.
 */
#pragma once

#include "audit/mail.h"
#include "base/loop.h"

struct courier;
struct resolver;

/* Borrows all; looks for letters a few times a second. 0 or negative. */
int courier_new(struct courier **ret, struct loop *loop, struct resolver *resolver,
	struct mail *mail);
/* What is under way is given up. NULL is fine. */
void courier_free(struct courier *courier);
