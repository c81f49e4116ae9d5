#include "tls/names.h"

#include "base/addr.h"
#include "base/span.h"
#include "tls/escape.h"

#include <string.h>
#include <strings.h>

#define OID_SUBJECT_ALT_NAME "2.5.29.17"

static bool is_host_char(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	       (c >= '0' && c <= '9') || c == '-' || c == '.' || c == '_';
}

struct span names_host(struct span host)
{
	const struct span none = {NULL, 0};

	if (host.len > 0 && host.p[host.len - 1] == '.')
		host.len--;
	for (size_t i = 0; i < host.len; i++) {
		if (!is_host_char(host.p[i]))
			return none;
	}
	return host;
}

static bool host_equal(struct span a, const char *name)
{
	struct span b = names_host(span_of(name));

	a = names_host(a);
	return a.len > 0 && a.len == b.len && strncasecmp(a.p, b.p, a.len) == 0;
}

/*
 * The host of "sip:host[:port][;parameters][?headers]". A URI with a user part names a
 * person, and one with another scheme (sips as well) is no SIP identity: RFC 5922 7.1.
 */
static struct span sip_host(struct span uri)
{
	struct span host = {NULL, 0};

	if (uri.len < 5 || strncasecmp(uri.p, "sip:", 4) != 0 ||
		memchr(uri.p, '@', uri.len))
		return host;
	host.p = uri.p + 4;
	while (host.len < uri.len - 4 && host.p[host.len] != ':' &&
		host.p[host.len] != ';' && host.p[host.len] != '?')
		host.len++;
	return names_host(host);
}

bool names_get(
	const struct names *names, unsigned index, unsigned *ret_type, struct span *ret)
{
	gnutls_datum_t san = {NULL, 0};

	if (!names->sans || gnutls_subject_alt_names_get(
				    names->sans, index, ret_type, &san, NULL) < 0)
		return false;
	ret->p = (const char *)san.data;
	ret->len = san.size;
	return true;
}

static void names_read_sans(struct names *names, gnutls_x509_crt_t certificate)
{
	gnutls_datum_t der = {NULL, 0};
	struct span san;
	unsigned type;
	int err = gnutls_x509_crt_get_extension_by_oid2(
		certificate, OID_SUBJECT_ALT_NAME, 0, &der, NULL);

	names->has_san = err != GNUTLS_E_REQUESTED_DATA_NOT_AVAILABLE;
	if (err < 0 || gnutls_subject_alt_names_init(&names->sans) < 0)
		goto out;
	if (gnutls_x509_ext_import_subject_alt_names(&der, names->sans, 0) < 0) {
		gnutls_subject_alt_names_deinit(names->sans);
		names->sans = NULL;
	}
	for (unsigned i = 0; names_get(names, i, &type, &san); i++) {
		if (type == GNUTLS_SAN_URI && sip_host(san).len > 0)
			names->has_sip_uri = true;
	}
out:
	gnutls_free(der.data);
}

/* Several CNs have no order that all agree on: then none counts. */
static void names_read_cn(struct names *names, gnutls_x509_crt_t certificate)
{
	size_t size = sizeof(names->cn);
	size_t other = 0;

	if (gnutls_x509_crt_get_dn_by_oid(certificate, GNUTLS_OID_X520_COMMON_NAME, 1, 0,
		    NULL, &other) != GNUTLS_E_REQUESTED_DATA_NOT_AVAILABLE ||
		gnutls_x509_crt_get_dn_by_oid(certificate, GNUTLS_OID_X520_COMMON_NAME, 0,
			0, names->cn, &size) < 0 ||
		strlen(names->cn) != size)
		names->cn[0] = '\0';
}

void names_read(struct names *ret, gnutls_x509_crt_t certificate)
{
	memset(ret, 0, sizeof(*ret));
	names_read_sans(ret, certificate);
	if (!ret->has_san)
		names_read_cn(ret, certificate);
}

void names_free(struct names *names)
{
	if (names->sans)
		gnutls_subject_alt_names_deinit(names->sans);
	names->sans = NULL;
}

static bool address_equal(struct span san, const struct addr *addr)
{
	if (addr_is_v6(addr))
		return san.len == 16 && memcmp(san.p, &addr->v6.sin6_addr, 16) == 0;
	return san.len == 4 && memcmp(san.p, &addr->v4.sin_addr, 4) == 0;
}

static bool names_match_address(const struct names *names, const struct addr *addr)
{
	struct span san;
	unsigned type;

	for (unsigned i = 0; names_get(names, i, &type, &san); i++) {
		if (type == GNUTLS_SAN_IPADDRESS && address_equal(san, addr))
			return true;
	}
	return false;
}

bool names_match(const struct names *names, const char *name)
{
	struct addr addr;
	struct span san;
	unsigned type;

	if (addr_parse_host(&addr, name, strlen(name), 0) == 0)
		return names_match_address(names, &addr);
	if (!names->has_san)
		return host_equal(span_of(names->cn), name);
	for (unsigned i = 0; names_get(names, i, &type, &san); i++) {
		if (type == GNUTLS_SAN_URI && host_equal(sip_host(san), name))
			return true;
		if (type == GNUTLS_SAN_DNSNAME && !names->has_sip_uri &&
			host_equal(san, name))
			return true;
	}
	return false;
}

/* Two labels at least, none of them empty, and no address. HOST is a names_host(). */
static bool is_domain(struct span host)
{
	size_t label = 0;
	size_t dots = 0;
	bool letters = false;

	for (size_t i = 0; i < host.len; i++) {
		if (host.p[i] != '.') {
			letters |= host.p[i] < '0' || host.p[i] > '9';
			label++;
			continue;
		}
		if (label == 0)
			return false;
		label = 0;
		letters = false;
		dots++;
	}
	return dots > 0 && label > 0 && letters;
}

/* "*.REST" as REST; the empty span when SAN is no such wildcard. */
static struct span wildcard_rest(struct span san)
{
	const struct span none = {NULL, 0};
	struct span rest;

	if (san.len < 2 || san.p[0] != '*' || san.p[1] != '.')
		return none;
	rest = names_host((struct span){san.p + 2, san.len - 2});
	return is_domain(rest) ? rest : none;
}

bool names_match_one_label(const struct names *names, const char *name)
{
	struct span host = names_host(span_of(name));
	struct addr addr;
	struct span label;
	struct span san;
	unsigned type;

	if (names->has_sip_uri || addr_parse_host(&addr, name, strlen(name), 0) == 0 ||
		!span_next(&host, '.', &label) || label.len == 0)
		return false;
	/* HOST is what follows the first label now. */
	for (unsigned i = 0; names_get(names, i, &type, &san); i++) {
		struct span rest;

		if (type != GNUTLS_SAN_DNSNAME)
			continue;
		rest = wildcard_rest(san);
		if (rest.len > 0 && rest.len == host.len &&
			strncasecmp(rest.p, host.p, rest.len) == 0)
			return true;
	}
	return false;
}

void names_each_host(const struct names *names, names_host_h *h, void *arg)
{
	struct span san, host;
	unsigned type;

	if (!names->has_san)
		h(arg, names_host(span_of(names->cn)), false);
	for (unsigned i = 0; names_get(names, i, &type, &san); i++) {
		if (type == GNUTLS_SAN_URI) {
			host = sip_host(san);
		} else if (type == GNUTLS_SAN_DNSNAME && !names->has_sip_uri) {
			host = wildcard_rest(san);
			if (host.len > 0)
				h(arg, host, true);
			host = host.len > 0 ? (struct span){NULL, 0} : names_host(san);
		} else {
			continue;
		}
		if (host.len > 0)
			h(arg, host, false);
	}
}

static const char *san_kind(unsigned type)
{
	switch (type) {
	case GNUTLS_SAN_DNSNAME:
		return "DNS:";
	case GNUTLS_SAN_URI:
		return "URI:";
	case GNUTLS_SAN_IPADDRESS:
		return "IP:";
	case GNUTLS_SAN_RFC822NAME:
		return "email:";
	default:
		return "other:";
	}
}

static void san_print(unsigned type, struct span san, char *out, size_t size)
{
	char text[ADDR_TEXT_SIZE];
	struct addr addr = {.len = 0};

	if (type == GNUTLS_SAN_IPADDRESS && san.len == 4) {
		addr.v4.sin_family = AF_INET;
		memcpy(&addr.v4.sin_addr, san.p, 4);
		addr.len = sizeof(addr.v4);
	} else if (type == GNUTLS_SAN_IPADDRESS && san.len == 16) {
		addr.v6.sin6_family = AF_INET6;
		memcpy(&addr.v6.sin6_addr, san.p, 16);
		addr.len = sizeof(addr.v6);
	}
	if (addr.len > 0)
		escape_add_str(out, size, addr_host_text(&addr, text));
	else if (type == GNUTLS_SAN_DNSNAME || type == GNUTLS_SAN_URI ||
		 type == GNUTLS_SAN_RFC822NAME)
		escape_add(out, size, san.p, san.len);
	else
		escape_add_str(out, size, "?");
}

void names_print(const struct names *names, char *out, size_t size)
{
	struct span san;
	unsigned type;

	if (names->has_san && !names->sans)
		escape_add_str(out, size, "unreadable");
	if (names->cn[0] != '\0') {
		escape_add_str(out, size, "CN:");
		escape_add_str(out, size, names->cn);
	}
	for (unsigned i = 0; names_get(names, i, &type, &san); i++) {
		if (i > 0)
			escape_add_str(out, size, ", ");
		escape_add_str(out, size, san_kind(type));
		san_print(type, san, out, size);
	}
}

void names_print_first(const struct names *names, char *out, size_t size)
{
	struct span san;
	unsigned type;

	if (names_get(names, 0, &type, &san))
		san_print(type, san, out, size);
	else
		escape_add_str(out, size, names->cn);
}
