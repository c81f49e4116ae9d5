/*
 * What a TLS channel reads from its socket: in large pieces, which the library gets in small ones, and
 * looked at for what the library cannot say: that it is no TLS, or an alert in clear. Embedded in
 * its channel. Loop thread.
 */
#pragma once

#include "base/spoken.h"

#include <gnutls/gnutls.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/* A record with an alert in clear: type, version, length, level, description (RFC 8446 5.1, 6). */
#define INTAKE_ALERT_BYTES 7

struct intake {
	int fd;               /* borrowed */
	unsigned char *ahead; /* NULL while empty: idle channels hold no buffer */
	size_t ahead_start;
	size_t ahead_len;
	bool drained; /* the socket had no more: no need to ask it again in this turn */
	bool ended;   /* the stream is over */
	bool heard;   /* something came */
	bool plain;   /* and it was no TLS */
	char spoke[SPOKEN_TEXT_SIZE];           /* but this */
	unsigned char last[INTAKE_ALERT_BYTES]; /* that the library took */
};

void intake_free(struct intake *intake);

/* For gnutls_transport_set_pull_function(); ARG is the intake. */
ssize_t intake_pull_h(gnutls_transport_ptr_t arg, void *data, size_t len);

/*
 * Whether what the library took last is a fatal alert in clear: then *RET_ALERT is its description. It
 * proves nothing about who sent it.
 */
bool intake_alert(const struct intake *intake, int *ret_alert);
