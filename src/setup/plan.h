/*
 * What a first configuration is to be: from options and answers, checked one by one. tandemctl's only thread.
 */
#pragma once

#include "base/addr.h"
#include "setup/args.h"
#include "setup/kinds.h"

#include <limits.h>

struct plan_peer {
	const struct kinds_kind *kind;
	char id[72];
	char host[256];
	unsigned port;
};

/* Where the certificates come from. */
enum plan_certificates { PLAN_LAB, PLAN_REQUEST, PLAN_FOLDER };

struct plan {
	char fqdn[256];
	struct plan_peer pbx, trunk;
	char internal_address[ADDR_TEXT_SIZE];
	char external_address[ADDR_TEXT_SIZE];
	enum plan_certificates certificates;
	char certificate_folder[PATH_MAX]; /* of PLAN_FOLDER, absolute */
};

/* Its options begin the table of setup, in this order. */
enum plan_field {
	PLAN_FQDN,
	PLAN_PBX,
	PLAN_TRUNK,
	PLAN_INTERNAL_ADDRESS,
	PLAN_EXTERNAL_ADDRESS,
	PLAN_CERTIFICATES,
	PLAN_FIELDS,
};

/* clang-format off */
#define PLAN_OPTIONS                                                                     \
	[PLAN_FQDN] = {"fqdn", "NAME", false, "this server's name, in its certificates"}, \
	[PLAN_PBX] = {"pbx", "KIND:HOST[:PORT]", false, "the trusted server"},           \
	[PLAN_TRUNK] = {"trunk", "KIND:ID:HOST[:PORT]", false, "the first gateway or carrier"}, \
	[PLAN_INTERNAL_ADDRESS] = {"internal-address", "ADDRESS", false,                 \
		"of this machine, toward servers"},                                      \
	[PLAN_EXTERNAL_ADDRESS] = {"external-address", "ADDRESS", false,                 \
		"of this machine, toward gateways"},                                     \
	[PLAN_CERTIFICATES] = {"certificates", "WHAT", false,                            \
		"lab: by an authority of your own; request: ask for them; or a folder"}
/* clang-format on */

/*
 * Fills RET from GIVEN, one of each field, which are checked. What was not given is asked for at a terminal;
 * else, with YES, its default counts, and what has none is missing, as everything is without YES. 0; ERR_FORMAT
 * with TEXT; ERR_CLOSED when the dialogue was left.
 */
int plan_read(struct plan *ret, const struct args_values *given, bool yes,
	struct err_text *text);
