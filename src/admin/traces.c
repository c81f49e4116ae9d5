/*
 * What a call is known by is told with its parties, and these only when it is about to be offered to somebody. So the first messages of
 * a call are held until it is known whether anybody wants them.
 */
#include "admin/traces.h"

#include "admin/ladder_message.h"
#include "base/hash.h"
#include "base/list.h"
#include "bridge/bridge.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TEXT_SIZE 80
#define PARTIES_MAX 8
/* The caller's INVITE, our 100 and two more. */
#define HELD_MAX 4
#define SECOND_US UINT64_C(1000000)

struct trace {
	struct traces *traces; /* NULL: nobody's */
	enum trace_kind kind;
	char text[TEXT_SIZE];
	struct pattern pattern;
	traces_h *h;
	void *arg;
	uint64_t lost; /* not yet told */
};

struct party {
	uint32_t number;
	char leg[8];
	char name[TEXT_SIZE];
};

/* A message that waits for whoever may want it. */
struct held {
	uint64_t mono_us;
	uint32_t party;
	unsigned told; /* to whom it was: a bit each */
	json_t *row;
};

struct traced {
	struct hash_node node;
	struct list recent; /* in traces.recent, silent for longest first */
	uint64_t call;
	char id[TEXT_SIZE]; /* "": not known yet */
	unsigned wanted;    /* by whom: a bit each */
	bool begun; /* its first message was told; it may come again with a capture */
	struct party parties[PARTIES_MAX];
	unsigned party_count;
	struct held held[HELD_MAX];
	unsigned held_count;
};

struct traces {
	struct taps *taps;
	struct clock *clock;
	struct bridge *bridge;
	struct taps_listener listener;
	struct trace traces[TRACES_MAX];
	unsigned active; /* a bit each */
	struct hash calls;
	struct list recent;
	unsigned call_count;
	uint64_t second_us; /* when the present second began */
	unsigned told;      /* in it */
};

/* ---- calls ---- */

static void drop_held(struct traced *call)
{
	for (unsigned i = 0; i < call->held_count; i++)
		json_decref(call->held[i].row);
	call->held_count = 0;
}

static void traced_free(struct traces *traces, struct traced *call)
{
	drop_held(call);
	list_remove(&call->recent);
	hash_remove(&traces->calls, &call->node);
	traces->call_count--;
	free(call);
}

static struct traced *find(struct traces *traces, uint64_t number)
{
	struct hash_node *node = hash_find(&traces->calls, number);

	for (; node; node = hash_find_next(node)) {
		struct traced *call = HASH_ENTRY(node, struct traced, node);

		if (call->call == number)
			return call;
	}
	return NULL;
}

/* It is found, or made; NULL: out of memory. */
static struct traced *take(struct traces *traces, uint64_t number)
{
	struct traced *call = find(traces, number);

	if (!call) {
		if (traces->call_count == TRACES_CALLS_MAX)
			traced_free(traces,
				LIST_ENTRY(traces->recent.next, struct traced, recent));
		call = calloc(1, sizeof(*call));
		if (!call)
			return NULL;
		call->call = number;
		list_init(&call->recent);
		hash_add(&traces->calls, &call->node, number);
		traces->call_count++;
	}
	list_remove(&call->recent);
	list_append(&traces->recent, &call->recent);
	return call;
}

static void forget_all(struct traces *traces)
{
	LIST_FOREACH (&traces->recent, node, next)
		traced_free(traces, LIST_ENTRY(node, struct traced, recent));
}

/* ---- who wants them ---- */

struct numbers {
	const struct pattern *pattern;
	bool matches;
};

static void take_numbers(void *arg, const struct record *record, const char *state)
{
	struct numbers *numbers = arg;

	(void)state;
	numbers->matches = pattern_matches(numbers->pattern, span_of(record->from)) ||
			   pattern_matches(numbers->pattern, span_of(record->to));
}

static bool has_number(struct traces *traces, const struct trace *trace, const char *id)
{
	struct numbers numbers = {.pattern = &trace->pattern};

	return bridge_show_call(traces->bridge, id, take_numbers, &numbers) &&
	       numbers.matches;
}

/* "trunk carrier-a" is of "carrier-a". */
static bool has_trunk(const struct trace *trace, const struct traced *call)
{
	for (unsigned i = 0; i < call->party_count; i++) {
		const char *name = strchr(call->parties[i].name, ' ');

		if (name && strcmp(name + 1, trace->text) == 0)
			return true;
	}
	return false;
}

static bool wants(
	struct traces *traces, const struct trace *trace, const struct traced *call)
{
	switch (trace->kind) {
	case TRACE_ALL:
		return true;
	case TRACE_CALL:
		return strcmp(trace->text, call->id) == 0;
	case TRACE_NUMBER:
		return has_number(traces, trace, call->id);
	case TRACE_TRUNK:
		return has_trunk(trace, call);
	}
	return false;
}

static void judge(struct traces *traces, struct traced *call)
{
	for (unsigned i = 0; i < TRACES_MAX; i++)
		if (traces->active & ~call->wanted & 1U << i &&
			wants(traces, &traces->traces[i], call))
			call->wanted |= 1U << i;
}

/* ---- telling them ---- */

static void tell_lost(struct trace *trace)
{
	if (trace->lost > 0 &&
		trace->h(trace->arg, json_pack("{s:I}", "lost", (json_int_t)trace->lost)))
		trace->lost = 0;
}

/* To each of WHOM. */
static void tell(struct traces *traces, const json_t *row, unsigned whom)
{
	for (unsigned i = 0; i < TRACES_MAX; i++) {
		struct trace *trace = &traces->traces[i];

		if (!(whom & 1U << i))
			continue;
		tell_lost(trace);
		/* In their order: while a loss is not told nothing behind it is. */
		if (trace->lost > 0 ||
			!trace->h(trace->arg, json_incref((json_t *)(uintptr_t)row)))
			trace->lost++;
	}
}

/* Each of WHOM misses one; he is told with the next one that he gets. */
static void miss(struct traces *traces, unsigned whom)
{
	for (unsigned i = 0; i < TRACES_MAX; i++)
		if (whom & 1U << i)
			traces->traces[i].lost++;
}

/* Whose ROW is, which may have been made before that was known. */
static void name_row(json_t *row, const struct traced *call, uint32_t number)
{
	const struct party *party = NULL;

	for (unsigned i = 0; i < call->party_count; i++)
		if (call->parties[i].number == number)
			party = &call->parties[i];
	json_object_set_new(row, "call", json_string(call->id));
	json_object_set_new(row, "leg", json_string(party ? party->leg : ""));
	json_object_set_new(row, "party", json_string(party ? party->name : ""));
}

/* What was held, to those who want it by now. */
static void flush(struct traces *traces, struct traced *call)
{
	for (unsigned i = 0; i < call->held_count; i++) {
		struct held *held = &call->held[i];

		name_row(held->row, call, held->party);
		tell(traces, held->row, call->wanted & ~held->told);
		held->told |= call->wanted;
	}
	if (!(traces->active & ~call->wanted))
		drop_held(call);
}

/* In the order of time. False: there is no room. */
static bool hold(struct traced *call, json_t *row, const struct tap_message *message)
{
	unsigned at = call->held_count;

	if (at == HELD_MAX)
		return false;
	for (; at > 0 && call->held[at - 1].mono_us > message->mono_us; at--)
		call->held[at] = call->held[at - 1];
	call->held[at] = (struct held){.mono_us = message->mono_us,
		.party = message->party,
		.row = json_incref(row)};
	call->held_count++;
	return true;
}

/* Whether this second had its share. */
static bool is_too_much(struct traces *traces)
{
	const uint64_t now_us = traces->clock->mono_us(traces->clock);

	if (now_us - traces->second_us >= SECOND_US) {
		traces->second_us = now_us;
		traces->told = 0;
	}
	return ++traces->told > TRACES_RATE_MAX;
}

/* ---- the tap ---- */

static void party_h(void *arg, const struct tap_party *told)
{
	struct traces *traces = arg;
	struct traced *call = take(traces, told->call);
	struct party *party = NULL;

	if (!call)
		return;
	snprintf(call->id, sizeof(call->id), "%s", told->id);
	for (unsigned i = 0; i < call->party_count; i++)
		if (call->parties[i].number == told->party)
			party = &call->parties[i];
	if (!party && call->party_count < PARTIES_MAX)
		party = &call->parties[call->party_count++];
	if (party) {
		party->number = told->party;
		snprintf(party->leg, sizeof(party->leg), "%s", told->leg);
		snprintf(party->name, sizeof(party->name), "%s", told->trunk);
	}
	judge(traces, call);
}

/* How MESSAGE came or goes. */
static struct span how_of(const struct tap_message *message, char *buf, size_t size)
{
	static const char *const names[] = {
		[TAP_UDP] = "UDP", [TAP_TCP] = "TCP", [TAP_TLS] = "TLS"};

	snprintf(buf, size, "%s%s%s%s%s",
		message->version[0] ? message->version : names[message->transport],
		message->cipher[0] ? " " : "", message->cipher,
		message->peer_names[0] ? " " : "", message->peer_names);
	return span_of(buf);
}

/* NULL: it is no message, or out of memory. */
static json_t *make_row(const struct traces *traces, const struct traced *call,
	const struct tap_message *message)
{
	char how[256], time[CLOCK_TEXT_SIZE];
	const struct ladder_message parts = {.sent = message->sent,
		.source = message->source,
		.destination = message->destination,
		.how = how_of(message, how, sizeof(how)),
		.text = {message->data, message->len}};
	const uint64_t age_us = traces->clock->mono_us(traces->clock) - message->mono_us;
	json_t *said = ladder_message_json(&parts), *row;

	if (!said)
		return NULL;
	clock_text(traces->clock->wall_us(traces->clock) - age_us, time);
	row = json_pack("{s:s, s:s, s:I, s:s, s:s}", "time", time, "call", "", "number",
		(json_int_t)call->call, "leg", "", "party", "");
	json_object_update(row, said);
	json_decref(said);
	return row;
}

static void message_h(void *arg, const struct tap_message *message)
{
	struct traces *traces = arg;
	struct traced *call = message->call ? take(traces, message->call) : NULL;
	const bool known = call && call->id[0];
	bool held = false;
	json_t *row;

	if (!call || (message->first && call->begun))
		return;
	call->begun |= message->first;
	/* nobody will want it any more, whoever it turns out to be of */
	if (!(call->wanted & traces->active) && call->held_count == HELD_MAX)
		return;
	if (is_too_much(traces)) {
		miss(traces, call->wanted);
		return;
	}
	row = make_row(traces, call, message);
	if (!row)
		return;
	if (message->first || !known || traces->active & ~call->wanted)
		held = hold(call, row, message);
	if (known)
		flush(traces, call);
	if (known && !held) {
		name_row(row, call, message->party);
		tell(traces, row, call->wanted);
	}
	json_decref(row);
}

/* ---- begin and end ---- */

int traces_new(struct traces **ret, struct taps *taps, struct clock *clock)
{
	struct traces *traces = calloc(1, sizeof(*traces));
	int err = traces ? hash_init(&traces->calls) : -ENOMEM;

	if (err) {
		free(traces);
		return err;
	}
	traces->taps = taps;
	traces->clock = clock;
	list_init(&traces->recent);
	traces->listener.tap =
		(struct tap){.party_h = party_h, .message_h = message_h, .arg = traces};
	taps_add(taps, &traces->listener, 0);
	*ret = traces;
	return 0;
}

void traces_free(struct traces *traces)
{
	if (!traces)
		return;
	forget_all(traces);
	hash_free(&traces->calls);
	free(traces);
}

void traces_set_bridge(struct traces *traces, struct bridge *bridge)
{
	traces->bridge = bridge;
}

static int read_params(
	struct trace *trace, const struct trace_params *params, struct err_text *text)
{
	const char *of = params->text ? params->text : "";
	struct span bad;

	if (strlen(of) >= sizeof(trace->text))
		return err_set(text, ERR_FORMAT, "%.64s...: too long", of);
	trace->kind = params->kind;
	snprintf(trace->text, sizeof(trace->text), "%s", of);
	if (params->kind == TRACE_NUMBER &&
		(!of[0] || pattern_parse(&trace->pattern, span_of(trace->text), &bad)))
		return err_set(text, ERR_FORMAT, "%s: no pattern of numbers", of);
	return 0;
}

int traces_begin(struct traces *traces, struct trace **ret,
	const struct trace_params *params, traces_h *h, void *arg, struct err_text *text)
{
	struct trace *trace = NULL;
	unsigned place = 0;
	int err;

	for (; place < TRACES_MAX && !trace; place++)
		if (!(traces->active & 1U << place))
			trace = &traces->traces[place];
	if (!trace)
		return err_set(text, ERR_LIMIT, "%d trace already, which is the limit",
			TRACES_MAX);
	*trace = (struct trace){.h = h, .arg = arg};
	err = read_params(trace, params, text);
	if (err)
		return err;
	trace->traces = traces;
	traces->active |= 1U << (place - 1);
	taps_want(traces->taps, &traces->listener, TAPS_ALL);
	/* those that stand were told before */
	bridge_tell_parties(traces->bridge);
	*ret = trace;
	return 0;
}

void traces_end(struct trace *trace)
{
	struct traces *traces;
	unsigned bit;

	if (!trace)
		return;
	traces = trace->traces;
	bit = 1U << (trace - traces->traces);
	traces->active &= ~bit;
	trace->traces = NULL;
	LIST_FOREACH (&traces->recent, node, next)
		LIST_ENTRY(node, struct traced, recent)->wanted &= ~bit;
	if (traces->active == 0) {
		taps_want(traces->taps, &traces->listener, 0);
		forget_all(traces);
	}
}
