/*
 * Prints the rules by which a TLS connection is refused as rows of a table, each with what to do; see
 * tests/lint/events.sh.
 */
#include "tls/explain.h"
#include "tls/peer.h"

#include <stdio.h>
#include <string.h>

int main(void)
{
	for (unsigned i = 0; i < PEER_RULES; i++) {
		const char *fix = explain_fix(i);

		if (i != PEER_OK && fix)
			printf("| `rule=%s` | %s |\n", peer_rule_name(i), fix);
	}
	return 0;
}
