/*
 * What trunks and servers need for TLS, from the files that their configuration names: whom
 * to demand there, and what to present. Loop thread, at the start, a reload and a probe.
 */
#pragma once

#include "trunk/trunk.h"

/*
 * What was loaded at one time: a thousand gateways often share their files. Begins zeroed;
 * the paths belong to the configuration, which must live as long.
 */
struct material {
	struct {
		const char *anchors;
		const char *crl;
		struct trust *trust;
	} * trusts;
	size_t trust_count;
	struct {
		const char *certificate;
		const char *key;
		struct cred *cred;
	} * creds;
	size_t cred_count;
};

void material_free(struct material *material);

/*
 * Adds TRUNK, as its configuration judges it, to SET as a peer: *RET_PEER is borrowed of
 * SET. *RET_CRED owns the certificate that TRUNK has of its own; NULL: it has none, that of
 * its side is meant. It does not matter whether the trunk's TLS is on. 0, or negative with
 * TEXT, which names the trunk and the file.
 */
int material_load(struct material *material, struct trunk *trunk, struct peer_set *set,
	struct peer **ret_peer, struct cred **ret_cred, struct err_text *text);
