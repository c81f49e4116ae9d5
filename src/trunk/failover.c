#include "trunk/failover.h"

#include <stddef.h>

enum failover_cause failover_cause(int status, bool next)
{
	if (status >= 600)
		return FAILOVER_DECLINED;
	if (!next)
		return status < 400 ? FAILOVER_REDIRECTED : FAILOVER_REFUSED;
	switch (status) {
	case 408:
		return FAILOVER_TIMEOUT;
	case 503:
		return FAILOVER_UNAVAILABLE;
	default:
		return FAILOVER_NEXT;
	}
}

bool failover_says_too_much(int status)
{
	/* RFC 3261 21.4, RFC 6442 4.3 (424); 488 and 606 where a body is meant that is not the
	 * description; 500 is what phones say that do not know multipart */
	static const int statuses[] = {
		400, 406, 413, 415, 420, 424, 488, 493, 500, 513, 606};

	for (size_t i = 0; i < sizeof(statuses) / sizeof(statuses[0]); i++)
		if (status == statuses[i])
			return true;
	return false;
}

/* Once somebody's telephone rings, another one is not made to ring too, but where that is wanted. Early media was
 * heard: what comes next would not fit it. */
static const enum failover_step steps[FAILOVER_CAUSES][FAILOVER_PHASES] = {
	[FAILOVER_UNREACHED] =
		{
			[FAILOVER_QUIET] = FAILOVER_ADDRESS,
			[FAILOVER_RINGING] = FAILOVER_STOP,
			[FAILOVER_RINGING_ON] = FAILOVER_TARGET,
			[FAILOVER_MEDIA] = FAILOVER_STOP,
		},
	[FAILOVER_TIMEOUT] =
		{
			[FAILOVER_QUIET] = FAILOVER_ADDRESS,
			[FAILOVER_RINGING] = FAILOVER_STOP,
			[FAILOVER_RINGING_ON] = FAILOVER_STOP,
			[FAILOVER_MEDIA] = FAILOVER_STOP,
		},
	[FAILOVER_UNAVAILABLE] =
		{
			[FAILOVER_QUIET] = FAILOVER_ADDRESS,
			[FAILOVER_RINGING] = FAILOVER_STOP,
			[FAILOVER_RINGING_ON] = FAILOVER_TARGET,
			[FAILOVER_MEDIA] = FAILOVER_STOP,
		},
	[FAILOVER_NEXT] =
		{
			[FAILOVER_QUIET] = FAILOVER_TARGET,
			[FAILOVER_RINGING] = FAILOVER_STOP,
			[FAILOVER_RINGING_ON] = FAILOVER_STOP,
			[FAILOVER_MEDIA] = FAILOVER_STOP,
		},
	[FAILOVER_REDIRECTED] =
		{
			[FAILOVER_QUIET] = FAILOVER_STOP,
			[FAILOVER_RINGING] = FAILOVER_STOP,
			[FAILOVER_RINGING_ON] = FAILOVER_STOP,
			[FAILOVER_MEDIA] = FAILOVER_STOP,
		},
	[FAILOVER_REFUSED] =
		{
			[FAILOVER_QUIET] = FAILOVER_STOP,
			[FAILOVER_RINGING] = FAILOVER_STOP,
			[FAILOVER_RINGING_ON] = FAILOVER_STOP,
			[FAILOVER_MEDIA] = FAILOVER_STOP,
		},
	[FAILOVER_DECLINED] =
		{
			[FAILOVER_QUIET] = FAILOVER_STOP,
			[FAILOVER_RINGING] = FAILOVER_STOP,
			[FAILOVER_RINGING_ON] = FAILOVER_STOP,
			[FAILOVER_MEDIA] = FAILOVER_STOP,
		},
};

/* In every phase. What one address refused, another of the same far end may not. */
static const enum failover_step emergency_steps[FAILOVER_CAUSES] = {
	[FAILOVER_UNREACHED] = FAILOVER_ADDRESS,
	[FAILOVER_TIMEOUT] = FAILOVER_ADDRESS,
	[FAILOVER_UNAVAILABLE] = FAILOVER_ADDRESS,
	[FAILOVER_NEXT] = FAILOVER_ADDRESS,
	[FAILOVER_REDIRECTED] = FAILOVER_TARGET,
	[FAILOVER_REFUSED] = FAILOVER_TARGET,
	[FAILOVER_DECLINED] = FAILOVER_STOP,
};

enum failover_step failover_step(
	enum failover_cause cause, enum failover_phase phase, bool emergency)
{
	return emergency ? emergency_steps[cause] : steps[cause][phase];
}
