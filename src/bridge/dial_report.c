/* What becomes of an attempt, for the health of the address. */
#include "bridge/dial.h"
#include "bridge/dismiss.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

static void report(struct dial *dial, struct health_report *heard)
{
	const struct dial_address *address = &dial->addrs[dial->tried_at];
	const struct health_time now = health_now(dial->side->bridge->timers);

	if (dial->count)
		target_report(dial->target, address->name, &address->addr, heard, &now);
}

void dial_asked(struct dial *dial)
{
	struct clock *clock = timers_clock(dial->side->bridge->timers);

	if (dial->tried && dial->tried->opened)
		dial->asked_us = clock->mono_us(clock);
}

/* The time since the request, once. */
static uint64_t round_trip(struct dial *dial)
{
	struct clock *clock = timers_clock(dial->side->bridge->timers);
	const uint64_t asked_us = dial->asked_us;

	dial->asked_us = 0;
	return asked_us ? clock->mono_us(clock) - asked_us : 0;
}

/* Retry-After of RESPONSE; false: it has none, or no number. */
static bool retry_after(const struct message *response, uint32_t *ret_s)
{
	struct span value;

	return response && message_line(response, "Retry-After", 0, &value) &&
	       message_seconds(value, ret_s);
}

void dial_heard(struct dial *dial, int status, const struct message *response)
{
	struct health_report heard = {.layer = HEALTH_CALLS,
		.event = HEALTH_TAKES,
		.status = status >= 200 ? status : 0,
		.round_trip_us = round_trip(dial)};
	uint32_t seconds;
	char why[80];

	dial->answered = dial->answered || status >= 200;
	if (status == 503 && retry_after(response, &seconds)) {
		snprintf(why, sizeof(why), "503 with Retry-After %u", (unsigned)seconds);
		heard.event = HEALTH_ASKS;
		heard.rest_ms = seconds * UINT64_C(1000);
		heard.why = why;
		if (dial->tried)
			dismiss_flow(dial->side, dial->tried, why);
	} else if (status == 100 || status == 408 || status >= 500) {
		/* it, or whoever is behind it, is there; that it serves calls is not said */
		heard.layer = HEALTH_SIP;
		heard.event = HEALTH_ANSWERS;
	}
	report(dial, &heard);
}

void dial_answered(struct dial *dial)
{
	dial->answered = true;
	report(dial, &(struct health_report){.layer = HEALTH_SIP,
			     .event = HEALTH_ANSWERS,
			     .round_trip_us = round_trip(dial)});
}

/* How far an attempt over FLOW came that failed. */
static enum health_layer layer_of(const struct flow *flow, enum dial_unheard how)
{
	if (flow->opened)
		return how == DIAL_SILENT ? HEALTH_SIP : HEALTH_TRANSPORT;
	return flow->report ? HEALTH_TLS : HEALTH_TRANSPORT;
}

enum dial_unheard dial_how(int status, bool no_listener)
{
	if (status == 408)
		return DIAL_SILENT;
	return no_listener ? DIAL_NO_LISTENER : DIAL_LOST;
}

void dial_unheard(struct dial *dial, enum dial_unheard how, const char *why)
{
	if (dial->failed || !dial->tried)
		return;
	dial->failed = true;
	report(dial,
		&(struct health_report){.layer = layer_of(dial->tried, how),
			.event = HEALTH_FAILS,
			.at_once = how == DIAL_NO_LISTENER || dial->tried->no_listener,
			.why = why});
}

void dial_unreached(struct dial *dial, int err, const char *why)
{
	/* what lies on the way, not what this machine lacks */
	static const int far[] = {
		-ECONNREFUSED, -ECONNRESET, -ETIMEDOUT, -EHOSTUNREACH, -ENETUNREACH};

	for (size_t i = 0; i < sizeof(far) / sizeof(far[0]); i++)
		if (err == far[i])
			report(dial, &(struct health_report){.layer = HEALTH_TRANSPORT,
					     .event = HEALTH_FAILS,
					     .at_once = true,
					     .why = why});
}
