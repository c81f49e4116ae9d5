#include "bridge/captured.h"

#include "base/tap.h"

enum config_audit captured_rule(const struct config *config,
	const struct config_gateway *a, const struct config_gateway *b)
{
	if (a && b)
		return a->audit < b->audit ? a->audit : b->audit;
	if (!a && !b)
		return config->audit.mode;
	return a ? a->audit : b->audit;
}

void captured_first(const struct bridge *bridge, uint64_t call,
	const struct message *message, const struct flow *flow, uint64_t wall_us)
{
	const struct tap *tap = bridge->tap;
	const struct span text = message_text(message);
	const struct tap_message tapped = {.call = call,
		.wall_us = wall_us,
		.transport = (enum tap_transport)flow->kind,
		.source = flow->remote,
		.destination = flow->local,
		.data = text.p,
		.len = text.len};

	if (tap && tap->message_h)
		tap->message_h(tap->arg, &tapped);
}
