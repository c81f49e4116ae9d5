/* What is told and counted of emergency calls, beside what is of every call. */
#include "bridge/call_priv.h"

#include "base/log.h"
#include "trunk/emergency.h"

#include <string.h>

uint64_t call_silence_ms(const struct call *call)
{
	return call->held || call->emergency ? call->config->media.hold_timeout_ms
					     : call->config->media.timeout_ms;
}

const char *call_location_name(const struct call *call)
{
	static const char *const names[CALL_LOCATIONS] = {
		[CALL_LOCATION_NONE] = "",
		[CALL_LOCATION_DROPPED] = "dropped",
		[CALL_LOCATION_PASSED] = "passed",
	};

	return names[call->location];
}

void call_emergency_begin(struct call *call)
{
	char caller[LOG_TEXT_SIZE], called[LOG_TEXT_SIZE];

	if (!call->emergency)
		return;
	call->bridge->emergencies.started++;
	call->bridge->emergencies.now++;
	log_warning("call",
		"call=%s event=emergency-call emergency=%s %s=%s caller=%s called=%s",
		call->id, emergency_name(call->emergency),
		trunk_word(call->a->trunk->kind), call->a->trunk->id,
		log_number(caller, call->from, strlen(call->from)),
		log_number(called, call->to, strlen(call->to)));
}

void call_emergency_resumed(struct call *call)
{
	if (call->emergency)
		call->bridge->emergencies.now++;
}

void call_emergency_end(struct call *call)
{
	struct bridge_emergencies *counts = &call->bridge->emergencies;
	char why[LOG_TEXT_SIZE];
	const char *detail = call->detail ? call->detail : call->cause;

	if (!call->emergency)
		return;
	counts->now--;
	if (call->answer_us) {
		counts->answered++;
	} else if (call->ended_by == CALL_BY_A) {
		counts->given_up++;
	} else {
		counts->failed++;
		log_error("call",
			"call=%s event=emergency-call-failed %s=%s status=%d reason=%s",
			call->id, trunk_word(call->a->trunk->kind), call->a->trunk->id,
			call->status, log_said(why, detail, strlen(detail)));
	}
}
