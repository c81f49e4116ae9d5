#include "bridge/captured.h"

enum config_audit captured_rule(const struct config *config,
	const struct config_gateway *a, const struct config_gateway *b)
{
	if (a && b)
		return a->audit < b->audit ? a->audit : b->audit;
	if (!a && !b)
		return config->audit.mode;
	return a ? a->audit : b->audit;
}

uint32_t captured_party(struct bridge *bridge)
{
	/* 0 is nobody */
	bridge->last_party = tap_owner_party(bridge->last_party + UINT64_C(1));
	if (bridge->last_party == 0)
		bridge->last_party = 1;
	return bridge->last_party;
}

bool captured_is_watched(const struct bridge *bridge, enum config_audit mode)
{
	return mode != CONFIG_AUDIT_OFF || (bridge->tap && bridge->tap->all);
}

bool captured_first_is_due(
	const struct bridge *bridge, enum config_audit mode, bool *shown, bool *tapped)
{
	const bool captured = mode != CONFIG_AUDIT_OFF;

	if (!captured_is_watched(bridge, mode) || (captured ? *tapped : *shown))
		return false;
	*shown = true;
	*tapped |= captured;
	return true;
}

void captured_tell(const struct bridge *bridge, const struct tap_party *party)
{
	const struct tap *tap = bridge->tap;

	if (tap && tap->party_h)
		tap->party_h(tap->arg, party);
}

void captured_first(const struct bridge *bridge, uint64_t owner,
	const struct message *message, const struct flow *flow, uint64_t mono_us)
{
	const struct tap *tap = bridge->tap;
	const struct span text = message_text(message);
	const struct tap_message tapped = {.call = tap_owner_call(owner),
		.party = tap_owner_party(owner),
		.mono_us = mono_us,
		.transport = (enum tap_transport)flow->kind,
		.first = true,
		.source = flow->remote,
		.destination = flow->local,
		.version = flow->version,
		.cipher = flow->cipher,
		.peer_names = flow->peer_names,
		.data = text.p,
		.len = text.len};

	if (tap && tap->message_h)
		tap->message_h(tap->arg, &tapped);
}
