/* Outcomes as they are printed. */
#include "replay/outcome.h"

#include "admin/api.h"

#include <stdlib.h>
#include <string.h>

static json_t *text_or_null(const char *text)
{
	return text ? api_text(text) : json_null();
}

/* Whether LINE is a whole line of LINES. */
static bool has_line(const char *lines, struct span line)
{
	struct span rest = span_of(lines), other;

	while (span_next(&rest, '\n', &other))
		if (span_equal(other, line))
			return true;
	return false;
}

/* Those of TARGET that OTHER has not. */
static json_t *lines_json(
	const struct outcome_target *target, const struct outcome_target *other)
{
	struct span rest = span_of(target->lines), line;
	json_t *array = json_array();

	while (other && span_next(&rest, '\n', &line)) {
		char *text;

		if (line.len < 2 || has_line(other->lines, line))
			continue;
		text = span_dup(span_trim((struct span){line.p, line.len - 1}));
		if (text)
			json_array_append_new(array, api_text(text));
		free(text);
	}
	return array;
}

static json_t *target_json(
	const struct outcome_target *target, const struct outcome_target *other)
{
	return json_pack("{s:s, s:s, s:i, s:o, s:o, s:s, s:s, s:o}", "kind",
		trunk_word(target->kind), "id", target->id, "share_percent",
		(int)target->share, "called", api_text(target->called), "caller",
		text_or_null(target->caller), "signalling", target->signalling, "media",
		target->media, "lines", lines_json(target, other));
}

json_t *outcome_json(const struct outcome *outcome, const struct outcome *other)
{
	json_t *targets = json_array();

	for (unsigned i = 0; i < outcome->count; i++) {
		const struct outcome_target *target = &outcome->targets[i];
		const struct outcome_target *twin =
			other && i < other->count ? &other->targets[i] : NULL;

		if (twin &&
			(twin->kind != target->kind || strcmp(twin->id, target->id) != 0))
			twin = NULL;
		json_array_append_new(targets, target_json(target, twin));
	}
	return json_pack("{s:o, s:o, s:o, s:o, s:o, s:o}", "status",
		outcome->count ? json_null() : json_integer(outcome->status), "why",
		text_or_null(outcome->why), "emergency", json_boolean(outcome->emergency),
		"called", text_or_null(outcome->called), "caller",
		text_or_null(outcome->knows_caller ? outcome->caller : NULL), "targets",
		targets);
}

json_t *outcome_past_json(const struct past *past)
{
	json_t *targets = json_array();

	for (unsigned i = 0; i < past->attempt_count; i++)
		json_array_append_new(targets,
			json_pack("{s:n, s:o, s:n, s:n, s:n, s:n, s:n, s:[]}", "kind",
				"id", api_text(past->attempts[i]), "share_percent",
				"called", "caller", "signalling", "media", "lines"));
	return json_pack("{s:o, s:n, s:n, s:o, s:o, s:o}", "status",
		past->attempt_count ? json_null()
				    : json_integer(json_integer_value(
					      json_object_get(past->record, "status"))),
		"why", "emergency", "called", api_text(past->to), "caller",
		api_text(past->from), "targets", targets);
}
