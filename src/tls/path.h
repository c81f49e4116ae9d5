/*
 * The ways from a far end's certificate up to an anchor. What was presented may lead there by
 * more than one: cross certificates, an authority that was certified anew, certificates in any
 * order or of no use; the library follows one alone. Loop thread.
 */
#pragma once

#include "tls/chain.h"

/* PATH: from the leaf on each is issued by the next, all borrowed. True ends the search. */
typedef bool path_h(void *arg, const struct chain *path);

/*
 * Calls H with each path through CHAIN that may end at an anchor of LIST by the names and key
 * ids; the shorter before the longer, then as presented. What leads nowhere comes too, so that
 * it can be said why. Bounded: a few dozen. Returns whether H ended it.
 */
bool path_find(
	const struct chain *chain, gnutls_x509_trust_list_t list, path_h *h, void *arg);
