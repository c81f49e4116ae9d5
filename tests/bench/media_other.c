/*
 * Another build's relay as a media server: what `tests/bench/media --against BUILD` links with the
 * objects and the library of that build, and with its headers. bench_media starts it, and talks to
 * it as to a child of its own.
 *
 *   media_other FD SIZE IO TICK SUITE INTERNAL EXTERNAL
 *
 * SIZE is sizeof(struct media_call) as bench_media has it, IO and SUITE are numbers of enum
 * relay_io and enum relay_suite, the last two are addresses.
 */
#include "media_server.h"

#include <stdio.h>
#include <stdlib.h>

int main(int argc, char **argv)
{
	struct media_params params = {.kind = MEDIA_TANDEM};
	struct addr local[2];

	if (argc != 8)
		return 2;
	if (strtoul(argv[2], NULL, 10) != sizeof(struct media_call)) {
		fputs("media_other: that build's calls look otherwise\n", stderr);
		return 1;
	}
	params.io = (enum relay_io)strtoul(argv[3], NULL, 10);
	params.tick_us = (unsigned)strtoul(argv[4], NULL, 10);
	params.suite = (enum relay_suite)strtoul(argv[5], NULL, 10);
	for (unsigned i = 0; i < 2; i++)
		media_check(addr_parse(&local[i], argv[6 + i], 0), argv[6 + i]);
	media_tandem_run(&params, local, (int)strtol(argv[1], NULL, 10));
	return 0;
}
