#include "admin/observe_json.h"

#include "admin/api.h"
#include "base/buf.h"
#include "probe/observe.h"

static const char *const state_names[] = {
	[OBSERVE_UNKNOWN] = "unknown",
	[OBSERVE_WORKS] = "works",
	[OBSERVE_FAILS] = "fails",
};

static json_t *text_json(struct buf *text)
{
	json_t *json = api_text(buf_str(text) ? text->data : "");

	buf_free(text);
	return json;
}

/* RFC 3339 to the second; null: never. */
static json_t *time_json(uint64_t wall_us)
{
	char text[CLOCK_TEXT_SIZE];

	return wall_us ? json_sprintf("%.19sZ", clock_text(wall_us, text)) : json_null();
}

/* A server may have the id of a trunk. */
static bool find(const struct observe *observe, const struct trunk *trunk,
	struct observe_verdict *ret)
{
	return trunk->kind == TRUNK_GATEWAY && observe_find(observe, trunk->id, ret);
}

json_t *observe_word_json(const struct observe *observe, const struct trunk *trunk)
{
	struct observe_verdict verdict;

	if (!find(observe, trunk, &verdict))
		return json_string(config_tls_name(trunk_settings(trunk)->tls));
	return json_sprintf("observe: %s%s%s", state_names[verdict.state],
		verdict.step[0] ? " " : "", verdict.step);
}

static void add_failure(const struct observe_verdict *verdict, struct buf *out)
{
	buf_printf(out, "would fail: %s: %s", verdict->step, verdict->words);
	if (verdict->fix[0])
		buf_printf(out, "; fix: %s", verdict->fix);
}

static json_t *sentence_json(const struct observe_verdict *verdict)
{
	char since[CLOCK_TEXT_SIZE];
	struct buf out;

	buf_init(&out, 0);
	clock_text(verdict->since_us, since);
	switch (verdict->state) {
	case OBSERVE_UNKNOWN:
		buf_add_str(&out, "no probe is through yet");
		break;
	case OBSERVE_WORKS:
		buf_printf(&out, "tls on would work since %.10s %.5s UTC (%u probe%s)",
			since, since + 11, verdict->probes,
			verdict->probes == 1 ? "" : "s");
		if (verdict->srtp->verdict == PROBE_UNKNOWN)
			buf_printf(&out, "; nothing is known of SRTP: %s",
				verdict->srtp->words);
		break;
	case OBSERVE_FAILS:
		add_failure(verdict, &out);
		break;
	}
	return text_json(&out);
}

json_t *observe_json(const struct observe *observe, const struct trunk *trunk)
{
	struct observe_verdict verdict;
	const struct probe_step *inbound;

	if (!find(observe, trunk, &verdict))
		return NULL;
	inbound = verdict.inbound;
	return json_pack("{s:o, s:s, s:o, s:o, s:I, s:s, s:o, s:o, s:s, s:o, s:s, s:o, "
			 "s:o}",
		"verdict", sentence_json(&verdict), "state", state_names[verdict.state],
		"since", time_json(verdict.since_us), "checked",
		time_json(verdict.checked_us), "probes", (json_int_t)verdict.probes,
		"step", verdict.step, "words", api_text(verdict.words), "fix",
		api_text(verdict.fix), "srtp", probe_verdict_name(verdict.srtp->verdict),
		"srtp_words", api_text(verdict.srtp->words), "tls_in",
		probe_verdict_name(inbound->verdict), "tls_in_words",
		api_text(inbound->words), "tls_in_at", time_json(verdict.inbound_us));
}

json_t *observe_warning_json(const struct observe *observe, const char *id)
{
	struct observe_verdict verdict;
	struct buf out;

	if (!observe_find(observe, id, &verdict) || verdict.state != OBSERVE_FAILS)
		return NULL;
	buf_init(&out, 0);
	add_failure(&verdict, &out);
	return text_json(&out);
}
