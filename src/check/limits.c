/* What the system allows the process. */
#include "check/check_priv.h"

#include <stdio.h>
#include <sys/resource.h>

/* What is open at most: connections of two sides, and two sockets a line at each end of a call, as far as
 * there are ports for them. */
static uint64_t descriptors_needed(const struct config *config)
{
	const uint64_t ports =
		(uint64_t)(config->media.port_max - config->media.port_min + 1);
	const uint64_t lines = 4 * (uint64_t)config->limits.calls.max_calls;

	return 100 + 2 * (uint64_t)config->limits.max_connections +
	       (lines < 2 * ports ? lines : 2 * ports);
}

void check_limits(struct check *check)
{
	const uint64_t needed = descriptors_needed(check->config);
	struct rlimit files;
	char remedy[256];

	if (getrlimit(RLIMIT_NOFILE, &files) || files.rlim_max >= needed)
		return;
	snprintf(remedy, sizeof(remedy),
		"raise it (LimitNOFILE=%llu in the unit, ulimit -Hn), or lower these "
		"and [media] ports",
		(unsigned long long)needed);
	findings_add(check->findings, FINDING_WARNING,
		where_main(check, "limits", "max-connections"), remedy,
		"%llu descriptors are allowed, %llu may be needed: calls and connections "
		"will be refused before max-calls and max-connections",
		(unsigned long long)files.rlim_max, (unsigned long long)needed);
}
