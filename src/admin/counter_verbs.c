#include "admin/counter_verbs.h"

#include "admin/moment.h"
#include "admin/verbs.h"
#include "base/clock.h"
#include "base/loop.h"
#include "trunk/trunk.h"

#include <string.h>

/*
 * Only the operator's view begins anew: what metrics count never goes back, since a scraper takes that for
 * a restart.
 */
static void reset(struct trunk *trunk, time_t now)
{
	trunk->calls_total_base = trunk->calls_total;
	trunk->calls_failed_base = trunk->calls_failed;
	trunk->reset_at = now;
	figures_reset(&trunk->figures);
}

enum api_code counters_verb_reset(void *arg, const char *const *args, size_t arg_count,
	json_t **ret_result, struct err_text *text)
{
	const struct verbs_context *context = arg;
	struct clock *clock = loop_clock(context->loop);
	const time_t now = (time_t)(clock->wall_us(clock) / 1000000);
	json_t *names = json_array();
	struct trunk *trunk;
	char name[80];

	for (unsigned kind = 0; kind < 2; kind++)
		for (unsigned i = 0;
			(trunk = trunks_at(context->trunks, (enum trunk_kind)kind, i));
			i++) {
			if (arg_count > 0 && strcmp(trunk->id, args[0]) != 0)
				continue;
			reset(trunk, now);
			json_array_append_new(
				names, json_string(trunk_name(trunk, name)));
		}
	if (arg_count > 0 && json_array_size(names) == 0) {
		json_decref(names);
		err_set(text, 0, "no such trunk or server: %.100s", args[0]);
		return API_NOT_FOUND;
	}
	*ret_result =
		json_pack("{s:o, s:o}", "reset", names, "reset_at", moment_json(now));
	return API_OK;
}
