#include "bridge/bridge.h"
#include "bridge/demand.h"
#include "bridge/drill.h"
#include "learn/learn.h"

#include "fakes.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

void bridge_each_call(struct bridge *bridge,
	void (*h)(void *arg, const struct record *record, const char *state), void *arg)
{
	(void)bridge;
	if (fakes.call)
		h(arg, fakes.call, "talking");
}

void bridge_each_subscription(struct bridge *bridge,
	void (*h)(void *arg, const struct bridge_subscription *subscription), void *arg)
{
	const struct bridge_subscription subscription = {
		.record = fakes.call, .package = "presence", .left_s = 120};

	(void)bridge;
	if (fakes.call)
		h(arg, &subscription);
}

int bridge_end_subscription(struct bridge *bridge, const char *id)
{
	return bridge_hangup(bridge, id);
}

bool bridge_show_call(struct bridge *bridge, const char *id,
	void (*h)(void *arg, const struct record *record, const char *state), void *arg)
{
	(void)bridge;
	if (!fakes.call || strcmp(id, fakes.call->id) != 0)
		return false;
	h(arg, fakes.call, "talking");
	return true;
}

void bridge_tell_parties(struct bridge *bridge)
{
	(void)bridge;
	fakes.parties_told++;
}

const char *bridge_call_id(const struct bridge *bridge, uint64_t number,
	char buf[static BRIDGE_CALL_ID_SIZE])
{
	(void)bridge;
	snprintf(buf, BRIDGE_CALL_ID_SIZE, "5f3c-%06llx", (unsigned long long)number);
	return buf;
}

void bridge_watch_keys(struct bridge *bridge, bridge_media_keys_h *h, void *arg)
{
	(void)bridge;
	(void)h;
	(void)arg;
}

int bridge_hangup(struct bridge *bridge, const char *id)
{
	(void)bridge;
	if (!fakes.call || strcmp(id, fakes.call->id) != 0)
		return -ENOENT;
	fakes.hangups++;
	return 0;
}

int drill_start(struct bridge *bridge, struct trunk *trunk,
	const struct testcall_user *user, struct testcall **ret, struct err_text *text)
{
	(void)bridge;
	(void)trunk;
	(void)user;
	(void)ret;
	return err_set(text, ERR_STATE, "no drill here");
}

void testcall_forget(struct testcall *testcall)
{
	(void)testcall;
}

/* It is the test's to end it. */
int learn_start(
	const struct learn_params *params, struct learn **ret, struct err_text *text)
{
	if (fakes.learn_refused)
		return err_set(text, ERR_TRUST, "%s is not called", params->called);
	fakes.learn = *params;
	snprintf(fakes.learn_called, sizeof(fakes.learn_called), "%s from %s",
		params->called, params->caller);
	*ret = (struct learn *)&fakes;
	return 0;
}

void learn_stop(struct learn *learn)
{
	(void)learn;
	fakes.learns_stopped++;
}

void bridge_totals(const struct bridge *bridge, struct bridge_totals *ret)
{
	(void)bridge;
	*ret = (struct bridge_totals){
		.calls = 1, .started = 9, .ended = 8, .subscriptions = 2};
}

void bridge_limits(const struct bridge *bridge, struct config_limits *ret_limits,
	struct limit_question *ret)
{
	static const struct limit_use use = {.early = 1, .reached = {[LIMIT_CALLS] = 3}};

	(void)bridge;
	*ret_limits = (struct config_limits){.max_calls = 10,
		.max_calls_in = CONFIG_UNLIMITED,
		.max_calls_out = CONFIG_UNLIMITED,
		.max_early = 5,
		.max_rate = CONFIG_UNLIMITED,
		.max_rate_in = CONFIG_UNLIMITED,
		.max_rate_out = CONFIG_UNLIMITED};
	*ret = (struct limit_question){
		.use = &use, .limits = ret_limits, .calls = 1, .way = LIMIT_IN};
}

unsigned bridge_call_count(const struct bridge *bridge)
{
	(void)bridge;
	return 1;
}

bool bridge_refused(const struct bridge *bridge, enum side side, unsigned nth,
	const char **ret_reason, uint64_t *ret_count)
{
	(void)bridge;
	if (side != SIDE_EXTERNAL || nth > 0)
		return false;
	*ret_reason = "bad-via";
	*ret_count = 5;
	return true;
}

int demand_start(
	struct bridge *bridge, const struct demand_params *params, unsigned *ret_number)
{
	(void)bridge;
	if (fakes.demand.number)
		return ERR_LIMIT;
	fakes.demand =
		(struct demand){.number = 1, .kind = params->kind, .mode = params->mode};
	fakes.demand.until_us = params->for_s * 1000000;
	snprintf(fakes.demand.text, sizeof(fakes.demand.text), "%s", params->text);
	snprintf(fakes.demand.who, sizeof(fakes.demand.who), "%s", params->who);
	*ret_number = 1;
	return 0;
}

bool demand_stop(struct bridge *bridge, unsigned number)
{
	(void)bridge;
	if (!fakes.demand.number || fakes.demand.number != number)
		return false;
	fakes.demand.number = 0;
	return true;
}

const struct demand *demand_next(const struct bridge *bridge, const struct demand *demand)
{
	(void)bridge;
	return demand || !fakes.demand.number ? NULL : &fakes.demand;
}

const char *demand_kind_name(enum demand_kind kind)
{
	return kind == DEMAND_CALL ? "call" : kind == DEMAND_NUMBER ? "number" : "trunk";
}
