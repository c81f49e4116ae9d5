#include "admin/list_row.h"

#include "admin/list_filter.h"
#include "base/clock.h"

static json_t *text_json(const char *text)
{
	return text ? json_string(text) : json_null();
}

static json_t *time_json(uint64_t us)
{
	char text[CLOCK_TEXT_SIZE];

	return json_string(clock_text(us, text));
}

static json_t *some_json(bool any, uint64_t number)
{
	return any ? json_integer((json_int_t)number) : json_null();
}

/* The caller's party first. Where both are of one kind the record has them so; else the caller is who is not called. */
static void order_parties(const struct index_row *row, const char *ret[static 2])
{
	const char *one = row->parties[0], *other = row->parties[1];
	const bool same = one && other && one[0] == other[0];
	const bool turned = !same && row->inbound;

	ret[0] = turned ? other : one;
	ret[1] = turned ? one : other;
}

static void add_call(json_t *object, const struct index_row *row)
{
	const char *parties[2];

	order_parties(row, parties);
	json_object_set_new(object, "message", json_boolean(row->message));
	json_object_set_new(object, "inbound", json_boolean(row->inbound));
	json_object_set_new(object, "from", text_json(row->from));
	json_object_set_new(object, "to", text_json(row->to));
	json_object_set_new(object, "from_party", text_json(parties[0]));
	json_object_set_new(object, "to_party", text_json(parties[1]));
	json_object_set_new(object, "start", time_json(row->end_us - row->duration_us));
	json_object_set_new(object, "duration_us", some_json(true, row->duration_us));
	json_object_set_new(object, "ringing_us", some_json(row->rang, row->ringing_us));
	json_object_set_new(object, "talk_us", some_json(row->answered, row->talk_us));
	json_object_set_new(object, "status", some_json(true, row->status));
	json_object_set_new(object, "cause", text_json(row->cause));
	json_object_set_new(object, "ended_by", text_json(row->ended_by));
	json_object_set_new(
		object, "signalling", text_json(list_signalling_name(row->signalling)));
	json_object_set_new(object, "media", text_json(list_media_name(row->media)));
	json_object_set_new(
		object, "mos", row->mos > 0 ? json_real(row->mos / 100.0) : json_null());
	json_object_set_new(object, "q850", some_json(row->q850 > 0, row->q850));
}

json_t *list_row_json(const struct index_row *row)
{
	json_t *object = json_pack("{s:s, s:o, s:s?, s:o}", "kind", row->kind, "seq",
		some_json(row->numbered, row->seq), "id", row->id, "end",
		time_json(row->end_us));

	if (object && row->call)
		add_call(object, row);
	return object;
}
