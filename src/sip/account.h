/*
 * Who we are to one far end that asks for a user and a password, and what it asked last: nonces are used
 * again, counted, over all requests to it (RFC 7616 3.3, RFC 3261 22), so that most are never challenged.
 * It does not know where it is sent: whoever sends gives it only to requests for that far end. Loop thread.
 */
#pragma once

#include "sip/digest.h"

struct account;

struct account_params {
	const char *user;
	struct span secret;
	struct digest_terms terms;
};

/* Copies PARAMS; what this machine may not compute is not among its algorithms. 0 with one reference, or
 * -ENOMEM. */
int account_new(struct account **ret, const struct account_params *params);
struct account *account_ref(struct account *account);
/* Wipes the secret with the last one. NULL is fine. */
void account_unref(struct account *account);
/* Whether it was made of these, so that its nonces go on. */
bool account_is(const struct account *account, const struct account_params *params);

/* The configuration does not have it any more: from now on it proves nothing, and nothing by it, also for
 * requests that are open. Wipes the secret. NULL is fine. */
void account_close(struct account *account);

/* What credentials are for. */
struct account_request {
	struct span method, uri, body;
};

/*
 * Appends a whole line Authorization or Proxy-Authorization for each realm that has asked before, with the
 * next count of its nonce. Nothing where none has.
 */
void account_write(
	struct account *account, const struct account_request *request, struct buf *out);

/* So often a request is sent again: for a stale nonce, and for each realm on its way. */
#define ACCOUNT_REPEATS 3

/* What became of one request so far. Begins zeroed. */
struct account_use {
	unsigned repeats;
	unsigned answered; /* realms that asked for it and were answered, a bit each */
};

/*
 * RESPONSE, a 401 or 407, asks for credentials. True: they are ready for account_write(), and the request is to
 * be sent again. False: it is not, with *RET_WHY, static: nothing there can be answered; or it refuses
 * what answered it just now, unless that nonce had become stale; or it asks without end.
 */
bool account_answer(struct account *account, const struct message *response,
	struct account_use *use, const char **ret_why);
/* Whether the other end may prove himself by ALGORITHM. */
bool account_takes(const struct account *account, enum digest_algorithm algorithm);
/* Whether CREDENTIALS, of a request of METHOD, are by who knows this user's password, by an algorithm
 * that was asked for. */
bool account_is_proved(const struct account *account,
	const struct digest_credentials *credentials, struct span method);
/* RESPONSE, a 2xx, may have the next nonce (RFC 7616 3.5). */
void account_heed(struct account *account, const struct message *response);
