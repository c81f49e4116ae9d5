#include "live_priv.h"

#include "base/clock.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A start, a connection, an answer: with sanitizers, on a machine that does other work. */
#define LIVE_PATIENCE_MS 15000
/* Rounds without anything that moves, until all is quiet. */
#define LIVE_QUIET_ROUNDS 2
#define LIVE_ROUNDS_MAX 2000
/* Half a second of this machine. */
#define LIVE_SLACK_US (UINT64_C(500000) * LIVE_SCALE)
#define LIVE_POLL_MS 20
/* So many messages in 100 have media after them. */
#define LIVE_TALK 20
#define LIVE_LOG_BYTES 60000

static uint64_t real_us(void)
{
	return clock_real()->mono_us(clock_real());
}

static void set_clock(struct live *live)
{
	uint64_t now_us = real_us();

	clock_virtual_advance(
		&live->outside.stage->clock, (now_us - live->real_us) * LIVE_SCALE);
	live->real_us = now_us;
}

/* ---- what comes ---- */

/* A probe asks beside all calls; it is satisfied with any answer. */
static bool answer_probe(struct live_link *link, const struct message *message)
{
	struct buf out;

	if (!message_is_request(message) || message_method(message) != MESSAGE_OPTIONS ||
		message_to(message)->tag.len)
		return false;
	buf_init(&out, 0);
	buf_add_str(&out, "SIP/2.0 200 OK\r\n");
	message_add_vias(message, &out);
	buf_printf(&out,
		"From: %.*s\r\nTo: %.*s;tag=probe\r\nCall-ID: %.*s\r\nCSeq: %.*s\r\n"
		"Content-Length: 0\r\n\r\n",
		SPAN_ARG(message_from(message)->whole),
		SPAN_ARG(message_to(message)->whole), SPAN_ARG(message_call_id(message)),
		SPAN_ARG(message_cseq_text(message)));
	if (link->flow.kind != TRANSPORT_UDP)
		live_link_write(link, NULL, buf_str(&out));
	buf_free(&out);
	return true;
}

static void got_h(void *arg, struct live_link *link, const char *data, size_t len)
{
	struct live *live = arg;
	struct message_fault fault;
	struct message *message = NULL;
	unsigned call = 0;
	bool probes = false;

	set_clock(live);
	if (!message_parse(&message, data, len, &fault)) {
		call = live_calls_find(&live->calls, message, NULL);
		probes = answer_probe(link, message);
	}
	if (!probes)
		stage_sent(live->outside.stage, &link->flow, call, data, len);
	message_unref(message);
}

/* ---- what Tandem says of itself ---- */

static json_int_t number_at(const json_t *status, const char *section, const char *name)
{
	return json_integer_value(
		json_object_get(json_object_get(status, section), name));
}

static void read_records(struct live *live)
{
	json_t *object;
	unsigned call;

	while ((object = live_daemon_record(&live->daemon)) != NULL) {
		struct record record = {0};

		if (!live_calls_record(&live->calls, object, &call))
			err_set(&live->outside.stage->fault, ERR_STATE,
				"records: a call has two");
		stage_note(live->outside.stage, "cdr cause=%s status=%d",
			json_string_value(json_object_get(object, "cause")),
			(int)json_integer_value(json_object_get(object, "status")));
		record.call = call;
		live->outside.stage->ended++;
		if (call)
			stage_ended(live->outside.stage, &record);
		json_decref(object);
	}
}

/* Why there is no answer; a process that dies may still have to say it. */
static void complain(struct live *live, const struct err_text *text)
{
	struct live_daemon *daemon = &live->daemon;

	if (!daemon->fault.text[0])
		live_daemon_is_well(daemon, LIVE_DEATH_MS);
	if (!daemon->fault.text[0])
		daemon->fault = *text;
	err_set(&live->outside.stage->fault, ERR_STATE, "%s", daemon->fault.text);
}

/* One round: what was given to Tandem before is done with when it answers. False: it does not. */
static bool ask(struct live *live)
{
	static const char *const sections[] = {"internal", "external"};
	struct stage *stage = live->outside.stage;
	struct err_text text = {{0}};
	json_t *status = NULL;

	if (!live_daemon_is_well(&live->daemon, 0) ||
		live_daemon_ask(&live->daemon, "status", "", NULL, &status, &text) ||
		!live_daemon_is_well(&live->daemon, 0)) {
		json_decref(status);
		complain(live, &text);
		return false;
	}
	live->started = number_at(status, "calls", "started");
	live->ended = number_at(status, "calls", "ended");
	live->packets = number_at(status, "media", "packets");
	live->left = number_at(status, "calls", "now") +
		     number_at(status, "calls", "dialogs") +
		     number_at(status, "calls", "transactions") +
		     number_at(status, "media", "sessions") +
		     number_at(status, "media", "port_pairs_used");
	for (unsigned side = 0; side < 2; side++)
		live->taken[side] = number_at(status, sections[side], "messages_in");
	stage->begun = (unsigned)live->started;
	json_decref(status);
	read_records(live);
	return true;
}

/* Until nothing moves any more. */
void live_settle(struct live *live)
{
	unsigned quiet = 0;

	if (live->over)
		return;
	for (unsigned i = 0; i < LIVE_ROUNDS_MAX && quiet < LIVE_QUIET_ROUNDS; i++) {
		if (!ask(live))
			return;
		quiet = live_net_pump(&live->net, 0) ? 0 : quiet + 1;
	}
	set_clock(live);
}

/* ---- the network ---- */

/* The parties that a configuration made since. */
static void add_stations(struct live *live)
{
	LIST_FOREACH (&live->outside.stage->parties, node, next) {
		struct party *party = LIST_ENTRY(node, struct party, node);

		if (!live_net_find(&live->net, party))
			live_certify(live, live_net_add(&live->net, party));
	}
}

static bool our_address(
	const struct party *party, enum transport_kind kind, struct addr *ret)
{
	bool internal = party->side == SIDE_INTERNAL;
	uint16_t port = 5060;

	if (internal)
		port = 5061;
	else if (kind == TRANSPORT_TLS)
		port = 5062;
	return !addr_parse(ret, internal ? STAGE_OUR_INTERNAL : STAGE_OUR_EXTERNAL, port);
}

static struct flow *flow_of(struct outside *outside, struct party *party)
{
	struct live *live = live_of(outside);
	struct live_station *station;
	uint64_t until_us = real_us() + LIVE_PATIENCE_MS * 1000;
	struct live_link *link;
	struct addr remote;

	add_stations(live);
	live_settle(live);
	station = live_net_find(&live->net, party);
	link = live_net_link(&live->net, station, party->kind);
	if (link || !our_address(party, party->kind, &remote))
		return link ? &link->flow : NULL;
	link = live_net_connect(
		&live->net, station, &remote, party->kind == TRANSPORT_TLS);
	live_net_pump(&live->net, 0); /* ours is the first word of a handshake */
	while (link && link->shaking && !link->flow.closed && real_us() < until_us)
		live_net_pump(&live->net, LIVE_POLL_MS);
	live_settle(live); /* Tandem refuses after the handshake, if it does */
	return link && !link->shaking && !link->flow.closed ? &link->flow : NULL;
}

static bool is_open(struct outside *outside, uint64_t flow)
{
	return live_net_is_open(&live_of(outside)->net, flow);
}

static bool stalls(struct outside *outside, const struct flow *flow)
{
	(void)outside;
	return ((const struct live_link *)flow)->stalled;
}

/* Whether one more message was taken than before; a connection that was closed took none. */
static bool was_taken(struct live *live, const struct live_link *link, unsigned side)
{
	json_int_t before = live->taken[side];
	unsigned rounds = link->flow.kind == TRANSPORT_TLS ? 20 : 5;

	for (unsigned i = 0; i < rounds; i++)
		if (!ask(live) || live->taken[side] > before)
			return live->taken[side] > before;
	return false;
}

/* The judge hears of a message that was taken before it hears what Tandem made of it. */
static bool deliver(
	struct outside *outside, const struct stage_passed *passed, const char *text)
{
	struct live *live = live_of(outside);
	struct live_link *link = (struct live_link *)passed->flow;
	struct stage_passed told = *passed;
	bool begins, taken;
	struct addr remote;

	our_address(passed->party, link->flow.kind, &remote);
	live_settle(live);
	if (!live_link_write(link, &remote, text))
		return false;
	taken = was_taken(live, link, passed->party->side);
	if (taken && passed->message) {
		told.call = live_calls_find(&live->calls, passed->message, &begins);
		if (begins)
			stage_begun(outside->stage, told.call);
		stage_came(outside->stage, &told);
	}
	if (dice_in(&live->media.dice, LIVE_TALK))
		live_media_play(&live->media, outside->stage, &live->net);
	live_settle(live);
	return taken;
}

/* ---- time ---- */

void live_advance(struct outside *outside, uint64_t ms)
{
	struct live *live = live_of(outside);
	uint64_t until_us = real_us() + ms * 1000 / LIVE_SCALE;
	uint64_t now_us;

	add_stations(live);
	while ((now_us = real_us()) < until_us)
		live_net_pump(&live->net, (int)((until_us - now_us + 999) / 1000));
	live_settle(live);
}

/* ---- start and reload ---- */

static int start(struct outside *outside, struct err_text *text)
{
	struct live *live = live_of(outside);
	uint64_t until_us = real_us() + LIVE_PATIENCE_MS * 1000;

	if (live->over)
		return err_set(text, ERR_STATE, "the flow is over");
	add_stations(live);
	live_write_settings(live);
	if (live_daemon_start(&live->daemon, text))
		abort();
	while (!live_daemon_answers(&live->daemon)) {
		live_net_pump(&live->net, LIVE_POLL_MS);
		if (!live_daemon_is_well(&live->daemon, 0) || real_us() > until_us) {
			live->over = true;
			err_set(&live->fault, ERR_STATE, "start: no answer: %s",
				live->daemon.fault.text);
			return err_set(text, ERR_STATE, "tandemd does not answer");
		}
	}
	outside->running = true;
	live->real_us = real_us();
	live_settle(live);
	return 0;
}

static int reload(struct outside *outside, struct err_text *text)
{
	struct live *live = live_of(outside);
	int err;

	add_stations(live);
	live_write_settings(live);
	err = live_daemon_ask(&live->daemon, "config", "reload", NULL, NULL, text);
	live_settle(live);
	return err;
}

/* ---- the end ---- */

static int end(struct outside *outside, struct err_text *error)
{
	struct live *live = live_of(outside);
	uint64_t until_us = real_us() + LIVE_PATIENCE_MS * 1000;

	while (ask(live) && live->left && real_us() < until_us)
		live_net_pump(&live->net, LIVE_POLL_MS);
	while (ask(live) && outside->stage->ended < live->started && real_us() < until_us)
		live_net_pump(&live->net, LIVE_POLL_MS);
	if (live->daemon.fault.text[0])
		return err_set(error, ERR_STATE, "%s", live->daemon.fault.text);
	if (live->left)
		return err_set(error, ERR_STATE,
			"left over: %d calls, dialogs, transactions, sessions and ports",
			(int)live->left);
	if (live->started != live->ended || live->started != outside->stage->ended)
		return err_set(error, ERR_STATE,
			"%d calls began, %d ended, %u have a record", (int)live->started,
			(int)live->ended, outside->stage->ended);
	outside->running = false;
	return live_daemon_stop(&live->daemon, error);
}

void live_shut_down(struct live *live)
{
	struct outside *outside = &live->outside;

	if (live->over || !ask(live))
		return;
	outside->running = false;
	live->over = true;
	if (live_daemon_stop(&live->daemon, &live->fault))
		return;
	live_net_pump(&live->net, 0);
	read_records(live);
	if (live->started != outside->stage->ended)
		err_set(&live->fault, ERR_STATE,
			"records: %d calls began, %u have a record after a shutdown",
			(int)live->started, outside->stage->ended);
	else if (outside->stage->fault.text[0])
		live->fault = outside->stage->fault;
}

/* ---- life ---- */

static const struct outside_ops ops = {.start = start,
	.reload = reload,
	.flow = flow_of,
	.is_open = is_open,
	.stalls = stalls,
	.deliver = deliver,
	.advance = live_advance,
	.play = live_play,
	.end = end};

struct live *live_new(const char *program, bool abrupt)
{
	struct live *live = calloc(1, sizeof(*live));

	if (!live)
		abort();
	live->abrupt = abrupt;
	live->outside.ops = &ops;
	live->outside.slack_us = LIVE_SLACK_US;
	live->real_us = real_us();
	live_write_certificates(live);
	live_net_open(&live->net, got_h, live);
	live_daemon_init(&live->daemon, program);
	return live;
}

void live_free(struct live *live)
{
	live_daemon_free(&live->daemon);
	live_net_close(&live->net);
	live_calls_free(&live->calls);
	lab_drop(&live->root);
	free(live);
}

struct outside *live_outside(struct live *live)
{
	return &live->outside;
}

const char *live_fault(const struct live *live)
{
	return live->fault.text;
}

unsigned live_begun(const struct live *live)
{
	return (unsigned)live->started;
}

unsigned live_packets(const struct live *live)
{
	return (unsigned)live->packets;
}

void live_print(const struct live *live, struct buf *out)
{
	live_daemon_print(&live->daemon, LIVE_LOG_BYTES, out);
}
