/* Trunks of three servers (pbx1, pbx2, spare) and of plain gateways that a test names. */
#pragma once

#include "../unit.h"

#include "trunk/trunk.h"

#define PLAIN_MAX 12

struct plain {
	struct clock_virtual clock;
	struct loop *loop;
	struct resolver *resolver;
	struct trunks *trunks;
	struct config *config; /* the last one, a reference */
};

/* One gateway; its host is a numeric address. */
struct plain_gateway {
	const char *id;
	const char *host;
	unsigned port; /* 0: 5060 */
	unsigned priority;
	unsigned max_calls;
	const char *prefixes[3];
	const char *lines; /* further ones of [gateway]; NULL: none */
	bool disabled, tcp;
	const char *observed; /* tls = observe, and these lines; NULL: tls = no */
	bool files;           /* those of TLS are named though it is not observed */
	bool second_files;    /* where they are, those of other names */
};

void plain_start(struct plain *plain);
void plain_stop(struct plain *plain);
/* Applies these gateways, ended by one without id. */
void plain_apply(struct plain *plain, const struct plain_gateway *gateways);
struct trunk *plain_find(const struct plain *plain, const char *id);
