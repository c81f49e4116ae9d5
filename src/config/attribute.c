#include "config/attribute.h"

#include <stddef.h>

bool attribute_is_of_hop(struct span name)
{
	static const char *const names[] = {
		/* keys (RFC 4568, 4567, 8122, 8842, 6189) and who vouches for them (RFC 8224) */
		"crypto", "cryptoscale", "key-mgmt", "fingerprint", "setup", "connection",
		"tls-id", "dtls-id", "identity", "zrtp-hash", "encryption", "3ge2ae",
		/* transport addresses (RFC 3605, 5761, 8839, 4570, 6947) */
		"rtcp", "rtcp-mux", "rtcp-mux-only", "rtcp-rsize", "candidate",
		"remote-candidates", "end-of-candidates", "candidates", "alt", "altc",
		"source-filter", "oldmediaip", "visited-realm", "secondary-realm",
		/* streams and their grouping, which our own are in place of (RFC 5576, 5888) */
		"ssrc", "ssrc-group", "cname", "mid", "group", "msid", "msid-semantic",
		"bundle-only", "rid", "simulcast",
		/* capabilities of the other hop (RFC 3407, 5939, 6871, 7006) */
		"sqn", "cdsc", "cpar", "cparmin", "cparmax", "csup", "creq", "acap",
		"tcap", "bcap", "ccap", "icap", "pcfg", "acfg", "lcfg", "mcap", "mfcap",
		"mscap", "omcap", "rmcap", "sescap",
		/* preconditions (RFC 3312, 5027): nobody would confirm them */
		"curr", "des", "conf",
		/* ours */
		"sendrecv", "sendonly", "recvonly", "inactive", "tool"};
	static const char *const prefixes[] = {"ice-", "omr-"};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (span_equal_nocase(name, names[i]))
			return true;
	for (size_t i = 0; i < sizeof(prefixes) / sizeof(prefixes[0]); i++)
		if (name.len > 4 &&
			span_equal_nocase((struct span){name.p, 4}, prefixes[i]))
			return true;
	return false;
}
