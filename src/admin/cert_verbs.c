#include "admin/cert_verbs.h"

#include "admin/verbs.h"
#include "base/buf.h"
#include "base/clock.h"
#include "trunk/inventory.h"

#include <stdio.h>
#include <stdlib.h>

/* RFC 3339, by the second. Null: there is no such date. */
static json_t *date_json(time_t when)
{
	char text[CLOCK_TEXT_SIZE];

	return when > 0 ? json_sprintf(
				  "%.19sZ", clock_text((uint64_t)when * 1000000, text))
			: json_null();
}

static json_t *changes_json(unsigned changed)
{
	json_t *array = json_array();

	for (unsigned bit = 1; bit <= SEEN_NAMES; bit <<= 1) {
		char word[SEEN_CHANGE_TEXT_SIZE];

		if (changed & bit)
			json_array_append_new(
				array, json_string(seen_change_text(bit, word)));
	}
	return array;
}

/* When a peer's certificate became another, and how. */
static void add_change(json_t *object, const struct seen_peer *seen)
{
	json_object_set_new(object, "shown_since", date_json(seen->since));
	json_object_set_new(object, "changed", changes_json(seen->changed));
	json_object_set_new(object, "changed_at", date_json(seen->changed_at));
	json_object_set_new(object, "fingerprint_before", json_string(seen->before));
}

static json_t *facts_json(const struct facts *facts)
{
	return json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:o, s:o}", "subject",
		facts->subject, "issuer", facts->issuer, "names", facts->names, "serial",
		facts->serial, "fingerprint", facts->fingerprint, "pin", facts->pin,
		"eku", facts->eku, "key", facts->key, "not_before",
		date_json(facts->from), "not_after", date_json(facts->to));
}

json_t *cert_seen_json(const struct seen_peer *seen)
{
	json_t *object = seen ? facts_json(&seen->chain[0]) : json_null();

	if (seen)
		add_change(object, seen);
	return object;
}

/* A text that PRINT makes of ITEM. */
static json_t *printed_json(const struct inventory_item *item,
	void (*print)(const struct inventory_item *item, struct buf *out))
{
	struct buf text;
	json_t *string;

	buf_init(&text, 0);
	print(item, &text);
	string = api_text(buf_str(&text) ? text.data : "");
	buf_free(&text);
	return string;
}

static json_t *users_json(const struct inventory_item *item)
{
	json_t *array = json_array();
	char name[80];

	for (unsigned i = 0; i < item->user_count; i++)
		json_array_append_new(
			array, json_string(trunk_name(item->users[i].trunk, name)));
	return array;
}

static json_t *item_json(const struct inventory_item *item, time_t now)
{
	const struct facts *facts = &item->facts;
	json_t *object = json_pack("{s:s, s:s, s:I, s:s}", "role",
		inventory_role_name(item), "level",
		inventory_level_name(inventory_level(item, now)), "left_days",
		(json_int_t)(facts->to > now ? (facts->to - now) / 86400
					     : -((now - facts->to) / 86400) - 1),
		"file", item->file);
	json_t *certificate = facts_json(facts);

	json_object_update(object, certificate);
	json_decref(certificate);
	if (item->role == INVENTORY_CRL)
		json_object_set_new(object, "subject", json_string(facts->issuer));
	json_object_set_new(object, "users", users_json(item));
	json_object_set_new(object, "used_by", printed_json(item, inventory_print_users));
	json_object_set_new(object, "then", printed_json(item, inventory_print_then));
	if (item->from > 0)
		json_object_set_new(object,
			item->role == INVENTORY_NEXT ? "in_use_from" : "successor_from",
			date_json(item->from));
	if (item->seen)
		add_change(object, item->seen);
	return object;
}

enum api_code cert_verb_list(void *arg, const char *const *args, size_t arg_count,
	json_t **ret_result, struct err_text *text)
{
	const struct verbs_context *context = arg;
	const time_t now = (time_t)(clock_real()->wall_us(clock_real()) / 1000000);
	struct inventory *inventory;

	(void)args;
	(void)arg_count;
	if (inventory_new(&inventory, context->trunks, context->seen)) {
		err_set(text, 0, "out of memory");
		return API_FAILED;
	}
	*ret_result = json_array();
	for (size_t i = 0; i < inventory->count; i++)
		json_array_append_new(*ret_result, item_json(inventory->items[i], now));
	inventory_free(inventory);
	return API_OK;
}
