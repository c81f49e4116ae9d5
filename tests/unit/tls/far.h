/*
 * The far end of a TLS connection, made of bare GnuTLS, so that it may do what our own
 * side never does: speak old versions, present bad certificates or none, resume.
 */
#pragma once

#include "lab.h"

#include <gnutls/abstract.h>
#include <gnutls/gnutls.h>
#include <stdbool.h>

struct far {
	gnutls_session_t session;
	gnutls_certificate_credentials_t cred;
	int fd;
	int result; /* of the handshake: GNUTLS_E_AGAIN while it goes on */
	struct far_stapled *stapled; /* NULL: it sends no OCSP response */
};

#define FAR_13 "NORMAL:-VERS-ALL:+VERS-TLS1.3"
#define FAR_12 "NORMAL:-VERS-ALL:+VERS-TLS1.2"

/* ID NULL: it presents nothing. It trusts everybody. FD is made non-blocking. */
void far_start(struct far *far, int fd, bool accept, const struct lab_id *id,
	const char *priorities);
/* It presents ID with the COUNT OCSP responses of DER, good or not: one for each certificate
 * of its chain. Before the handshake. */
void far_staple(struct far *far, const struct lab_id *id, const gnutls_datum_t *der,
	unsigned count);
void far_stop(struct far *far); /* and closes the socket */
/* Goes on; 0 when done, GNUTLS_E_AGAIN, or what failed. */
int far_handshake(struct far *far);
/* The alert that the far end got, or -1. Reads for it. */
int far_alert(struct far *far);
