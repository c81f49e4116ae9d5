/* What the tests of TLS connections share: one PKI for all of them, one loop and two sides for each. */
#pragma once

#include "../tls/lab.h"
#include "transport_test.h"

extern struct lab_id root, far_id;
extern struct trust *trust;
extern struct cred *near_cred, *far_cred, *stranger_cred;

extern struct loop *loop;
extern struct clock_virtual virtual_clock;
extern struct side near, far;
extern struct peer *far_peer;  /* as near knows it */
extern struct peer *near_peer; /* as far knows it */
extern struct addr there;      /* where far listens */
extern char last_warning[2000];
extern time_t days_passed; /* what GnuTLS takes for today is later by so many */

/* For the group, and for each test. */
int start_lab(void **state);
int stop_lab(void **state);
int start(void **state);
int stop(void **state);
/* For a test that wants other limits or a clock of its own. */
void restart_with(struct clock *clock, const struct transport_limits *limits);

/* A flow of SIDE to PEER, where CRED is presented; NULL: that of the side. */
struct flow *flow_as(struct side *side, const struct addr *to, const struct peer *peer,
	struct cred *cred);
