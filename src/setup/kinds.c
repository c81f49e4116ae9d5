#include "setup/kinds.h"

#include <stdio.h>
#include <string.h>

/* clang-format off */
const struct kinds_kind kinds_all[] = {
	{"asterisk", "Asterisk with chan_pjsip", true, true,
		"asterisk", NULL, "asterisk", 5061, "tls", false, false},
	{"freeswitch", "FreeSWITCH", true, true,
		"freeswitch", NULL, "freeswitch", 5061, "tls", false, false},
	{"kamailio", "Kamailio", true, true,
		"generic-tls", NULL, "kamailio", 5061, "tls", false, false},
	{"cucm", "Cisco Unified Communications Manager", true, true,
		"cucm", NULL, "generic", 5061, "tls", true, false},
	{"avaya", "Avaya Aura Session Manager", true, true,
		"avaya", NULL, "generic", 5061, "tls", true, false},
	{"sfb", "Skype for Business or Lync Server", true, true,
		"sfb", NULL, "sfb", 5067, "tls", true, false},
	{"teams", "Microsoft Teams Direct Routing", false, true,
		"teams", "sip.pstnhub.microsoft.com", "teams", 5061, "tls", true, true},
	{"audiocodes", "AudioCodes Mediant", false, true,
		"audiocodes-mediant", NULL, "generic", 5061, "tls", false, false},
	{"cisco", "Cisco ISR", false, true,
		"cisco-isr", NULL, "generic", 5061, "tls", false, false},
	{"3cx", "3CX, in plain", false, true,
		"3cx", NULL, "generic", 5060, "udp", false, false},
	{"carrier", "a carrier or any gateway with mutual TLS and SRTP", false, true,
		"generic-tls", NULL, "generic", 5061, "tls", false, false},
	{"carrier-tcp", "a carrier in plain, over TCP", false, true,
		"generic-tcp", NULL, "generic", 5060, "tcp", false, false},
	{"carrier-udp", "a carrier in plain, over UDP", false, true,
		"generic-udp", NULL, "generic", 5060, "udp", false, false},
	{"generic", "any server with mutual TLS and SRTP (SDES)", true, false,
		"", NULL, "generic", 5061, "tls", false, false},
	{NULL, NULL, false, false, NULL, NULL, NULL, 0, NULL, false, false},
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
