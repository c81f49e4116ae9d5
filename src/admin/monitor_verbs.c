/*
 * One sample for `tandemctl monitor`. It is asked for each second, so it is made of totals and of a walk over
 * the trunks that builds rows of the few that matter; never of a walk over calls.
 */
#include "admin/monitor_verbs.h"

#include "admin/emergency_json.h"
#include "admin/figures_json.h"
#include "admin/state_json.h"
#include "admin/verbs.h"
#include "audit/index.h"
#include "audit/sink.h"
#include "audit/writer.h"
#include "base/clock.h"
#include "bridge/bridge.h"
#include "hep/hep.h"
#include "media/relay.h"
#include "sip/transport.h"
#include "trunk/inventory.h"
#include "trunk/trunk.h"

#include <string.h>

/* Trunks and servers in a sample: those with most calls. */
#define ROWS_MAX 40
/* Certificates are looked through once a minute: with a thousand trunks it takes milliseconds. */
#define CERTIFICATES_US 60000000ULL

static json_t *calls_json(const struct verbs_context *context)
{
	struct bridge_totals totals;

	bridge_totals(context->bridge, &totals);
	return json_pack("{s:I, s:I, s:I, s:I, s:I, s:I, s:b, s:o}", "now",
		(json_int_t)totals.calls, "answered", (json_int_t)totals.answered,
		"started", (json_int_t)totals.started, "ended", (json_int_t)totals.ended,
		"failed", (json_int_t)totals.failed, "refused",
		(json_int_t)totals.refused, "draining", (int)totals.draining, "emergency",
		emergency_json(&totals.emergencies));
}

static json_t *media_json(const struct verbs_context *context)
{
	struct relay_totals totals;

	relay_totals(context->relay, &totals);
	return json_pack("{s:I, s:I, s:I, s:I, s:I}", "sessions",
		(json_int_t)totals.sessions, "streams", (json_int_t)totals.streams,
		"port_pairs_used", (json_int_t)totals.ports_used, "port_pairs_total",
		(json_int_t)totals.ports_total, "packets", (json_int_t)totals.packets);
}

static json_t *side_json(const struct transport *transport)
{
	struct transport_totals totals = {0};

	if (transport)
		transport_totals(transport, &totals);
	return json_pack("{s:I, s:I, s:I, s:I, s:I}", "connections",
		(json_int_t)totals.connections, "refused", (json_int_t)totals.refused,
		"stray", (json_int_t)totals.stray, "messages_in",
		(json_int_t)totals.messages_in, "messages_out",
		(json_int_t)totals.messages_out);
}

/* ---- trunks ---- */

struct rows {
	const struct trunk *rows[ROWS_MAX]; /* the most important first */
	unsigned count, total, failing;
};

/* Why its last call failed; "": it did not. */
static const char *error_of(const struct trunk *trunk)
{
	return trunk->last_error_until ? "" : trunk->last_error;
}

/* Those with calls come first, by their number; among the others those whose last call failed. */
static bool is_before(const struct trunk *a, const struct trunk *b)
{
	if (a->calls != b->calls)
		return a->calls > b->calls;
	return error_of(a)[0] && !error_of(b)[0];
}

static void add_trunk(struct rows *rows, const struct trunk *trunk)
{
	unsigned at = rows->count;

	rows->total++;
	rows->failing += error_of(trunk)[0] != '\0';
	while (at > 0 && is_before(trunk, rows->rows[at - 1]))
		at--;
	if (at == ROWS_MAX)
		return;
	if (rows->count < ROWS_MAX)
		rows->count++;
	memmove(&rows->rows[at + 1], &rows->rows[at],
		(rows->count - 1 - at) * sizeof(rows->rows[0]));
	rows->rows[at] = trunk;
}

static void add_trunks(struct rows *rows, const struct trunks *trunks)
{
	const struct trunk *trunk;

	for (unsigned i = 0; (trunk = trunks_at(trunks, TRUNK_SERVER, i)); i++)
		add_trunk(rows, trunk);
	for (unsigned i = 0; (trunk = trunks_at(trunks, TRUNK_GATEWAY, i)); i++)
		add_trunk(rows, trunk);
}

static json_t *rows_json(const struct verbs_context *context, const struct rows *rows)
{
	json_t *array = json_array();

	for (unsigned i = 0; i < rows->count; i++) {
		const struct trunk *trunk = rows->rows[i];

		json_array_append_new(array,
			json_pack("{s:s, s:s, s:s, s:o, s:I, s:I, s:I, s:o, s:o}", "kind",
				trunk->kind == TRUNK_GATEWAY ? "trunk" : "server", "id",
				trunk->id, "state", state_word(context->trunks, trunk),
				"obstacle", state_obstacle(context->trunks, trunk),
				"calls", (json_int_t)trunk->calls, "calls_total",
				(json_int_t)trunk->calls_total, "calls_failed",
				(json_int_t)trunk->calls_failed, "last_error",
				api_text(error_of(trunk)), "figures",
				figures_json(context, trunk)));
	}
	return array;
}

/* ---- alarms ---- */

static void alarm(json_t *alarms, const char *text)
{
	json_array_append_new(alarms, json_string(text));
}

static void count_certificates(struct verbs_context *context)
{
	const uint64_t now_us = clock_real()->wall_us(clock_real());
	struct inventory *inventory;

	if (context->certificates_at_us &&
		now_us - context->certificates_at_us < CERTIFICATES_US)
		return;
	if (inventory_new(&inventory, context->trunks, context->seen))
		return;
	context->certificates_at_us = now_us;
	context->certificates_over = context->certificates_near = 0;
	for (size_t i = 0; i < inventory->count; i++) {
		enum inventory_level level =
			inventory_level(inventory->items[i], (time_t)(now_us / 1000000));

		context->certificates_over += level == INVENTORY_OVER;
		context->certificates_near +=
			level == INVENTORY_7_DAYS || level == INVENTORY_1_DAY;
	}
	inventory_free(inventory);
}

/* A collector that is away. */
static void alarm_hep(json_t *alarms, const struct hep *hep)
{
	struct hep_state state;
	char text[200];

	if (!hep || !hep_in_use(hep))
		return;
	hep_state(hep, &state);
	if (state.sender.open || !state.sender.why[0])
		return;
	snprintf(text, sizeof(text), "the collector of HEP is away: %.150s",
		state.sender.why);
	json_array_append_new(alarms, api_text(text));
}

static void alarm_sink(json_t *alarms, struct sink *sink)
{
	struct sink_state state = {.failing = false};
	char text[SINK_WHY_SIZE + 40];

	if (sink)
		sink_state(sink, &state);
	if (!state.failing)
		return;
	snprintf(text, sizeof(text), "PostgreSQL takes no records: %s", state.why);
	json_array_append_new(alarms, api_text(text));
}

static void alarm_index(json_t *alarms, struct index *index)
{
	struct index_state state = {.failing = false};
	char text[INDEX_WHY_SIZE + 40];

	if (index)
		index_state(index, &state);
	if (!state.failing)
		return;
	snprintf(text, sizeof(text), "the index of records cannot be written: %s",
		state.why);
	json_array_append_new(alarms, api_text(text));
}

static json_t *alarms_json(struct verbs_context *context, const struct rows *rows)
{
	json_t *alarms = json_array();
	struct bridge_totals totals;
	struct writer_totals audit;
	char text[200];

	bridge_totals(context->bridge, &totals);
	writer_totals(context->writer, &audit);
	count_certificates(context);
	if (totals.draining)
		alarm(alarms, "the server is draining: it takes no new calls");
	if (audit.failing) {
		snprintf(text, sizeof(text), "audit cannot write: %.150s", audit.why);
		json_array_append_new(alarms, api_text(text));
	}
	alarm_hep(alarms, context->hep);
	if (audit.behind)
		alarm(alarms, "audit is behind: captures were lost");
	alarm_index(alarms, context->index);
	alarm_sink(alarms, context->sink);
	if (rows->failing > 0) {
		snprintf(text, sizeof(text),
			"the last call of %u trunks or servers failed", rows->failing);
		alarm(alarms, text);
	}
	if (context->certificates_over > 0) {
		snprintf(text, sizeof(text),
			"%u certificates or revocation lists are over: cert list",
			context->certificates_over);
		alarm(alarms, text);
	}
	if (context->certificates_near > 0) {
		snprintf(text, sizeof(text),
			"%u certificates or revocation lists run out within 7 days: cert "
			"list",
			context->certificates_near);
		alarm(alarms, text);
	}
	return alarms;
}

enum api_code monitor_verb_sample(void *arg, const char *const *args, size_t arg_count,
	json_t **ret_result, struct err_text *text)
{
	struct verbs_context *context = arg;
	struct clock *clock = clock_real();
	struct rows rows = {.count = 0};
	char time[CLOCK_TEXT_SIZE];

	(void)args;
	(void)arg_count;
	(void)text;
	add_trunks(&rows, context->trunks);
	*ret_result = json_pack("{s:s, s:I, s:o, s:o, s:o, s:o, s:o, s:I, s:o}", "time",
		clock_text(clock->wall_us(clock), time), "mono_us",
		(json_int_t)clock->mono_us(clock), "calls", calls_json(context), "media",
		media_json(context), "internal", side_json(context->internal), "external",
		side_json(context->external), "parties", rows_json(context, &rows),
		"parties_total", (json_int_t)rows.total, "alarms",
		alarms_json(context, &rows));
	return *ret_result ? API_OK : API_FAILED;
}
