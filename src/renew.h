/*
 * What changes of TLS while the server runs and nobody asks for a reload: the files of the
 * present configuration, the day of a certificate that waits, a clock that was set. Loop
 * thread; server.c makes one.
 */
#pragma once

#include "base/loop.h"
#include "trunk/trunk.h"

struct renew;

struct renew_handlers {
	/* Credentials and peers of the trunks are others: hand them to the transports. */
	void (*use_h)(void *arg);
	/* Peers, or the time they are judged by, are others: judge open connections again. */
	void (*judge_h)(void *arg);
	void *arg;
};

/* TRUNKS is borrowed. 0 or negative. */
int renew_new(struct renew **ret, struct loop *loop, struct trunks *trunks,
	const struct renew_handlers *handlers);
void renew_free(struct renew *renew); /* NULL is fine */

/* Watches the files that CONFIG names; call it before they are read. 0 or -ENOMEM: then
 * those of before are watched on. */
int renew_watch(struct renew *renew, const struct config *config);
/* The trunks are those of CONFIG now (a reference is taken): the next day that a
 * certificate waits for is known anew. */
void renew_set_config(struct renew *renew, struct config *config);
