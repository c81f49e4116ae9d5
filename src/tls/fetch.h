/*
 * Small HTTP POSTs to a known place, as OCSP (RFC 6960 A.1) and time stamps (RFC 3161 3.4) want them, by libcurl on our
 * loop. No redirects, no proxies, no resolver and no trust of libcurl's own.
 * Loop thread.
 */
#pragma once

#include "base/addr.h"
#include "base/err.h"
#include "base/loop.h"

#include <gnutls/gnutls.h>

#define FETCH_BYTES_MAX ((size_t)64 * 1024)
#define FETCH_MS 10000
#define FETCH_HOST_SIZE 256

struct fetcher;
struct fetch; /* one under way */

/* 0 or negative. */
int fetcher_new(struct fetcher **ret, struct loop *loop);
/* What is under way must be cancelled before. NULL is fine. */
void fetcher_free(struct fetcher *fetcher);

/* Host and port of an http: URL, to be resolved by the caller. 0 or ERR_FORMAT. */
int fetch_parse(const char *url, char host[static FETCH_HOST_SIZE], uint16_t *ret_port);
/* The same of an https: URL. */
int fetch_parse_https(
	const char *url, char host[static FETCH_HOST_SIZE], uint16_t *ret_port);

/* Called once, from the loop. ERR 0: BODY is what came; else WHY is a phrase. The handle is
 * invalid from then on. */
typedef void fetch_h(void *arg, int err, const gnutls_datum_t *body, const char *why);

struct fetch_params {
	const char *url; /* https: where AUTHORITIES are given, else http: */
	const char *
		authorities; /* a PEM file, whom the certificate of its host must lead to; NULL: it has none. Revocation is not asked for */
	const struct addr *addrs; /* of its host, each with its port */
	unsigned addr_count;
	gnutls_datum_t body; /* copied */
	const char *type;    /* of it; static */
	const char *want;    /* the type that the answer must have; static. NULL: any */
	long *ret_status; /* NULL: only an answer with 200 is one. Else any, and its status is put there before H is called */
	unsigned timeout_ms; /* 0: FETCH_MS */
	fetch_h *h;
	void *arg;
};

/* 0, or negative with TEXT: H is not called. */
int fetch_begin(struct fetcher *fetcher, const struct fetch_params *params,
	struct fetch **ret, struct err_text *text);
/* H will not be called. NULL is fine. */
void fetch_cancel(struct fetch *fetch);
