/* What the tests of UDP and TCP share: one loop and two sides for each. */
#pragma once

#include "transport_test.h"

extern struct loop *loop;
extern struct side near, far;

/* For each test. */
int start(void **state);
int stop(void **state);
/* For a test that wants other limits or a clock of its own. */
void restart_with(struct clock *clock, const struct transport_limits *limits);
