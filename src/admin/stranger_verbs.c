#include "admin/stranger_verbs.h"

#include "admin/verbs.h"
#include "base/buf.h"
#include "base/clock.h"
#include "sip/transport.h"

struct listing {
	json_t *array;
	const char *side;
};

static json_t *moment_json(uint64_t wall_us)
{
	char text[CLOCK_TEXT_SIZE];

	return json_sprintf("%.19sZ", clock_text(wall_us, text));
}

static void add_stranger(
	void *arg, const struct stranger *stranger, uint64_t first_us, uint64_t last_us)
{
	const struct listing *listing = arg;
	char remote[ADDR_TEXT_SIZE];
	struct buf remedy;

	buf_init(&remedy, 0);
	stranger_remedy(stranger, &remedy);
	json_array_append_new(listing->array,
		json_pack("{s:s, s:s, s:s, s:s, s:s, s:I, s:o, s:o, s:o, s:o}", "remote",
			addr_text(&stranger->remote, remote), "side", listing->side,
			"transport", transport_kind_name(stranger->transport), "spoke",
			stranger->spoke, "rule", stranger_rule(stranger->kind), "count",
			(json_int_t)stranger->count, "first", moment_json(first_us),
			"last", moment_json(last_us), "trunk",
			api_text(stranger->owner.trunk), "do",
			api_text(remedy.err ? "" : buf_str(&remedy))));
	buf_free(&remedy);
}

enum api_code stranger_verb_list(void *arg, const char *const *args, size_t arg_count,
	json_t **ret_result, struct err_text *text)
{
	const struct verbs_context *context = arg;
	const struct {
		const struct transport *transport;
		const char *side;
	} sides[] = {
		{context->external, "external"},
		{context->internal, "internal"},
	};
	json_t *array = json_array();

	(void)args;
	(void)arg_count;
	if (!array) {
		err_set(text, 0, "out of memory");
		return API_FAILED;
	}
	for (size_t i = 0; i < sizeof(sides) / sizeof(sides[0]); i++) {
		struct listing listing = {.array = array, .side = sides[i].side};

		if (sides[i].transport)
			transport_strangers(sides[i].transport, add_stranger, &listing);
	}
	*ret_result = array;
	return API_OK;
}
