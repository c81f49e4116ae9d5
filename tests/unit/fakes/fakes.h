/*
 * Stand-ins for the parts below src/admin: one server and one gateway, one connection, one call,
 * as the test sets them in the one struct. A file of this folder stands for the whole of one
 * file of src/; a test that needs it links libfakes.a and the library without that file (see
 * Makefile.inc). What a fake lacks is then an undefined reference with its name: add it here.
 */
#pragma once

#include "bridge/bridge.h"
#include "bridge/demand.h"
#include "config/config.h"
#include "hep/hep.h"
#include "learn/learn.h"
#include "sip/transport.h"
#include "trunk/trunk.h"

#include <stdbool.h>
#include <time.h>

struct fakes {
	struct config *config;   /* config_load() gives it; NULL: it fails with errors */
	struct trunk *trunks[2]; /* by enum trunk_kind, the only one of its kind */
	unsigned listed[2];      /* how often trunks_at() has it */
	struct trunk
		*flow_trunks[2]; /* whose trunks_of_flow() says a flow of each side is */
	struct flow *flow;       /* the one connection; NULL: none */
	const struct stranger *stranger; /* the one that was not let in; NULL: none */
	const struct record *call;       /* the one call; NULL: none */
	unsigned hangups;
	unsigned parties_told;     /* bridge_tell_parties() was called so often */
	struct demand demand;      /* number 0: none */
	struct learn_params learn; /* what learn_start() was begun with */
	char learn_called[80];     /* its numbers: "CALLED from CALLER" */
	bool learn_refused;
	unsigned learns_stopped;
	struct trunk_tls *own;       /* trunks_each_tls() tells it; NULL: nothing */
	time_t own_expires, crl_due; /* of every certificate, of every list */
	bool fips_active;
	const struct hep_settings *hep_settings; /* NULL: nothing is exported */
	struct hep_state hep;
	const char *crypto; /* the name of the library for SRTP */
};

/* A test fills it anew before each case. */
extern struct fakes fakes;
