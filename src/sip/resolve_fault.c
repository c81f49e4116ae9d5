#include "sip/resolve_fault.h"

#include "base/descriptors.h"
#include "base/err.h"

#include <stddef.h>
#include <unbound.h>

/* RFC 1035 4.1.1. Faults name what to look at. */
#define RCODE_SERVFAIL 2
#define RCODE_NXDOMAIN 3
static const struct {
	int rcode;
	const char *fault; /* NULL: it is an answer, if perhaps an empty one */
} rcodes[] = {
	{0, NULL},
	{1, "FORMERR, the name server does not understand the question"},
	{RCODE_SERVFAIL, "SERVFAIL, the name servers of the domain give no answer"},
	{RCODE_NXDOMAIN, NULL},
	{4, "NOTIMP, the name server does not do such queries"},
	{5, "REFUSED by the name server, see [tandem] dns-server"},
};

const char *resolve_fault(int err, const struct ub_result *result)
{
	int none;

	if (err)
		return ub_strerror(err);
	if (result->bogus)
		return "DNSSEC validation failed, the answer is not the domain's own";
	/* libunbound asks by sockets of its own, and without them says SERVFAIL. */
	none = result->rcode == RCODE_SERVFAIL ? descriptors_try() : 0;
	if (descriptors_are_out(none))
		return err_str(none);
	for (size_t i = 0; i < sizeof(rcodes) / sizeof(rcodes[0]); i++) {
		if (rcodes[i].rcode == result->rcode)
			return rcodes[i].fault;
	}
	return "an error of DNS that has no name here";
}
