/* What all calls of the bridge together may be, and what a caller is told who would be one too many. */
#include "bridge/bridge_priv.h"

#include <stdio.h>

#define RETRY_S 10 /* where nothing says when there is room */

void bridge_limits(const struct bridge *bridge, struct config_limits *ret_limits,
	struct limit_question *ret)
{
	*ret_limits = limit_of_all(bridge->config);
	*ret = (struct limit_question){.use = &bridge->use,
		.limits = ret_limits,
		.calls = bridge->call_count,
		.way = LIMIT_IN,
		.now_us = trunks_now_us(bridge->trunks)};
}

const char *bridge_retry_line(unsigned seconds, char buf[static BRIDGE_RETRY_SIZE])
{
	snprintf(buf, BRIDGE_RETRY_SIZE, "Retry-After: %u\r\n",
		seconds ? seconds : RETRY_S);
	return buf;
}
