/*
 * Name constraints (RFC 5280 4.2.1.10), as far as the library does not apply them: to URIs,
 * which are what a SIP server is known by (RFC 5922), and to the CN where that is the name.
 * Loop thread.
 */
#pragma once

#include "tls/names.h"

#include "base/span.h"

/*
 * Whether AUTHORITY may vouch for NAMES: a URI constraint is held against the host of each
 * URI ("example.com" that host alone, ".example.com" those below), a DNS constraint against the
 * CN of names without a SAN. False, with the name that it must not vouch for in RET_NAME
 * (borrowed from NAMES; empty: the constraints cannot be read).
 */
bool constraints_allow(
	gnutls_x509_crt_t authority, const struct names *names, struct span *ret_name);
