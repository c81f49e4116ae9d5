#include "admin/protection.h"

#include "admin/faults.h"
#include "admin/moment.h"
#include "admin/protection_row.h"
#include "audit/cdr.h"
#include "bridge/bridge.h"
#include "config/config.h"
#include "media/relay.h"
#include "sip/transport.h"
#include "tls/policy.h"
#include "trunk/trunk.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Some 20 us each. */
#define TRUNKS_A_STEP 50

struct protection {
	struct protection_facts facts;
	/* Held, so that a reload between two steps shows: they begin anew then. NULL: none was
	 * taken. */
	struct config *config;
	bool live_added;
	enum trunk_kind kind; /* who comes next */
	unsigned index;
	json_t *rows;
	json_t *connections; /* by the party's name: arrays */
	struct faults faults;
	struct tally_party total;
};

/* --- what there is now --- */

static void add_live_h(void *arg, const struct record *record, const char *state)
{
	const struct protection *protection = arg;
	struct buf line;
	struct cdr cdr;

	(void)state;
	buf_init(&line, 0);
	cdr_format(record, &line);
	if (!line.err && cdr_read(&cdr, buf_span(&line)) == 0)
		tally_add(protection->facts.tally, &cdr, false);
	buf_free(&line);
}

static json_t *asked_json(const struct flow *flow)
{
	if (flow->asked == FLOW_ASKED_UNKNOWN)
		return json_null();
	return json_boolean(flow->asked == FLOW_ASKED_YES);
}

static void add_flow(
	struct protection *protection, const struct flow *flow, enum trunk_kind side)
{
	const struct trunk *trunk =
		trunks_of_flow(protection->facts.context->trunks, flow, side);
	char name[80], remote[ADDR_TEXT_SIZE];
	json_t *array;

	if (flow->closed || !trunk)
		return;
	trunk_name(trunk, name);
	array = json_object_get(protection->connections, name);
	if (!array) {
		array = json_array();
		json_object_set_new(protection->connections, name, array);
	}
	json_array_append_new(
		array, json_pack("{s:s, s:s, s:s, s:s, s:o, s:o, s:o}", "remote",
			       addr_text(&flow->remote, remote), "transport",
			       transport_kind_name(flow->kind), "tls_version",
			       flow->version ? flow->version : "", "tls_cipher",
			       flow->cipher ? flow->cipher : "", "peer_names",
			       api_text(flow->peer_names ? flow->peer_names : ""),
			       "peer_good_until", moment_json(flow->until),
			       "asked_for_our_certificate", asked_json(flow)));
}

static void internal_flow_h(void *arg, struct flow *flow)
{
	add_flow(arg, flow, TRUNK_SERVER);
}

static void external_flow_h(void *arg, struct flow *flow)
{
	add_flow(arg, flow, TRUNK_GATEWAY);
}

/* --- the steps --- */

int protection_new(struct protection **ret, const struct protection_facts *facts)
{
	struct protection *protection = calloc(1, sizeof(*protection));

	if (!protection)
		return -ENOMEM;
	protection->facts = *facts;
	protection->faults.now = facts->now;
	*ret = protection;
	return 0;
}

void protection_free(struct protection *protection)
{
	if (!protection)
		return;
	json_decref(protection->rows);
	json_decref(protection->connections);
	json_decref(protection->faults.array);
	config_unref(protection->config);
	free(protection);
}

static void forget_h(void *arg, struct tally_party *party)
{
	(void)arg;
	party->shown = false;
}

/* By the present configuration. */
static void begin(struct protection *protection, const struct config *config)
{
	const struct verbs_context *context = protection->facts.context;

	config_unref(protection->config);
	protection->config = config_ref((struct config *)(uintptr_t)config);
	protection->kind = TRUNK_SERVER;
	protection->index = 0;
	json_decref(protection->rows);
	json_decref(protection->connections);
	json_decref(protection->faults.array);
	protection->rows = json_array();
	protection->connections = json_object();
	protection->faults.array = json_array();
	tally_each(protection->facts.tally, forget_h, NULL);
	if (!protection->live_added)
		bridge_each_call(context->bridge, add_live_h, protection);
	protection->live_added = true;
	if (context->internal)
		transport_each(context->internal, internal_flow_h, protection);
	if (context->external)
		transport_each(context->external, external_flow_h, protection);
	faults_of_server(&protection->faults, context);
}

/* There is a row of messages where they may cross, or did. */
static bool has_row(
	const struct trunk *trunk, const struct tally_party *party, enum tally_kind kind)
{
	return kind != TALLY_MESSAGES ||
	       (trunk && trunk_settings(trunk)->messages.methods) ||
	       (party && party->sums[kind].way_count);
}

static void add_trunk(struct protection *protection, const struct trunk *trunk)
{
	struct tally_party *party;
	char name[80];

	trunk_name(trunk, name);
	party = tally_find(protection->facts.tally, name);
	if (party)
		party->shown = true;
	for (int kind = 0; kind < TALLY_KINDS; kind++) {
		json_t *connections =
			kind == TALLY_SIGNALLING
				? json_object_get(protection->connections, name)
				: NULL;
		json_t *row;

		if (!has_row(trunk, party, kind))
			continue;
		row = protection_row(party, kind, name);
		protection_row_demand(row, trunk, kind, protection->facts.now);
		if (connections)
			json_object_set(row, "connections", connections);
		json_array_append_new(protection->rows, row);
		faults_of_row(
			&protection->faults, row, party ? &party->sums[kind] : NULL);
	}
	faults_of_trunk(&protection->faults, trunk);
}

/* Adds to the total; and rows of one that left the configuration after its calls. */
static void add_party_h(void *arg, struct tally_party *party)
{
	struct protection *protection = arg;

	protection->total.failed += party->failed;
	for (int kind = 0; kind < TALLY_KINDS; kind++) {
		const struct tally_sum *sum = &party->sums[kind];
		json_t *row;

		protection->total.sums[kind].legs += sum->legs;
		protection->total.sums[kind].secure += sum->secure;
		if (party->shown || !has_row(NULL, party, kind))
			continue;
		row = protection_row(party, kind, party->name);
		json_object_set_new(row, "state", json_string("removed"));
		json_array_append_new(protection->rows, row);
		faults_of_row(&protection->faults, row, sum);
	}
}

static json_t *whole(struct protection *protection)
{
	const struct protection_facts *facts = &protection->facts;
	const struct cdr_scan_counts *counts = facts->counts;
	const struct config *config = protection->config;

	tally_each(facts->tally, add_party_h, protection);
	for (int kind = 0; kind < TALLY_KINDS; kind++)
		if (kind != TALLY_MESSAGES || protection->total.sums[kind].legs)
			json_array_append_new(protection->rows,
				protection_row(&protection->total, kind, "total"));
	return json_pack("{s:s, s:o, s:o, s:{s:I, s:s?, s:I, s:I, s:b}, "
			 "s:{s:b, s:b, s:s}, s:O, s:O}",
		"host", config->tandem.fqdn, "made", moment_json(facts->now), "since",
		moment_json(facts->since), "records", "read", (json_int_t)counts->records,
		"first", counts->first[0] ? counts->first : NULL, "unreadable",
		(json_int_t)counts->unreadable, "uncounted_legs",
		(json_int_t)facts->tally->uncounted, "files_unread", (int)counts->unread,
		"fips", "required", (int)(config->tandem.fips == CONFIG_FIPS_REQUIRED),
		"library_active", (int)policy_fips_active(), "srtp", relay_crypto_name(),
		"broken", protection->faults.array, "rows", protection->rows);
}

int protection_step(struct protection *protection, json_t **ret)
{
	const struct verbs_context *context = protection->facts.context;
	const struct config *config = context->config_h(context->arg);
	const struct trunk *trunk;
	json_t *report;

	if (config != protection->config)
		begin(protection, config);
	for (unsigned i = 0; i < TRUNKS_A_STEP; i++) {
		trunk = trunks_at(context->trunks, protection->kind, protection->index);
		if (trunk) {
			add_trunk(protection, trunk);
			protection->index++;
		} else if (protection->kind == TRUNK_SERVER) {
			protection->kind = TRUNK_GATEWAY;
			protection->index = 0;
		} else {
			report = whole(protection);
			if (report)
				*ret = report;
			return report ? 0 : -ENOMEM;
		}
	}
	return -EAGAIN;
}
