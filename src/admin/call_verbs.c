#include "admin/call_verbs.h"

#include "admin/call_show.h"
#include "admin/verbs.h"
#include "bridge/bridge.h"

#include <errno.h>

#define LIST_MAX 500

/* Collects the calls of a list: each costs some 30 us, and calls wait meanwhile. */
struct listing {
	const struct verbs_context *context;
	json_t *array;
};

static void add_call(void *arg, const struct record *record, const char *state)
{
	static const char *const names[] = {"id", "state", "inbound", "emergency", "from",
		"to", "start", "duration_us", "talk_us"};
	static const char *const leg_names[] = {
		"party", "transport", "tls_version", "media", "codec"};
	struct listing *listing = arg;
	json_t *whole, *object, *leg;

	if (json_array_size(listing->array) >= LIST_MAX)
		return;
	whole = call_show_json(listing->context, record, state);
	object = json_object();
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		json_object_set(object, names[i], json_object_get(whole, names[i]));
	for (unsigned i = 0; i < 2; i++) {
		const char *name = record_leg_name(record, i);

		leg = json_object();
		for (size_t j = 0; j < sizeof(leg_names) / sizeof(leg_names[0]); j++)
			json_object_set(leg, leg_names[j],
				json_object_get(
					json_object_get(whole, name), leg_names[j]));
		json_object_set_new(object, name, leg);
	}
	json_decref(whole);
	json_array_append_new(listing->array, object);
}

enum api_code call_verb_list(void *arg, const char *const *args, size_t arg_count,
	json_t **ret_result, struct err_text *text)
{
	const struct verbs_context *context = arg;
	struct listing listing = {.context = context, .array = json_array()};

	(void)args;
	(void)arg_count;
	(void)text;
	bridge_each_call(context->bridge, add_call, &listing);
	*ret_result = json_pack("{s:I, s:o}", "total",
		(json_int_t)bridge_call_count(context->bridge), "calls", listing.array);
	return API_OK;
}

enum api_code call_verb_hangup(void *arg, const char *const *args, size_t arg_count,
	json_t **ret_result, struct err_text *text)
{
	const struct verbs_context *context = arg;
	int err = bridge_hangup(context->bridge, args[0]);

	(void)arg_count;
	(void)ret_result;
	if (err == -ENOENT) {
		err_set(text, 0, "no such call: %.100s", args[0]);
		return API_NOT_FOUND;
	}
	if (err) {
		err_set(text, 0, "call %.100s: %s", args[0], err_str(err));
		return API_FAILED;
	}
	return API_OK;
}
