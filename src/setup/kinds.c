#include "setup/kinds.h"

#include <stdio.h>
#include <string.h>

/* clang-format off */
const struct kinds_kind kinds_all[] = {
	{"asterisk", "Asterisk with chan_pjsip", true, true,
		"asterisk", "asterisk", 5061, "tls", false, false},
	{"freeswitch", "FreeSWITCH", true, true,
		"freeswitch", "freeswitch", 5061, "tls", false, false},
	{"kamailio", "Kamailio", true, true,
		"generic-tls", "kamailio", 5061, "tls", false, false},
	{"sfb", "Skype for Business or Lync Server", true, true,
		"sfb", "sfb", 5067, "tls", true, false},
	{"teams", "Microsoft Teams Direct Routing", false, true,
		"teams", "teams", 5061, "tls", true, true},
	{"audiocodes", "AudioCodes Mediant", false, true,
		"audiocodes-mediant", "generic", 5061, "tls", false, false},
	{"cisco", "Cisco ISR", false, true,
		"cisco-isr", "generic", 5061, "tls", false, false},
	{"carrier", "a carrier or any gateway with mutual TLS and SRTP", false, true,
		"generic-tls", "generic", 5061, "tls", false, false},
	{"carrier-tcp", "a carrier in plain, over TCP", false, true,
		"generic-tcp", "generic", 5060, "tcp", false, false},
	{"carrier-udp", "a carrier in plain, over UDP", false, true,
		"generic-udp", "generic", 5060, "udp", false, false},
	{"generic", "any server with mutual TLS and SRTP (SDES)", true, false,
		"", "generic", 5061, "tls", false, false},
	{NULL, NULL, false, false, NULL, NULL, 0, NULL, false, false},
};
/* clang-format on */

const struct kinds_kind *kinds_find(const char *name, bool trunk)
{
	for (const struct kinds_kind *kind = kinds_all; kind->name; kind++)
		if ((trunk ? kind->trunk : kind->pbx) && strcmp(kind->name, name) == 0)
			return kind;
	return NULL;
}

void kinds_list(bool trunk, char *out, unsigned size)
{
	for (const struct kinds_kind *kind = kinds_all; kind->name; kind++) {
		size_t at = strlen(out);

		if ((trunk ? kind->trunk : kind->pbx) && at + 1 < size)
			snprintf(out + at, size - at, "%s%s", at ? ", " : "", kind->name);
	}
}
