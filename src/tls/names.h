/*
 * The names that a certificate carries, read once and then compared with any number of
 * expected ones (RFC 5922 7.1). Loop thread.
 */
#pragma once

#include "base/span.h"

#include <gnutls/x509-ext.h>
#include <gnutls/x509.h>
#include <stdbool.h>
#include <stddef.h>

struct names {
	gnutls_subject_alt_names_t sans; /* NULL: none, or they cannot be parsed */
	bool has_san; /* there is a subjectAltName, readable or not: the CN is no name */
	bool has_sip_uri; /* a SIP domain identity: DNS names are then none (RFC 5922 7.1) */
	char cn[256];     /* the one CN; "" for none or several */
};

/* Never fails: what cannot be read matches nothing. End with names_free(). */
void names_read(struct names *ret, gnutls_x509_crt_t certificate);
void names_free(struct names *names);

/* The SAN at INDEX, GNUTLS_SAN_DNSNAME or another TYPE; false after the last. */
bool names_get(
	const struct names *names, unsigned index, unsigned *ret_type, struct span *ret);
/* HOST without the root's dot; the empty span when it is no host name: wildcards, NULs, IDN in
 * UTF-8 and the like never match. */
struct span names_host(struct span host);

/* The rules of peer_match_name(). */
bool names_match(const struct names *names, const char *name);
/*
 * Whether a DNS SAN "*.REST" covers NAME: the star stands for exactly one label, the
 * leftmost; REST has two labels at least. Not where there is a SIP domain, never for
 * addresses, URIs or the CN. An exact match is none.
 */
bool names_match_one_label(const struct names *names, const char *name);

/*
 * Calls H with each host that names_match() finds, and with what follows "*." in each wildcard of
 * names_match_one_label(). No addresses.
 */
typedef void names_host_h(void *arg, struct span host, bool wildcard);
void names_each_host(const struct names *names, names_host_h *h, void *arg);

/* Appends "DNS:a, URI:sip:b" (or "CN:a" without a SAN), escaped and cut, to OUT. */
void names_print(const struct names *names, char *out, size_t size);
/* Appends the first name alone, without its kind. */
void names_print_first(const struct names *names, char *out, size_t size);
