#include "stage.h"

#include "endpoint.h"
#include "inside.h"
#include "outside.h"
#include "pinged.h"
#include "record_print.h"
#include "rules.h"
#include "settings.h"

#include "../unit/tls/lab.h"

#include "base/log.h"
#include "base/loop.h"
#include "config/config.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define STAGE_FQDN "med.tandem.example"
/* 22 November 2026 */
#define STAGE_WALL_US UINT64_C(1795305600000000)

/* ---- what all stages share ---- */

/* Ours, by whatever name a scenario gives us; and one that a trunk may have of its own. */
static void write_certificates(void)
{
	const struct lab_spec spec = {
		.sans = {{'D', STAGE_FQDN, 0}, {'D', "*.tenants.example", 0}}};
	struct lab_id root, us, own;

	lab_root(&root, "Scenario CA");
	lab_issue(&us, &spec, &root);
	lab_host(&own, "own.tandem.example", &root);
	lab_write_chain("ca.pem", &root);
	lab_write_chain("us.pem", &us);
	lab_write_key("us.key", &us, 0600);
	lab_write_chain("own.pem", &own);
	lab_write_key("own.key", &own, 0600);
	lab_drop(&own);
	lab_drop(&us);
	lab_drop(&root);
}

void stage_prepare(void)
{
	lab_start();
	write_certificates();
	mkdir(lab_path("gateways.d"), 0700);
	mkdir(lab_path("profiles"), 0700);
}

void stage_unprepare(void)
{
	settings_forget();
	rmdir(lab_path("gateways.d"));
	rmdir(lab_path("profiles"));
	lab_stop();
}

void stage_set(struct stage *stage, const char *section, const char *id, const char *key,
	const char *value)
{
	settings_set(&stage->settings, section, id, key, value);
}

static void set_defaults(struct stage *stage)
{
	static const char *const defaults[][3] = {
		{"tandem", "fqdn", STAGE_FQDN},
		{"tandem", "profile-dir", "profiles"},
		{"internal", "listen", STAGE_OUR_INTERNAL ":5061"},
		{"internal", "certificate", "us.pem"},
		{"internal", "key", "us.key"},
		{"internal", "trust", "ca.pem"},
		{"external", "udp", STAGE_OUR_EXTERNAL ":5060"},
		{"external", "tcp", STAGE_OUR_EXTERNAL ":5060"},
		{"external", "tls", STAGE_OUR_EXTERNAL ":5062"},
		{"external", "certificate", "us.pem"},
		{"external", "key", "us.key"},
		{"external", "trust", "ca.pem"},
		{"media", "internal-address", STAGE_OUR_INTERNAL},
		{"media", "external-address", STAGE_OUR_EXTERNAL},
	};

	for (size_t i = 0; i < sizeof(defaults) / sizeof(defaults[0]); i++)
		stage_set(stage, defaults[i][0], "", defaults[i][1], defaults[i][2]);
	stage_set(stage, "server", "pbx", "host", "pbx.corp.example");
	stage_set(stage, "gateway", "gw", "host", "gw.carrier.example");
	stage_set(stage, "gateway", "gw", "tls", "no");
}

/* ---- parties ---- */

struct party *stage_party(struct stage *stage, const char *name)
{
	LIST_FOREACH (&stage->parties, node, next) {
		struct party *party = LIST_ENTRY(node, struct party, node);

		if (!strcmp(party->name, name))
			return party;
	}
	return NULL;
}

struct party *stage_add_party(struct stage *stage, const char *name, enum side side,
	const char *host, const char *address, enum transport_kind kind)
{
	struct party *party = calloc(1, sizeof(*party));
	static const uint16_t ports[] = {5060, 5060, 5061};

	if (!party || addr_parse(&party->addr, address, ports[kind]))
		abort();
	party->media = party->addr;
	addr_set_port(&party->media, side == SIDE_INTERNAL ? 20000 : 30000);
	party->name = strdup(name);
	party->host = strdup(host);
	party->side = side;
	party->kind = kind;
	list_init(&party->inbox);
	list_init(&party->held);
	list_append(&stage->parties, &party->node);
	return party;
}

static enum transport_kind kind_of(const struct config_gateway *gateway)
{
	if (gateway->common.tls == CONFIG_TLS_YES)
		return TRANSPORT_TLS;
	return gateway->common.transport == CONFIG_TCP ? TRANSPORT_TCP : TRANSPORT_UDP;
}

/* Makes a party of each server and gateway: 10.1.0.11 and on, 203.0.113.21 and on. */
static void add_configured(struct stage *stage, const char *id, const char *host,
	enum side side, enum transport_kind kind)
{
	struct party *party = stage_party(stage, id);
	unsigned number = 0;
	char address[32];

	if (party)
		return; /* known from before a reload */
	LIST_FOREACH (&stage->parties, node, next)
		number += LIST_ENTRY(node, struct party, node)->side == side;
	snprintf(address, sizeof(address),
		side == SIDE_INTERNAL ? "10.1.0.%u" : "203.0.113.%u",
		(side == SIDE_INTERNAL ? 11 : 21) + number);
	party = stage_add_party(stage, id, side, host, address, kind);
	party->configured = true;
}

/* Names that no scenario has set itself get the address of their party. */
static void add_names(struct stage *stage)
{
	LIST_FOREACH (&stage->parties, node, next) {
		struct party *party = LIST_ENTRY(node, struct party, node);
		struct addr addr = party->addr;

		addr_set_port(&addr, 0);
		names_set(stage->resolver, party->host, &addr, 1);
	}
}

static void note_account(const struct stage *stage, struct party *party)
{
	const struct config_server *server =
		config_server_find(stage->config, party->name);
	const struct config_gateway *gateway =
		config_gateway_find(stage->config, party->name);

	if ((server && server->common.auth.user[0]) ||
		(gateway && gateway->common.auth.user[0]))
		party->known_by = true;
}

static void add_parties(struct stage *stage)
{
	for (size_t i = 0; i < stage->config->server_count; i++)
		add_configured(stage, stage->config->servers[i].common.id,
			stage->config->servers[i].common.host, SIDE_INTERNAL,
			TRANSPORT_TLS);
	for (size_t i = 0; i < stage->config->gateway_count; i++)
		add_configured(stage, stage->config->gateways[i].common.id,
			stage->config->gateways[i].common.host, SIDE_EXTERNAL,
			kind_of(&stage->config->gateways[i]));
	LIST_FOREACH (&stage->parties, node, next)
		note_account(stage, LIST_ENTRY(node, struct party, node));
}

static struct flow *accept_flow(struct stage *stage, struct party *party)
{
	enum trunk_kind kind =
		party->side == SIDE_INTERNAL ? TRUNK_SERVER : TRUNK_GATEWAY;
	struct trunk *trunk =
		trunks_find(stage->trunks, kind, party->as ? party->as : party->name);
	const struct peer *peer =
		party->kind == TRANSPORT_TLS && trunk ? trunk->peer : NULL;

	return wire_accept(
		stage->transports[party->side], party->kind, &party->addr, peer);
}

struct flow *stage_flow(struct stage *stage, struct party *party)
{
	struct outside *outside = stage->outside;

	return outside ? outside->ops->flow(outside, party) : accept_flow(stage, party);
}

struct party *stage_party_at(struct stage *stage, const struct addr *remote)
{
	struct party *by_host = NULL;

	LIST_FOREACH (&stage->parties, node, next) {
		struct party *party = LIST_ENTRY(node, struct party, node);

		if (addr_equal(&party->addr, remote))
			return party;
		if (addr_equal_host(&party->addr, remote))
			by_host = party;
	}
	return by_host;
}

void stage_letter_free(struct letter *letter)
{
	list_remove(&letter->node);
	message_unref(letter->message);
	free(letter->text);
	free(letter);
}

void stage_release(struct party *party, const struct flow *flow)
{
	LIST_FOREACH (&party->held, node, next) {
		if (LIST_ENTRY(node, struct letter, node)->flow != flow->id)
			continue;
		list_remove(node);
		list_append(&party->inbox, node);
	}
}

static void free_party(struct party *party)
{
	LIST_FOREACH (&party->inbox, node, next)
		stage_letter_free(LIST_ENTRY(node, struct letter, node));
	LIST_FOREACH (&party->held, node, next)
		stage_letter_free(LIST_ENTRY(node, struct letter, node));
	list_remove(&party->node);
	free(party->name);
	free(party->host);
	free(party->as);
	free(party->pinged.retry_after);
	free(party);
}

/* ---- what Tandem does ---- */

void stage_note(struct stage *stage, const char *format, ...)
{
	uint64_t now_us = stage->clock.mono_us - stage->start_us;
	char line[600];
	va_list args;

	va_start(args, format);
	vsnprintf(line, sizeof(line), format, args);
	va_end(args);
	buf_printf(&stage->ladder, "%7" PRIu64 ".%03" PRIu64 " %s\n", now_us / 1000000,
		now_us / 1000 % 1000, line);
}

/* Takes over the message, which may be NULL. */
static void keep_letter(
	const struct stage *stage, const struct stage_passed *passed, struct span text)
{
	struct letter *letter = calloc(1, sizeof(*letter));

	if (!letter)
		abort();
	letter->flow = passed->flow->id;
	letter->call = passed->call;
	letter->text = span_dup(text);
	letter->len = text.len;
	letter->message = passed->message;
	list_append(stage_stalls(stage, passed->flow) ? &passed->party->held
						      : &passed->party->inbox,
		&letter->node);
}

static void note_transfer(struct stage *stage, const struct message *message)
{
	if (!message_is_request(message) && message_method(message) == MESSAGE_REFER &&
		message_status(message) == 202)
		stage->referred = true;
}

/* What everything that leaves must be like. NULL: it cannot even be parsed. */
static struct message *check_sent(
	struct stage *stage, struct party *party, uint64_t call, struct span text)
{
	struct message_fault fault;
	struct message *message;

	if (message_parse(&message, text.p, text.len, &fault)) {
		err_set(&stage->fault, ERR_FORMAT, "Tandem sent what cannot be parsed");
		return NULL;
	}
	if (fault.status)
		err_set(&stage->fault, ERR_FORMAT, "Tandem sent a faulty message: %s",
			fault.reason);
	hiding_learn(&stage->hiding, party->side, message);
	hiding_check(&stage->hiding, party->side, text.p, text.len, &stage->fault);
	note_transfer(stage, message);
	if (!stage->fault.text[0])
		rules_check(stage, party, call, message, &stage->fault);
	return message;
}

void stage_sent(struct stage *stage, struct flow *flow, uint64_t call, const char *data,
	size_t len)
{
	struct party *party = stage_party_at(stage, &flow->remote);
	struct stage_passed passed = {.party = party, .flow = flow, .call = call};
	struct span rest = {data, len};
	struct span line = {0};
	char text[ADDR_TEXT_SIZE];

	if (pinged_take_keepalive(stage, party, flow, (struct span){data, len}))
		return;
	stage->wire_us = stage->clock.mono_us;
	(void)span_next(&rest, '\r', &line);
	stage_note(
		stage, "tandem -> %s: %.*s", party ? party->name : "?", SPAN_ARG(line));
	if (!party) {
		err_set(&stage->fault, ERR_FORMAT, "Tandem sent to %s, where nobody is",
			addr_text(&flow->remote, text));
		return;
	}
	passed.message = check_sent(stage, party, call, (struct span){data, len});
	if (stage->fault.text[0])
		buf_printf(&stage->ladder, "%.*s\n", (int)len, data);
	for (unsigned i = 0; i < STAGE_WATCHES && passed.message; i++)
		if (stage->watches[i].sent_h)
			stage->watches[i].sent_h(stage->watches[i].arg, &passed);
	if (pinged_take(stage, &passed))
		message_unref(passed.message);
	else
		keep_letter(stage, &passed, (struct span){data, len});
}

static void sent_h(
	void *arg, struct flow *flow, uint64_t call, const char *data, size_t len)
{
	bool was = inside_set(false);

	stage_sent(arg, flow, call, data, len);
	inside_set(was);
}

static bool receive(
	struct stage *stage, const struct stage_passed *passed, const char *text)
{
	struct outside *outside = stage->outside;
	struct span replaces;

	if (passed->message)
		hiding_learn(&stage->hiding, passed->party->side, passed->message);
	if (passed->message && message_line(passed->message, "Replaces", 0, &replaces))
		stage->referred = true;
	if (!passed->flow)
		return false;
	if (outside)
		return outside->ops->deliver(outside, passed, text);
	if (passed->message && wire_takes(passed->flow))
		stage_came(stage, passed);
	return wire_receive(passed->flow, text, strlen(text));
}

/* A message of PARTY, and what became of it. */
bool stage_deliver(
	struct stage *stage, struct party *party, struct flow *flow, const char *text)
{
	struct stage_passed passed = {.party = party, .flow = flow};
	struct message_fault fault;
	bool taken;

	if (message_parse(&passed.message, text, strlen(text), &fault))
		passed.message = NULL;
	taken = receive(stage, &passed, text);
	message_unref(passed.message);
	if (!taken)
		stage_note(stage, "  (dropped)");
	stage_settle(stage);
	return taken;
}

static void begun(void *arg, uint64_t call, const char *id, enum config_audit mode)
{
	struct stage *stage = arg;

	(void)id;
	stage->begun++;
	captures_set(&stage->captures, call, mode);
	stage_begun(stage, call);
}

static void begun_h(void *arg, uint64_t call, const char *id, enum config_audit mode)
{
	bool was = inside_set(false);

	begun(arg, call, id, mode);
	inside_set(was);
}

static void capture_h(void *arg, uint64_t call, const char *id, enum config_audit mode)
{
	struct stage *stage = arg;
	bool was = inside_set(false);

	(void)id;
	captures_set(&stage->captures, call, mode);
	inside_set(was);
}

static void ended(void *arg, const struct record *record)
{
	struct stage *stage = arg;
	struct record_text *entry = calloc(1, sizeof(*entry));
	struct buf out;

	if (!entry)
		abort();
	stage->over[stage->ended++ % STAGE_OVER] = record->call;
	stage_ended(stage, record);
	buf_init(&out, 0);
	record_print(&out, record);
	stage_note(stage, "cdr %s", buf_str(&out));
	entry->text = span_dup(buf_span(&out));
	buf_free(&out);
	list_append(&stage->records, &entry->node);
}

static void ended_h(void *arg, const struct record *record)
{
	bool was = inside_set(false);

	ended(arg, record);
	inside_set(was);
}

static bool ready_h(void *arg)
{
	struct stage *stage = arg;

	return !stage->not_ready;
}

static bool overloaded_h(void *arg)
{
	struct stage *stage = arg;

	return stage->overloaded;
}

/* LINE with the ids of flows counted from the stage's beginning, so that it comes out the same when it is
 * played again. */
static void add_line(const struct stage *stage, const char *line, struct buf *out)
{
	static const char word[] = " flow=";
	const char *at;

	for (; (at = strstr(line, word)); line = at) {
		char *end;

		at += sizeof(word) - 1;
		buf_add(out, line, (size_t)(at - line));
		buf_add_uint(out, strtoull(at, &end, 10) - stage->first_flow);
		at = end;
	}
	buf_add_str(out, line);
}

static void log_line(void *arg, enum log_level level, const char *line)
{
	struct stage *stage = arg;
	struct buf text;

	(void)level;
	buf_init(&text, 0);
	add_line(stage, line, &text);
	buf_printf(&stage->logs, "%s\n", buf_str(&text));
	stage_note(stage, "  %s", buf_str(&text));
	buf_free(&text);
}

/* The id of the newest flow of the process. */
static uint64_t newest_flow(void)
{
	static const struct flow_ops none = {.send = NULL};
	const struct addr nowhere = {.len = 0};
	struct flow flow = {.ops = NULL};

	flow_init(&flow, &none, TRANSPORT_UDP, &nowhere);
	return flow.id;
}

static void log_h(void *arg, enum log_level level, const char *line)
{
	bool was = inside_set(false);

	log_line(arg, level, line);
	inside_set(was);
}

/* ---- life ---- */

void stage_init(struct stage *stage)
{
	memset(stage, 0, sizeof(*stage));
	list_init(&stage->settings);
	list_init(&stage->parties);
	list_init(&stage->pongs);
	list_init(&stage->endpoints);
	list_init(&stage->records);
	buf_init(&stage->ladder, 0);
	buf_init(&stage->logs, 0);
	captures_init(&stage->captures);
	stage->tap = stage_tap(stage);
	stage->first_flow = newest_flow();
	log_set_sink(log_h, stage);
	clock_virtual_init(&stage->clock, STAGE_WALL_US);
	clock_virtual_advance(&stage->clock, 1000000000);
	stage->start_us = stage->clock.mono_us;
	set_defaults(stage);
	if (loop_new(&stage->loop, &stage->clock.clock) ||
		resolver_new(&stage->resolver, stage->loop, NULL))
		abort();
}

bool stage_started(const struct stage *stage)
{
	return stage->bridge || (stage->outside && stage->outside->running);
}

static void start_relay(struct stage *stage)
{
	struct relay_params params = {
		.loop = stage->loop, .handlers = bridge_relay_handlers(stage->bridge)};

	if (relay_new(&stage->relay, &params, NULL))
		abort();
	bridge_set_relay(stage->bridge, stage->relay);
}

static void start_transports(struct stage *stage)
{
	static const char *const ours[] = {STAGE_OUR_INTERNAL, STAGE_OUR_EXTERNAL};

	for (unsigned side = 0; side < 2; side++) {
		struct transport_params params = {.name = "scenario",
			.loop = stage->loop,
			.limits = {.queue_bytes = stage->config->limits.queue_bytes},
			.tap = &stage->tap,
			.handlers = bridge_transport_handlers(
				stage->bridge, (enum side)side)};

		if (transport_new(&stage->transports[side], &params))
			abort();
		wire_listen(stage->transports[side], (enum side)side, ours[side], sent_h,
			stage);
	}
	bridge_set_transports(stage->bridge, stage->transports[SIDE_INTERNAL],
		stage->transports[SIDE_EXTERNAL]);
}

static void use_peers(struct stage *stage)
{
	for (unsigned side = 0; side < 2; side++) {
		enum trunk_kind kind =
			side == SIDE_INTERNAL ? TRUNK_SERVER : TRUNK_GATEWAY;

		transport_set_tls(stage->transports[side],
			trunks_cred(stage->trunks, kind),
			trunks_peers(stage->trunks, kind));
	}
}

/* Words that every scenario hides: the hosts and networks of both sides. */
static void hide_networks(struct stage *stage)
{
	static const char *const words[2][4] = {
		{"corp.example", "10.1.0.", "iNtErNaL", NULL},
		{"carrier.example", "203.0.113.", "eXtErNaL", NULL}};

	for (unsigned side = 0; side < 2; side++)
		for (unsigned i = 0; words[side][i]; i++)
			hiding_add(
				&stage->hiding, (enum side)side, span_of(words[side][i]));
	hiding_keep(&stage->hiding);
}

static int start_upkeep(struct stage *stage)
{
	const struct upkeep_params params = {.timers = loop_timers(stage->loop),
		.bridge = stage->bridge,
		.trunks = stage->trunks,
		.resolver = stage->resolver};
	int err = upkeep_new(&stage->upkeep, &params);

	if (!err)
		upkeep_apply(stage->upkeep);
	return err;
}

void stage_end_upkeep(struct stage *stage)
{
	bool was = inside_set(true);

	upkeep_free(stage->upkeep);
	stage->upkeep = NULL;
	inside_set(was);
}

int stage_raise(struct stage *stage, struct err_text *text)
{
	struct bridge_params params = {.timers = loop_timers(stage->loop),
		.config = stage->config,
		.resolver = stage->resolver,
		.tap = &stage->tap,
		.handlers = {.begun_h = begun_h,
			.capture_h = capture_h,
			.ended_h = ended_h,
			.ready_h = ready_h,
			.overloaded_h = overloaded_h,
			.arg = stage}};
	int err = trunks_new(&stage->trunks, stage->loop, stage->resolver);

	if (!err)
		err = trunks_apply(stage->trunks, stage->config, text);
	params.trunks = stage->trunks;
	if (!err)
		err = bridge_new(&stage->bridge, &params);
	if (err)
		return err;
	start_transports(stage);
	use_peers(stage);
	start_relay(stage);
	return start_upkeep(stage);
}

int stage_start(struct stage *stage, struct err_text *text)
{
	int err = settings_load(&stage->settings, &stage->config, text);

	if (err)
		return err;
	hide_networks(stage);
	add_parties(stage);
	add_names(stage);
	return stage->outside ? stage->outside->ops->start(stage->outside, text)
			      : stage_raise(stage, text);
}

static void use_config(struct stage *stage)
{
	use_peers(stage);
	bridge_set_config(stage->bridge, stage->config);
	upkeep_apply(stage->upkeep);
	transport_judge_again(stage->transports[SIDE_INTERNAL]);
	transport_judge_again(stage->transports[SIDE_EXTERNAL]);
}

int stage_reload(struct stage *stage, struct err_text *text)
{
	struct config *config = NULL;
	bool was;
	int err = settings_load(&stage->settings, &config, text);

	was = inside_set(true);
	if (!err && stage->outside)
		err = stage->outside->ops->reload(stage->outside, text);
	else if (!err)
		err = trunks_apply(stage->trunks, config, text);
	inside_set(was);
	if (err) {
		config_unref(config);
		return err;
	}
	config_unref(stage->config);
	stage->config = config;
	if (!stage->outside)
		use_config(stage);
	add_parties(stage);
	add_names(stage);
	stage_advance(
		stage, 1); /* closed connections are told when the stack is unwound */
	return 0;
}

void stage_free(struct stage *stage)
{
	stage_end_upkeep(stage);
	pinged_end(stage);
	bridge_free(stage->bridge);
	transport_free(stage->transports[SIDE_INTERNAL]);
	transport_free(stage->transports[SIDE_EXTERNAL]);
	if (stage->relay)
		relay_free(stage->relay);
	trunks_free(stage->trunks);
	resolver_free(stage->resolver);
	config_unref(stage->config);
	loop_free(stage->loop);
	LIST_FOREACH (&stage->endpoints, node, next)
		endpoint_free(LIST_ENTRY(node, struct endpoint, node));
	LIST_FOREACH (&stage->parties, node, next)
		free_party(LIST_ENTRY(node, struct party, node));
	settings_free(&stage->settings);
	LIST_FOREACH (&stage->records, node, next) {
		struct record_text *entry = LIST_ENTRY(node, struct record_text, node);

		free(entry->text);
		free(entry);
	}
	hiding_free(&stage->hiding);
	buf_free(&stage->ladder);
	buf_free(&stage->logs);
	captures_free(&stage->captures);
	log_set_sink(NULL, NULL);
}

/* ---- time ---- */

static unsigned run_timers(struct stage *stage)
{
	bool was = inside_set(true);
	unsigned fired = timers_run(loop_timers(stage->loop));

	inside_set(was);
	return fired;
}

void stage_settle(struct stage *stage)
{
	if (stage->outside) {
		stage->outside->ops->advance(stage->outside, 0);
		return;
	}
	while (run_timers(stage) > 0 || wire_settle(stage->transports[SIDE_INTERNAL]) ||
		wire_settle(stage->transports[SIDE_EXTERNAL]))
		;
}

void stage_advance(struct stage *stage, uint64_t ms)
{
	struct timers *timers = loop_timers(stage->loop);
	uint64_t end_us = stage->clock.mono_us + ms * 1000;

	if (stage->outside && ms) {
		stage->outside->ops->advance(stage->outside, ms);
		return;
	}
	stage_settle(stage);
	while (stage->clock.mono_us < end_us) {
		int64_t next_ms = timers_next_ms(timers);
		uint64_t step_us = (uint64_t)(next_ms > 0 ? next_ms : 1) * 1000;

		if (next_ms < 0 || step_us > end_us - stage->clock.mono_us)
			step_us = end_us - stage->clock.mono_us;
		clock_virtual_advance(&stage->clock, step_us);
		stage_settle(stage);
	}
}

struct party *stage_unread(struct stage *stage)
{
	LIST_FOREACH (&stage->parties, node, next) {
		struct party *party = LIST_ENTRY(node, struct party, node);

		if (!list_empty(&party->inbox))
			return party;
	}
	return NULL;
}
