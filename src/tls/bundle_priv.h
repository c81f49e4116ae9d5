/* What bundle.c, which reads and orders, and bundle_judge.c share. */
#pragma once

#include "tls/bundle.h"

struct bundle {
	gnutls_x509_crt_t crts[BUNDLE_MAX];
	unsigned count;
	gnutls_x509_privkey_t key; /* that came along; NULL: none */
	unsigned
		chain[POLICY_CHAIN_MAX]; /* indexes of crts, leaf first, without a root */
	unsigned chain_count;            /* 0: bundle_choose() found nothing yet */
	int root;                        /* index; -1: it did not come along */
};
