#include "tls/constraints.h"

#include "base/addr.h"

#include <string.h>
#include <strings.h>

/* gnutls_x509_name_constraints_get_permitted() and the other one. */
typedef int constraints_get(gnutls_x509_name_constraints_t constraints, unsigned index,
	unsigned *type, gnutls_datum_t *name);

static bool ends_in(struct span host, struct span domain)
{
	return host.len >= domain.len &&
	       strncasecmp(host.p + host.len - domain.len, domain.p, domain.len) == 0;
}

static bool is_about(unsigned type, struct span constraint, struct span host)
{
	bool dotted = constraint.len > 0 && constraint.p[0] == '.';

	if (!ends_in(host, constraint))
		return false;
	if (host.len == constraint.len)
		return !dotted;
	/* What ends in ".example.com" is below it; the other form is so for DNS alone. */
	return dotted || (type == GNUTLS_SAN_DNSNAME &&
				 (constraint.len == 0 ||
					 host.p[host.len - constraint.len - 1] == '.'));
}

/* Returns whether one of them is about HOST. */
static bool look_up(gnutls_x509_name_constraints_t constraints, constraints_get *get,
	unsigned type, struct span host, bool *ret_bound)
{
	gnutls_datum_t name;
	unsigned name_type;

	for (unsigned i = 0; get(constraints, i, &name_type, &name) >= 0; i++) {
		struct span constraint = {(const char *)name.data, name.size};

		if (name_type != type)
			continue;
		*ret_bound = true;
		if (is_about(type, constraint, host))
			return true;
	}
	return false;
}

static bool allows(
	gnutls_x509_name_constraints_t constraints, unsigned type, struct span host)
{
	bool permitted = false;
	bool excluded = false;
	bool inside = look_up(constraints, gnutls_x509_name_constraints_get_permitted,
		type, host, &permitted);
	bool outside = look_up(constraints, gnutls_x509_name_constraints_get_excluded,
		type, host, &excluded);

	/* Without a host there is nothing that a URI constraint could allow. */
	if (host.len == 0)
		return !permitted && !excluded;
	return !outside && (inside || !permitted);
}

/* The part of S before the first of STOPS. */
static struct span before(struct span s, const char *stops)
{
	for (size_t i = 0; i < s.len; i++) {
		if (strchr(stops, s.p[i]))
			s.len = i;
	}
	return s;
}

/* The host of "scheme://user@host:port/path" or "sip:user@host:port;parameters"; the empty
 * span where there is none, or an address. */
static struct span uri_host(struct span uri)
{
	const struct span none = {NULL, 0};
	struct span scheme, part;
	struct addr addr;

	if (!span_next(&uri, ':', &scheme) || !uri.p)
		return none;
	if (span_starts(uri, "//"))
		uri = before((struct span){uri.p + 2, uri.len - 2}, "/?#");
	else if (span_equal_nocase(scheme, "sip") || span_equal_nocase(scheme, "sips"))
		uri = before(uri, ";?");
	else
		return none;
	while (span_next(&uri, '@', &part))
		continue;
	part = names_host(before(part, ":"));
	return addr_parse_host(&addr, part.p, part.len, 0) == 0 ? none : part;
}

static bool allows_names(gnutls_x509_name_constraints_t constraints,
	const struct names *names, struct span *ret_name)
{
	struct span cn = names_host(span_of(names->cn));
	struct span name;
	unsigned type;

	/* A CN that is no host name is no name either. */
	if (cn.len > 0 && !allows(constraints, GNUTLS_SAN_DNSNAME, cn)) {
		*ret_name = cn;
		return false;
	}
	for (unsigned i = 0; names_get(names, i, &type, &name); i++) {
		if (type == GNUTLS_SAN_URI &&
			!allows(constraints, GNUTLS_SAN_URI, uri_host(name))) {
			*ret_name = name;
			return false;
		}
	}
	return true;
}

bool constraints_allow(
	gnutls_x509_crt_t authority, const struct names *names, struct span *ret_name)
{
	gnutls_x509_name_constraints_t constraints;
	bool allowed = false;
	int err;

	*ret_name = (struct span){NULL, 0};
	if (gnutls_x509_name_constraints_init(&constraints) < 0)
		return false;
	err = gnutls_x509_crt_get_name_constraints(authority, constraints, 0, NULL);
	if (err == GNUTLS_E_REQUESTED_DATA_NOT_AVAILABLE)
		allowed = true;
	else if (err >= 0)
		allowed = allows_names(constraints, names, ret_name);
	gnutls_x509_name_constraints_deinit(constraints);
	return allowed;
}
