/*
 * A small authority of one's own for each side, and what it issues. tandemctl's only thread.
 */
#pragma once

#include "setup/place.h"
#include "setup/sides.h"

#define CERT_LAB_PEERS_MAX 24

/* Who needs a certificate of one side's authority. Borrowed. */
struct cert_lab_peers {
	const char *names[CERT_LAB_PEERS_MAX];
	unsigned count;
	bool rsa; /* that side has a far end which wants RSA */
};

/*
 * Adds to PLACE the authority of SIDE (below lab/, unless it is there), our own certificate, trust and list
 * (unless they are there), and files for each of PEERS below lab/peers (unless they are there). Refuses with
 * -EEXIST where our own files are there but not the authority: they are those of somebody else. 0, or negative with TEXT.
 */
int cert_lab_add(struct place *place, const struct sides *sides, enum sides_side side,
	const char *fqdn, const struct cert_lab_peers *peers, struct err_text *text);
/* DIR/lab/peers/NAME and SUFFIX. Returns RET. */
const char *cert_lab_peer_file(const struct sides *sides, const char *name,
	const char *suffix, char ret[static PATH_MAX]);
void cert_lab_warn(const struct sides *sides);
