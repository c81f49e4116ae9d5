/*
 * One real connection of a party, or its UDP socket, as a flow: what the stage's parties send goes
 * through it, and whole messages come out of it.
 */
#pragma once

#include "stage.h"

#include "sip/framer.h"

#include <gnutls/gnutls.h>

struct live_link;

/* Tandem sent LEN bytes at DATA, one message. */
typedef void live_link_h(void *arg, struct live_link *link, const char *data, size_t len);

struct live_link {
	struct flow flow; /* first; closed: it has ended */
	struct list node;
	struct party *party;
	int fd;
	gnutls_session_t tls; /* NULL: plain */
	bool shaking;         /* connecting, or its handshake is under way */
	bool stalled;         /* what comes is not there yet for its party */
	struct framer framer;
	struct buf in;
};

/* What a party shows and trusts, loaded from PEM files. Aborts where it cannot. */
gnutls_certificate_credentials_t live_link_cred(
	const char *chain, const char *key, const char *trust);

/* The UDP socket FD. */
struct live_link *live_link_udp(struct party *party, int fd);
/* FD was accepted from Tandem; CRED: with TLS. Owns FD. */
struct live_link *live_link_accept(
	struct party *party, int fd, gnutls_certificate_credentials_t cred);
/* From the host of PARTY to Tandem's REMOTE; NULL: refused at once. */
struct live_link *live_link_connect(struct party *party, const struct addr *remote,
	gnutls_certificate_credentials_t cred);
void live_link_free(struct live_link *link);

/* Ends it as its party; its memory stays until it is freed. */
void live_link_close(struct live_link *link);
/* Reads all that is there. Whether something moved. */
bool live_link_read(struct live_link *link, live_link_h *h, void *arg);
/* TEXT goes to REMOTE, which only UDP needs. False: it cannot. */
bool live_link_write(struct live_link *link, const struct addr *remote, const char *text);
