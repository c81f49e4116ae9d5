/* A caller is shown by a number of his location, and is called back by it (trunk/elin.h). */
#include "bridge/call_priv.h"

#include "base/log.h"
#include "sip/multipart.h"
#include "sip/pidf.h"
#include "trunk/elin.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Those that the call itself names, in a part of its INVITE. */
static unsigned of_message(
	const struct message *invite, struct span ret[static ELIN_CHOICE])
{
	struct multipart body;
	unsigned count = 0;

	if (multipart_read(&body, invite, NULL))
		return 0;
	for (unsigned i = 0; i < body.count && !count; i++)
		if (span_equal_nocase(body.parts[i].type, "application/pidf+xml"))
			count = pidf_elins(body.parts[i].body, ret);
	return count;
}

static uint64_t now_us(const struct call *call)
{
	struct clock *clock = timers_clock(call->bridge->timers);

	return clock->mono_us(clock);
}

static uint64_t keep_us(const struct bridge *bridge)
{
	return 1000 * bridge->config->emergency.elin_keep_ms;
}

static void log_taken(const struct call *call, enum elin_taken taken)
{
	char elin[LOG_TEXT_SIZE], caller[LOG_TEXT_SIZE];

	log_number(elin, call->elin, strlen(call->elin));
	log_number(caller, call->from, strlen(call->from));
	if (taken == ELIN_REUSED)
		log_warning("call", "call=%s event=elin-reused elin=%s caller=%s",
			call->id, elin, caller);
	else
		log_info("call", "call=%s event=elin elin=%s caller=%s", call->id, elin,
			caller);
}

static void take(struct call *call)
{
	const struct elin_caller caller = {.kind = call->a->trunk->kind,
		.trunk = call->a->trunk->id,
		.number = span_of(call->from)};
	struct span numbers[ELIN_CHOICE];
	unsigned count = of_message(call->party->source, numbers);
	const struct elin *elin;
	enum elin_taken taken;

	if (!count)
		count = elins_configured(call->config, caller.number, numbers);
	if (!count || elins_take(call->bridge->elins, numbers, count, &caller,
			      now_us(call), keep_us(call->bridge), &elin, &taken))
		return;
	call->elin = strdup(elin->number);
	if (call->elin)
		log_taken(call, taken);
	else
		elins_leave(call->bridge->elins, elin->number, now_us(call));
}

struct span call_elin(struct call *call)
{
	if (!call->emergency || call->emergency == EMERGENCY_CALLBACK ||
		!call->b->settings->emergency.elin)
		return (struct span){0};
	if (!call->elin)
		take(call);
	return span_of(call->elin);
}

int call_elin_back(struct call *call, const struct trunk **ret)
{
	struct bridge *bridge = call->bridge;
	const struct elin *elin = elins_called(
		bridge->elins, span_of(call->to), now_us(call), keep_us(bridge));

	*ret = NULL;
	if (!elin)
		return 0;
	*ret = trunks_find(bridge->trunks, elin->kind, elin->trunk);
	call->elin = strdup(elin->number);
	if (!call->elin)
		return -ENOMEM;
	call->party->called.phone = (struct phone){.is_number = true};
	return party_keep(
		call->party, span_of(elin->caller), &call->party->called.phone.number);
}

static bool has_taken(const struct call *call)
{
	return call->elin && call->emergency != EMERGENCY_CALLBACK;
}

void call_elin_end(struct call *call)
{
	if (has_taken(call))
		elins_leave(call->bridge->elins, call->elin, now_us(call));
}

void call_elin_resumed(struct call *call)
{
	if (has_taken(call))
		elins_resume(call->bridge->elins, call->elin);
}
