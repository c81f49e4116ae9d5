/*
 * What trunks and servers need from the files that their configuration names: for TLS the peer to
 * expect there and what to present; and who we are to those that ask for a password. Loop thread, at the start, a reload and a probe.
 */
#pragma once

#include "trunk/trunk.h"

/*
 * What was loaded at one time: a thousand gateways often share their files. Begins zeroed;
 * the paths belong to the configuration, which must live as long.
 */
struct material {
	time_t now; /* says which of two certificates is in force; 0: the real time */
	/* The trunk that is loaded, as it runs; NULL: it is new. Where its files are unchanged
	 * their objects are kept. */
	const struct trunk *before;
	/* Files that are refused are logged, and what runs stays in their place. */
	bool keep_old;
	unsigned refused; /* so many were */
	unsigned
		changed; /* certificates, sets of anchors and passwords that differ from what runs */
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

/*
 * *RET owns who we are to TRUNK where it asks; NULL: nobody. That of the trunk that runs where nothing of it
 * has changed. 0, or negative with TEXT, which names the trunk and the file.
 */
int material_account(struct material *material, const struct trunk *trunk,
	struct account **ret, struct err_text *text);

/* Warns where nobody who issued CRED (NULL: none) is trusted by the trunks that were loaded, or by a side of CONFIG,
 * and the file does not have that authority either: peers may be unable to verify it. */
void material_warn_alone(const struct material *material, const struct config *config,
	const struct cred *cred);

/* Our certificates of one role, as configured. */
struct material_certs {
	const struct config_tls *tls;
	const char *key;  /* the present one's */
	const char *fqdn; /* that it must carry; NULL: any */
	/* Those whose contact-host it must carry too, or a wildcard for it. */
	const struct config_trunk *const *users;
	size_t user_count;
	struct cred *old, *old_next; /* what runs; NULL: none */
};

/* Whether a trunk or server has a certificate of ours for itself, by OWN, beside that of its side, COMMON. */
bool material_has_own(const struct config_tls *own, const struct config_tls *common);

/*
 * *RET is what is in force at the material's time, NULL where none is configured. Once
 * next-from is past, the certificate before it is not looked at any more: it may be expired
 * or gone. Owned reference. 0, or negative with TEXT, *RET untouched.
 */
int material_present(struct material *material, const struct material_certs *certs,
	struct cred **ret, struct err_text *text);
/* What waits for next-from, NULL where there is none; a warning where PRESENT (may be NULL)
 * expires before that day. Likewise. */
int material_next(struct material *material, const struct material_certs *certs,
	const struct cred *present, struct cred **ret, struct err_text *text);
