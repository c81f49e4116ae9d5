#include "admin/subscription_verbs.h"

#include "admin/verbs.h"
#include "base/clock.h"
#include "bridge/bridge.h"

#include <errno.h>

#define LIST_MAX 500

/* Collects those of a list. */
struct listing {
	json_t *array;
	json_int_t total;
};

static json_t *leg_json(const struct record_leg *leg)
{
	return json_pack("{s:o, s:s, s:s}", "party", api_text(leg->party), "transport",
		leg->transport, "tls_version", leg->version);
}

static void add_subscription(void *arg, const struct bridge_subscription *subscription)
{
	const struct record *record = subscription->record;
	struct listing *listing = arg;
	char start[CLOCK_TEXT_SIZE];
	json_t *object;

	listing->total++;
	if (json_array_size(listing->array) >= LIST_MAX)
		return;
	object = json_pack("{s:s, s:o, s:b, s:o, s:o, s:s, s:I, s:I}", "id", record->id,
		"package", api_text(subscription->package), "inbound",
		(int)record->inbound, "from", api_text(record->from), "to",
		api_text(record->to), "start", clock_text(record->start_wall_us, start),
		"duration_us", (json_int_t)record->end_us, "left_s",
		(json_int_t)subscription->left_s);
	for (unsigned i = 0; i < 2; i++)
		json_object_set_new(
			object, record_leg_name(record, i), leg_json(&record->legs[i]));
	json_array_append_new(listing->array, object);
}

enum api_code subscription_verb_list(void *arg, const char *const *args, size_t arg_count,
	json_t **ret_result, struct err_text *text)
{
	const struct verbs_context *context = arg;
	struct listing listing = {.array = json_array()};

	(void)args;
	(void)arg_count;
	(void)text;
	bridge_each_subscription(context->bridge, add_subscription, &listing);
	*ret_result = json_pack(
		"{s:I, s:o}", "total", listing.total, "subscriptions", listing.array);
	return API_OK;
}

enum api_code subscription_verb_end(void *arg, const char *const *args, size_t arg_count,
	json_t **ret_result, struct err_text *text)
{
	const struct verbs_context *context = arg;

	(void)arg_count;
	(void)ret_result;
	if (bridge_end_subscription(context->bridge, args[0]) != -ENOENT)
		return API_OK;
	err_set(text, 0, "no such subscription: %.100s", args[0]);
	return API_NOT_FOUND;
}
