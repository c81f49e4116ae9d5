#include "upkeep/register_client.h"

#include "base/log.h"
#include "base/secret.h"
#include "sip/compose.h"
#include "sip/failure.h"
#include "upkeep/register_request.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* 423 is followed so often in one round. */
#define RAISED_MAX 2
/* A connection that ended sooner than that after it was registered was lost soon. */
#define LOST_SOON_MS 60000

static void tell(struct register_client *client, enum register_event event);

/* ---- small things ---- */

static struct timers *timers_of(const struct register_client *client)
{
	return client->params.by->timers;
}

static uint32_t dice(void)
{
	return (uint32_t)secret_below(UINT64_C(1) << 32);
}

static time_t wall_now(const struct register_client *client)
{
	struct clock *clock = timers_clock(timers_of(client));

	return (time_t)(clock->wall_us(clock) / 1000000);
}

static bool is_leaving(const struct register_client *client)
{
	return client->state == REGISTER_LEAVING;
}

static uint64_t expires_ms(const struct register_client *client)
{
	return client->expires_ms ? client->expires_ms : client->plan.expires_ms;
}

/* ---- timers ---- */

static void gate_h(void *arg)
{
	tell(arg, REGISTER_DUE);
}

static void due_h(void *arg)
{
	struct register_client *client = arg;

	if (client->soon_set) {
		client->soon_set = false;
		tell(client, client->soon);
		return;
	}
	client->binding.next = 0;
	gate_enter(client->params.gate, &client->user, gate_h, client);
}

static void wait_ms(struct register_client *client, uint64_t ms)
{
	client->soon_set = false;
	client->binding.next = wall_now(client) + (time_t)((ms + 999) / 1000);
	timer_start(timers_of(client), &client->due, ms, due_h, client);
}

/* EVENT is told when the stack is unwound: what failed at once may fail at once again. */
static void tell_soon(struct register_client *client, enum register_event event)
{
	client->soon = event;
	client->soon_set = true;
	timer_start(timers_of(client), &client->due, 0, due_h, client);
}

static void expiry_h(void *arg)
{
	tell(arg, REGISTER_EXPIRED);
}

/* ---- the connection of the binding ---- */

static void release_flow(struct register_client *client)
{
	struct flow *flow = client->binding.flow;

	client->binding.flow = NULL;
	register_flow_stop(&client->keep);
	if (flow)
		flow_release(flow, &client->watch.node);
}

static void closed_h(void *arg, const char *why)
{
	struct register_client *client = arg;

	release_flow(client);
	client->lost = true;
	snprintf(client->binding.why, sizeof(client->binding.why),
		"its connection ended: %.250s", why);
	tell(client, client->plan.outbound ? REGISTER_FLOW_LOST : REGISTER_LOST);
}

static void hold_flow(struct register_client *client, struct flow *flow)
{
	if (flow == client->binding.flow)
		return;
	release_flow(client);
	if (!flow_is_reliable(flow) || flow->closed)
		return;
	client->watch.closed_h = closed_h;
	client->watch.arg = client;
	flow_hold(flow, FLOW_WATCH, &client->watch.node);
	client->binding.flow = flow;
}

/* The binding was made over FLOW, of which the registrar wants to hear each FLOW_TIMER_MS (0: it said none). */
static void keep_flow(
	struct register_client *client, struct flow *flow, uint64_t flow_timer_ms)
{
	hold_flow(client, flow);
	if (client->binding.flow && client->plan.outbound)
		register_flow_keep(&client->keep, timers_of(client), flow, flow_timer_ms);
}

/* ---- one round: each address is asked until one serves ---- */

static void drop_round(struct register_client *client)
{
	register_send_stop(&client->send);
	register_place_stop(&client->place);
	target_unref(client->target);
	client->target = NULL;
	client->soon_set = false;
	timer_stop(&client->patience);
	timer_stop(&client->due);
	gate_leave(&client->user);
}

static void note_failure(struct register_client *client, int status, const char *why)
{
	struct binding *binding = &client->binding;

	binding->status = status;
	binding->status_at = wall_now(client);
	binding->failures++;
	err_reason(binding->why, why);
}

static void patience_h(void *arg)
{
	struct register_client *client = arg;
	const struct flow *flow = client->send.flow;
	char why[80];

	snprintf(why, sizeof(why), "%s in %d s",
		flow && flow->opened ? "no answer to REGISTER" : "no connection",
		(is_leaving(client) ? REGISTER_LEAVE_MS : REGISTER_PATIENCE_MS) / 1000);
	register_send_stop(&client->send);
	note_failure(client, 0, why);
	tell(client, is_leaving(client) ? REGISTER_FAILED : REGISTER_ELSEWHERE);
}

static void start_patience(struct register_client *client)
{
	if (is_leaving(client) || register_place_has_more(&client->place))
		timer_start(timers_of(client), &client->patience,
			is_leaving(client) ? REGISTER_LEAVE_MS : REGISTER_PATIENCE_MS,
			patience_h, client);
}

static void set_routes(struct register_client *client, const struct message *response)
{
	struct buf routes;

	buf_init(&routes, 0);
	register_answer_routes(response, &routes);
	free(client->routes);
	client->routes = routes.len ? span_dup(buf_span(&routes)) : NULL;
	client->binding.route = client->routes ? client->routes : "";
	buf_free(&routes);
}

static void take_grant(struct register_client *client, const struct message *response,
	const struct register_answer *answer)
{
	struct binding *binding = &client->binding;

	binding->status = answer->status;
	binding->status_at = wall_now(client);
	binding->why[0] = '\0';
	client->granted_ms = answer->granted_ms;
	if (!is_leaving(client)) {
		set_routes(client, response);
		register_place_keep(&client->place, &client->address);
		keep_flow(client, client->send.flow, answer->flow_timer_ms);
	}
	tell(client, REGISTER_ACCEPTED);
}

static void take_refusal(
	struct register_client *client, const struct register_answer *answer)
{
	if (answer->after_ms > client->after_ms)
		client->after_ms = answer->after_ms;
	if (answer->event == REGISTER_AGAIN && client->raised++ < RAISED_MAX) {
		client->expires_ms = answer->min_expires_ms;
		tell(client, REGISTER_AGAIN);
		return;
	}
	note_failure(client, answer->status, answer->why);
	tell(client, answer->event == REGISTER_AGAIN ? REGISTER_REFUSED : answer->event);
}

static void take_answer(struct register_client *client, struct message *response)
{
	struct register_asked asked = {.line = span_of(client->params.registration->line),
		.reg_id = client->plan.reg_id,
		.expires_ms = client->send.expires_ms};
	struct register_answer answer;

	if (message_uri_parse(&asked.contact, span_of(client->send.contact)))
		asked.contact = (struct message_uri){.port = 0};
	register_answer_read(&answer, response, &asked);
	if (answer.event == REGISTER_ACCEPTED)
		take_grant(client, response, &answer);
	else
		take_refusal(client, &answer);
}

static void outcome_h(void *arg, const struct register_outcome *outcome)
{
	struct register_client *client = arg;

	timer_stop(&client->patience);
	if (outcome->response) {
		take_answer(client, outcome->response);
		return;
	}
	note_failure(client, 0, outcome->why);
	tell(client, REGISTER_ELSEWHERE);
}

/* A REGISTER to the address of now. */
static void send_now(struct register_client *client)
{
	const struct register_send_params params = {.by = client->params.by,
		.target = client->target,
		.address = &client->address,
		.standing = client->binding.flow,
		.host = register_place_host(&client->place),
		.plan = &client->plan,
		.registration = client->params.registration,
		.dialog = &client->dialog,
		.expires_ms = is_leaving(client) ? 0 : expires_ms(client),
		.h = outcome_h,
		.arg = client};
	struct err_text text = {{0}};

	if (register_send_start(&client->send, &params, &text)) {
		note_failure(client, 0, text.text);
		tell_soon(client, REGISTER_ELSEWHERE);
		return;
	}
	start_patience(client);
}

static void place_h(void *arg, const struct addr *address, const char *why)
{
	struct register_client *client = arg;

	if (!address) {
		if (why[0])
			note_failure(client, 0, why);
		tell_soon(client, REGISTER_FAILED);
		return;
	}
	client->address = client->binding.address = *address;
	send_now(client);
}

static void found_h(void *arg, const struct resolve_answer *answer)
{
	struct register_client *client = arg;

	client->params.handlers.found_h(client->params.handlers.arg, answer);
}

/* ---- what the machine wants ---- */

static void set_bound(struct register_client *client, bool bound)
{
	struct binding *binding = &client->binding;

	if (binding->bound != bound)
		binding->since = wall_now(client);
	binding->bound = bound;
	if (bound)
		return;
	binding->expires = 0;
	timer_stop(&client->expiry);
	release_flow(client);
}

static void act_nothing(struct register_client *client)
{
	(void)client;
}

static void act_spread(struct register_client *client)
{
	wait_ms(client, register_spread_ms(client->companions, dice()));
}

static void act_ask(struct register_client *client)
{
	struct trunk *trunk = client->params.trunk;

	client->after_ms = 0;
	client->raised = 0;
	client->binding.next = 0;
	target_unref(client->target);
	client->target = NULL;
	if (target_new(&client->target, trunk, trunk->config)) {
		note_failure(client, 0, "out of memory");
		tell_soon(client, REGISTER_FAILED);
		return;
	}
	register_place_begin(&client->place);
}

static void act_ask_again(struct register_client *client)
{
	send_now(client);
}

static void act_ask_next(struct register_client *client)
{
	register_send_stop(&client->send);
	register_place_next(&client->place);
}

static void act_ask_anew(struct register_client *client)
{
	register_send_stop(&client->send);
	register_place_stop(&client->place);
	timer_stop(&client->patience);
	act_ask(client);
}

static void act_bind(struct register_client *client)
{
	struct binding *binding = &client->binding;

	set_bound(client, true);
	client->lost = false;
	client->bound_at_ms = timers_now_ms(timers_of(client));
	binding->in_a_row = 0;
	binding->expires = wall_now(client) + (time_t)(client->granted_ms / 1000);
	drop_round(client);
	timer_start(
		timers_of(client), &client->expiry, client->granted_ms, expiry_h, client);
	wait_ms(client, register_refresh_ms(client->granted_ms, dice()));
}

/* The trouble is that of the last answer: a status that is no 5xx needs somebody to act. */
static enum register_trouble trouble_of(const struct binding *binding)
{
	return binding->status && binding->status / 100 != 5 && binding->status != 408
		       ? REGISTER_TROUBLE_REFUSED
		       : REGISTER_TROUBLE_UNREACHED;
}

static void act_pause(struct register_client *client)
{
	struct binding *binding = &client->binding;

	drop_round(client);
	wait_ms(client, register_pause_ms(trouble_of(binding), ++binding->in_a_row,
				client->after_ms, dice()));
}

static void act_unbind(struct register_client *client)
{
	set_bound(client, false);
	act_pause(client);
}

static void act_lapse(struct register_client *client)
{
	set_bound(client, false);
}

/* At once; but where connections end soon after one another, later each time. */
static void act_hurry(struct register_client *client)
{
	const uint64_t now_ms = timers_now_ms(timers_of(client));
	uint64_t pause_ms = 0;

	drop_round(client);
	if (!client->lost || now_ms - client->bound_at_ms >= LOST_SOON_MS)
		client->losses = 0;
	else if (client->losses++)
		pause_ms = register_pause_ms(
			REGISTER_TROUBLE_UNREACHED, client->losses, 0, dice());
	client->lost = false;
	wait_ms(client, pause_ms);
}

static void act_lose_hurry(struct register_client *client)
{
	set_bound(client, false);
	act_hurry(client);
}

/* At once: a connection to a trunk that left the configuration is closed at the end of this turn. */
static void act_leave(struct register_client *client)
{
	drop_round(client);
	due_h(client);
}

static void act_end(struct register_client *client)
{
	set_bound(client, false);
	drop_round(client);
}

static void (*const actions[REGISTER_ACTIONS])(struct register_client *client) = {
	[REGISTER_NOTHING] = act_nothing,
	[REGISTER_SPREAD] = act_spread,
	[REGISTER_ASK] = act_ask,
	[REGISTER_ASK_AGAIN] = act_ask_again,
	[REGISTER_ASK_NEXT] = act_ask_next,
	[REGISTER_ASK_ANEW] = act_ask_anew,
	[REGISTER_BIND] = act_bind,
	[REGISTER_PAUSE] = act_pause,
	[REGISTER_UNBIND] = act_unbind,
	[REGISTER_LAPSE] = act_lapse,
	[REGISTER_HURRY] = act_hurry,
	[REGISTER_LOSE_HURRY] = act_lose_hurry,
	[REGISTER_LEAVE] = act_leave,
	[REGISTER_END] = act_end,
};

/* ---- what is told of it ---- */

static const enum binding_state shown[REGISTER_STATES] = {
	[REGISTER_IDLE] = BINDING_LEAVING,
	[REGISTER_WAITING] = BINDING_WAITING,
	[REGISTER_ASKING] = BINDING_ASKING,
	[REGISTER_BOUND] = BINDING_REGISTERED,
	[REGISTER_REFRESHING] = BINDING_REFRESHING,
	[REGISTER_OVERDUE] = BINDING_OVERDUE,
	[REGISTER_LEAVING] = BINDING_LEAVING,
};

/* " identity="*****123" remote=192.0.2.1:5060": which binding it is. */
static const char *words(const struct register_client *client, char buf[static 400])
{
	const char *user = strchr(client->plan.aor, ':') + 1;
	char number[LOG_TEXT_SIZE], remote[ADDR_TEXT_SIZE];
	size_t len;

	len = (size_t)snprintf(buf, 400, "trunk=%s identity=%s", client->params.trunk->id,
		log_number(number, user, strcspn(user, "@")));
	if (client->plan.reg_id)
		len += (size_t)snprintf(
			buf + len, 400 - len, " reg-id=%u", client->plan.reg_id);
	if (client->address.len)
		snprintf(buf + len, 400 - len, " remote=%s",
			addr_text(&client->address, remote));
	return buf;
}

static long long until_s(const struct register_client *client, time_t then)
{
	return (long long)(then - wall_now(client));
}

/* Each change has a line, and each failure that says something else than the one before. */
static void log_change(
	struct register_client *client, enum register_event event, bool was)
{
	const struct binding *binding = &client->binding;
	char which[400];

	if (binding->bound && !was)
		log_info("register", "event=registered %s expires-s=%lld",
			words(client, which), until_s(client, binding->expires));
	else if (was && !binding->bound && client->state == REGISTER_IDLE)
		log_info("register", "event=unregistered %s", words(client, which));
	else if (was && !binding->bound)
		log_warning("register", "event=registration-lost %s reason=\"%s\"",
			words(client, which),
			binding->why[0] ? binding->why : "it expired");
	else if ((event == REGISTER_LOST && client->state == REGISTER_OVERDUE))
		log_info("register", "event=registering-again %s reason=\"%s\"",
			words(client, which), binding->why);
	if ((event == REGISTER_FAILED || event == REGISTER_REFUSED) &&
		client->state != REGISTER_IDLE &&
		(binding->in_a_row == 1 || client->said_status != binding->status))
		log_warning("register",
			"event=register-failed %s status=%d next-try-s=%lld "
			"reason=\"%s\"",
			words(client, which), binding->status,
			until_s(client, binding->next), binding->why);
	if (event == REGISTER_FAILED || event == REGISTER_REFUSED)
		client->said_status = binding->status;
}

static void tell(struct register_client *client, enum register_event event)
{
	const bool was = client->binding.bound;
	const enum register_state before = client->state;
	const enum register_action action = register_step(before, event, &client->state);

	client->binding.state = shown[client->state];
	actions[action](client);
	log_change(client, event, was);
	if (before != REGISTER_IDLE && client->state == REGISTER_IDLE)
		client->params.handlers.ended_h(client->params.handlers.arg, client);
}

/* ---- life ---- */

static void take_plan(struct register_client *client, struct register_plan *plan)
{
	register_plan_free(&client->plan);
	client->plan = *plan;
	*plan = (struct register_plan){.aor = NULL};
	client->binding.aor = client->plan.aor;
	client->binding.reg_id = client->plan.reg_id;
	client->place.plan = &client->plan;
	client->place.kept.len = 0;
	client->expires_ms = 0;
}

int register_client_new(struct register_client **ret,
	const struct register_client_params *params, struct register_plan *plan)
{
	struct register_client *client = calloc(1, sizeof(*client));

	if (!client) {
		register_plan_free(plan);
		return -ENOMEM;
	}
	list_init(&client->node);
	client->params = *params;
	trunk_ref(params->trunk);
	client->place.resolver = params->by->resolver;
	client->place.found_h = found_h;
	client->place.h = place_h;
	client->place.arg = client;
	client->binding.route = "";
	client->binding.state = shown[REGISTER_WAITING];
	client->binding.since = wall_now(client);
	take_plan(client, plan);
	*ret = client;
	return 0;
}

void register_client_free(struct register_client *client)
{
	drop_round(client);
	timer_stop(&client->expiry);
	release_flow(client);
	list_remove(&client->node);
	dialog_free(&client->dialog);
	register_plan_free(&client->plan);
	trunk_unref(client->params.trunk);
	free(client->routes);
	free(client);
}

void register_client_start(struct register_client *client, unsigned count)
{
	client->companions = count;
	tell(client, REGISTER_START);
}

void register_client_change(struct register_client *client, struct register_plan *plan)
{
	register_place_stop(&client->place);
	take_plan(client, plan);
	tell(client, REGISTER_CHANGED);
}

void register_client_stop(struct register_client *client)
{
	tell(client, REGISTER_STOP);
}
