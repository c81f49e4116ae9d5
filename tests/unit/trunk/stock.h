/*
 * Trunks with certificates of all roles, for the tests of what is in stock and when it runs
 * out: server pbx1; gateways a and b, of which b may have a certificate of its own.
 */
#pragma once

#include "../tls/lab.h"
#include "../unit.h"

#include "base/loop.h"
#include "trunk/seen.h"
#include "trunk/trunk.h"

struct stock {
	struct lab_id root, sub, us;
	struct clock_virtual clock;
	struct loop *loop;
	struct resolver *resolver;
	struct trunks *trunks;
	struct config *config;
	struct filing *filing;
	struct seen *seen;
};

/* Files: ca.pem, ca.crl (due in a month), us.pem with its intermediate and us.key, good for 40
 * days. */
void stock_start(struct stock *stock);
void stock_stop(struct stock *stock);
/* More lines for [internal], [external] and the gateway b: no list is named otherwise. */
void stock_apply(struct stock *stock, const char *internal, const char *external,
	const char *gateway);
/* Writes NAME.pem and NAME.key. */
void stock_put(const char *name, const struct lab_id *id);
/* NAME ("trunk a") shows ID. */
void stock_show(struct stock *stock, const char *name, const struct lab_id *id);
/* The wall clock only. */
void stock_later(struct stock *stock, long seconds);
