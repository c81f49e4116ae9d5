#include "base/saved.h"

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- the document ---- */

static struct saved with(struct saved saved, json_t *json)
{
	saved.json = json;
	return saved;
}

int saved_new(struct saved *ret, uint64_t now_us, const struct saved_sealer *sealer)
{
	*ret = (struct saved){
		.json = json_object(), .now_us = now_us, .sealer = sealer, .about = ""};
	return ret->json ? 0 : -ENOMEM;
}

int saved_parse(struct saved *ret, struct span text, uint64_t now_us,
	const struct saved_sealer *sealer, struct err_text *error)
{
	json_error_t where;
	json_t *json = json_loadb(text.p, text.len, JSON_REJECT_DUPLICATES, &where);

	if (json && !json_is_object(json)) {
		json_decref(json);
		return err_set(error, ERR_FORMAT, "it is no JSON object");
	}
	if (!json)
		return err_set(error, ERR_FORMAT, "line %d column %d: %s", where.line,
			where.column, where.text);
	*ret = (struct saved){
		.json = json, .now_us = now_us, .sealer = sealer, .about = ""};
	return 0;
}

void saved_free(struct saved *saved)
{
	json_decref(saved->json);
	*saved = (struct saved){.json = NULL};
}

static int print_h(const char *data, size_t len, void *arg)
{
	struct buf *out = arg;

	buf_add(out, data, len);
	return out->err ? -1 : 0;
}

int saved_print(struct saved saved, struct buf *out)
{
	return json_dump_callback(saved.json, print_h, out, JSON_COMPACT) ? -ENOMEM : 0;
}

int saved_add(struct saved saved, const char *name, struct saved *ret)
{
	json_t *json = json_object();

	*ret = with(saved, json);
	return json_object_set_new(saved.json, name, json) ? -ENOMEM : 0;
}

int saved_append(struct saved saved, const char *list, struct saved *ret)
{
	json_t *array = json_object_get(saved.json, list);
	json_t *json;

	if (!array) {
		array = json_array();
		if (json_object_set_new(saved.json, list, array))
			return -ENOMEM;
	}
	json = json_object();
	*ret = with(saved, json);
	return json_array_append_new(array, json) ? -ENOMEM : 0;
}

void saved_drop(struct saved saved, const char *list)
{
	json_t *array = json_object_get(saved.json, list);

	json_array_remove(array, json_array_size(array) - 1);
}

bool saved_get(struct saved saved, const char *name, struct saved *ret)
{
	json_t *json = json_object_get(saved.json, name);

	*ret = with(saved, json);
	return json_is_object(json);
}

struct saved saved_object(struct saved saved, const char *name)
{
	struct saved object;

	saved_get(saved, name, &object);
	return object;
}

bool saved_at(struct saved saved, const char *list, unsigned index, struct saved *ret)
{
	json_t *json = json_array_get(json_object_get(saved.json, list), index);

	*ret = with(saved, json);
	return json_is_object(json);
}

/* ---- numbers ---- */

static uint64_t read_uint(const void *at, unsigned size)
{
	uint8_t one;
	uint16_t two;
	uint32_t four;
	uint64_t eight;

	switch (size) {
	case 1:
		memcpy(&one, at, sizeof(one));
		return one;
	case 2:
		memcpy(&two, at, sizeof(two));
		return two;
	case 4:
		memcpy(&four, at, sizeof(four));
		return four;
	default:
		assert(size == 8);
		memcpy(&eight, at, sizeof(eight));
		return eight;
	}
}

static void write_uint(void *at, unsigned size, uint64_t value)
{
	const uint8_t one = (uint8_t)value;
	const uint16_t two = (uint16_t)value;
	const uint32_t four = (uint32_t)value;

	switch (size) {
	case 1:
		memcpy(at, &one, sizeof(one));
		break;
	case 2:
		memcpy(at, &two, sizeof(two));
		break;
	case 4:
		memcpy(at, &four, sizeof(four));
		break;
	default:
		assert(size == 8);
		memcpy(at, &value, sizeof(value));
	}
}

/* JSON's integers are signed here: what is larger is a text. */
static json_t *uint_json(uint64_t value)
{
	char hex[19];

	if (value <= INT64_MAX)
		return json_integer((json_int_t)value);
	snprintf(hex, sizeof(hex), "0x%016" PRIx64, value);
	return json_string(hex);
}

static bool json_uint(const json_t *json, uint64_t *ret)
{
	const char *text = json_string_value(json);
	char *end;

	if (json_is_integer(json) && json_integer_value(json) >= 0) {
		*ret = (uint64_t)json_integer_value(json);
		return true;
	}
	if (!text || strncmp(text, "0x", 2) != 0 || strlen(text) != 18)
		return false;
	*ret = strtoull(text + 2, &end, 16);
	return *end == '\0';
}

static uint64_t limit_of(const struct saved_field *field)
{
	if (field->below)
		return field->below - 1;
	return field->size == 8 ? UINT64_MAX : (UINT64_C(1) << (8 * field->size)) - 1;
}

/* ---- writing ---- */

/* JSON is UTF-8, and SIP need not be: what is not becomes {"hex": "..."}. */
static json_t *text_json(struct span text)
{
	json_t *json = json_stringn(text.p, text.len);
	struct buf hex;

	if (json)
		return json;
	buf_init(&hex, 0);
	buf_add_hex(&hex, text);
	if (!hex.err)
		json = json_pack("{s:s}", "hex", buf_str(&hex));
	buf_free(&hex);
	return json;
}

/* A NUL may be missing where the text fills its field. */
static struct span text_of(const struct saved_field *field, const char *at)
{
	return (struct span){.p = at, .len = strnlen(at, field->size)};
}

static json_t *sealed_json(struct saved saved, struct span plain, int *ret_err)
{
	const struct saved_sealer *sealer = saved.sealer;
	json_t *json = NULL;
	struct buf out;

	assert(sealer);
	buf_init(&out, 0);
	*ret_err = sealer->seal_h(sealer->arg, saved.about, plain, &out);
	if (!*ret_err && !out.err)
		json = text_json(buf_span(&out));
	buf_free(&out);
	return json;
}

static struct span secret_span(const struct secret *secret)
{
	return (struct span){.p = (const char *)secret->bytes, .len = secret->len};
}

static bool any_is_set(const struct saved_field *field, const char *at);

static bool is_set(const struct saved_field *field, const void *at)
{
	static const uint8_t zero[8];

	switch (field->kind) {
	case SAVED_IS_TEXT:
		return *(const char *)at != '\0';
	case SAVED_IS_ADDR:
		return ((const struct addr *)at)->len > 0;
	case SAVED_IS_SECRET:
		return ((const struct secret *)at)->len > 0;
	case SAVED_IS_OWNED:
		return *(void *const *)at != NULL;
	case SAVED_IS_SINCE:
		return true;
	case SAVED_IS_STRUCT:
		for (const struct saved_field *row = field->fields; row->name; row++)
			if (any_is_set(row, (const char *)at + row->offset))
				return true;
		return false;
	default:
		return memcmp(at, zero, field->size) != 0;
	}
}

static bool any_is_set(const struct saved_field *field, const char *at)
{
	for (unsigned i = 0; i < field->count; i++)
		if (is_set(field, at + (size_t)i * field->size))
			return true;
	return false;
}

static json_t *struct_json(struct saved saved, const struct saved_field *fields,
	const void *at, int *ret_err)
{
	json_t *json = json_object();

	*ret_err = json ? saved_put(with(saved, json), fields, at) : -ENOMEM;
	if (!*ret_err)
		return json;
	json_decref(json);
	return NULL;
}

static json_t *list_json(struct saved saved, const struct saved_field *field,
	const char *at, int *ret_err);

/* What an owned pointer leads to, as a field of its own. */
static struct saved_field behind(const struct saved_field *field)
{
	struct saved_field inner = *field;

	inner.kind = SAVED_IS_STRUCT;
	inner.count = field->room;
	return inner;
}

static json_t *owned_json(
	struct saved saved, const struct saved_field *field, const void *at, int *ret_err)
{
	const struct saved_field inner = behind(field);

	return inner.count == 1 ? struct_json(saved, inner.fields, at, ret_err)
				: list_json(saved, &inner, at, ret_err);
}

/* One element. NULL: *RET_ERR says why, or there is no memory. */
static json_t *element_json(
	struct saved saved, const struct saved_field *field, const void *at, int *ret_err)
{
	char address[ADDR_TEXT_SIZE];
	uint64_t time_us;

	switch (field->kind) {
	case SAVED_IS_BOOL:
		return json_boolean(*(const bool *)at);
	case SAVED_IS_UINT:
		return uint_json(read_uint(at, field->size));
	case SAVED_IS_INT:
		return json_integer(*(const int32_t *)at);
	case SAVED_IS_TEXT:
		return text_json(text_of(field, at));
	case SAVED_IS_STRING:
		return text_json(span_of(*(char *const *)at));
	case SAVED_IS_TIME:
		time_us = *(const uint64_t *)at;
		return uint_json(time_us < saved.now_us ? saved.now_us - time_us : 0);
	case SAVED_IS_SINCE:
		return uint_json(saved.now_us - *(const uint64_t *)at);
	case SAVED_IS_ADDR:
		return json_string(
			((const struct addr *)at)->len ? addr_text(at, address) : "");
	case SAVED_IS_SECRET:
		return sealed_json(saved, secret_span(at), ret_err);
	case SAVED_IS_SEALED:
		return sealed_json(saved, span_of(*(char *const *)at), ret_err);
	case SAVED_IS_STRUCT:
		return struct_json(saved, field->fields, at, ret_err);
	case SAVED_IS_OWNED:
		return owned_json(saved, field, *(void *const *)at, ret_err);
	}
	return NULL;
}

static json_t *list_json(
	struct saved saved, const struct saved_field *field, const char *at, int *ret_err)
{
	json_t *list = json_array();

	for (unsigned i = 0; i < field->count && list; i++) {
		json_t *json =
			element_json(saved, field, at + (size_t)i * field->size, ret_err);

		if (json_array_append_new(list, json)) {
			json_decref(list);
			list = NULL;
		}
	}
	return list;
}

int saved_put(struct saved saved, const struct saved_field *fields, const void *from)
{
	for (const struct saved_field *field = fields; field->name; field++) {
		const char *at = (const char *)from + field->offset;
		int err = 0;
		json_t *json;

		if (!any_is_set(field, at))
			continue;
		json = field->count == 1 ? element_json(saved, field, at, &err)
					 : list_json(saved, field, at, &err);
		if (!err && json_object_set_new(saved.json, field->name, json))
			err = -ENOMEM;
		if (err)
			return err;
	}
	return 0;
}

/* ---- reading ---- */

/* Appends the bytes of a text, which have no NUL. 0 or ERR_FORMAT. */
static int add_text(const json_t *json, struct buf *out)
{
	const json_t *hex = json_object_get(json, "hex");
	const char *text = json_string_value(hex ? hex : json);

	if (!text)
		return ERR_FORMAT;
	if (hex)
		return buf_add_unhexed(out, span_of(text));
	buf_add_str(out, text);
	return 0;
}

static int read_text(const struct saved_field *field, const json_t *json, char *at)
{
	struct buf text;
	int err;

	buf_init(&text, 0);
	err = add_text(json, &text);
	if (!err)
		err = text.err;
	if (!err && span_copy(buf_span(&text), at, field->size))
		err = ERR_FORMAT;
	buf_free(&text);
	return err;
}

static int read_string(const json_t *json, char **at)
{
	struct buf text;
	int err;

	buf_init(&text, 0);
	err = add_text(json, &text);
	if (!err)
		err = text.err;
	if (!err)
		*at = span_dup(buf_span(&text));
	buf_free(&text);
	return err || *at ? err : -ENOMEM;
}

/* What is older than the clock was there when it began. */
static int read_time(struct saved saved, const json_t *json, uint64_t *at)
{
	uint64_t age_us;

	if (!json_uint(json, &age_us))
		return ERR_FORMAT;
	*at = age_us < saved.now_us ? saved.now_us - age_us : 1;
	return 0;
}

static int read_since(struct saved saved, const json_t *json, uint64_t *at)
{
	uint64_t age_us;

	if (!json_uint(json, &age_us))
		return ERR_FORMAT;
	*at = saved.now_us - age_us;
	return 0;
}

static int read_address(const json_t *json, struct addr *at)
{
	const char *text = json_string_value(json);

	if (!text)
		return ERR_FORMAT;
	return text[0] ? addr_parse(at, text, 0) : 0;
}

/* Appends what was sealed to OUT, which wipes it when it is freed. */
static int open_sealed(struct saved saved, const json_t *json, struct buf *out)
{
	const struct saved_sealer *sealer = saved.sealer;
	int err;

	if (!json_is_string(json) || !sealer)
		return ERR_FORMAT;
	err = sealer->open_h(
		sealer->arg, saved.about, span_of(json_string_value(json)), out);
	return err ? err : out->err;
}

static int read_secret(struct saved saved, const json_t *json, struct secret *at)
{
	struct buf plain;
	int err;

	buf_init(&plain, 0);
	err = open_sealed(saved, json, &plain);
	if (!err)
		err = secret_set(at, plain.data, plain.len) ? ERR_FORMAT : 0;
	buf_free(&plain);
	return err;
}

static int read_sealed(struct saved saved, const json_t *json, char **at)
{
	struct buf plain;
	int err;

	buf_init(&plain, 0);
	err = open_sealed(saved, json, &plain);
	if (!err)
		*at = span_dup(buf_span(&plain));
	buf_free(&plain);
	return err || *at ? err : -ENOMEM;
}

static int read_number(const struct saved_field *field, const json_t *json, void *at)
{
	uint64_t value;

	if (!json_uint(json, &value) || value > limit_of(field))
		return ERR_FORMAT;
	write_uint(at, field->size, value);
	return 0;
}

static int read_int(const json_t *json, int32_t *at)
{
	const json_int_t value = json_integer_value(json);

	if (!json_is_integer(json) || value < INT32_MIN || value > INT32_MAX)
		return ERR_FORMAT;
	*at = (int32_t)value;
	return 0;
}

static int read_list(struct saved saved, const struct saved_field *field, json_t *list,
	char *at, struct err_text *error);

static int read_struct(struct saved saved, const struct saved_field *field, json_t *json,
	void *at, struct err_text *error)
{
	return json_is_object(json)
		       ? saved_take(with(saved, json), field->fields, at, error)
		       : ERR_FORMAT;
}

static int read_owned(struct saved saved, const struct saved_field *field, json_t *json,
	void **at, struct err_text *error)
{
	const struct saved_field inner = behind(field);

	*at = calloc(inner.count, inner.size);
	if (!*at)
		return -ENOMEM;
	return inner.count == 1 ? read_struct(saved, &inner, json, *at, error)
				: read_list(saved, &inner, json, *at, error);
}

static int read_element(struct saved saved, const struct saved_field *field, json_t *json,
	void *at, struct err_text *error)
{
	switch (field->kind) {
	case SAVED_IS_BOOL:
		*(bool *)at = json_is_true(json);
		return json_is_boolean(json) ? 0 : ERR_FORMAT;
	case SAVED_IS_UINT:
		return read_number(field, json, at);
	case SAVED_IS_INT:
		return read_int(json, at);
	case SAVED_IS_TEXT:
		return read_text(field, json, at);
	case SAVED_IS_STRING:
		return read_string(json, at);
	case SAVED_IS_TIME:
		return read_time(saved, json, at);
	case SAVED_IS_SINCE:
		return read_since(saved, json, at);
	case SAVED_IS_ADDR:
		return read_address(json, at);
	case SAVED_IS_SECRET:
		return read_secret(saved, json, at);
	case SAVED_IS_SEALED:
		return read_sealed(saved, json, at);
	case SAVED_IS_STRUCT:
		return read_struct(saved, field, json, at, error);
	case SAVED_IS_OWNED:
		return read_owned(saved, field, json, at, error);
	}
	return ERR_FORMAT;
}

static int read_list(struct saved saved, const struct saved_field *field, json_t *list,
	char *at, struct err_text *error)
{
	int err = json_array_size(list) == field->count ? 0 : ERR_FORMAT;

	for (unsigned i = 0; i < field->count && !err; i++)
		err = read_element(saved, field, json_array_get(list, i),
			at + (size_t)i * field->size, error);
	return err;
}

int saved_take(struct saved saved, const struct saved_field *fields, void *to,
	struct err_text *error)
{
	for (const struct saved_field *field = fields; field->name; field++) {
		json_t *json = json_object_get(saved.json, field->name);
		char *at = (char *)to + field->offset;
		struct err_text inner = {{0}};
		int err;

		if (!json)
			continue;
		err = field->count == 1 ? read_element(saved, field, json, at, &inner)
					: read_list(saved, field, json, at, &inner);
		if (!err)
			continue;
		return err_set(error, err, "%s%s%s", field->name,
			inner.text[0] ? ": " : "",
			inner.text[0] ? inner.text
			: err == ERR_AUTH
				? " was sealed with another key, or for something else"
				: " is not what it must be");
	}
	return 0;
}
