#include "admin/figures_json.h"

#include "admin/moment.h"
#include "admin/verbs.h"
#include "base/clock.h"
#include "base/loop.h"
#include "trunk/trunk.h"

/* Of a hundred, with one digit behind the point. */
static json_t *percent_json(uint64_t part, uint64_t whole)
{
	if (whole == 0)
		return json_null();
	return json_real((double)((part * 1000 + whole / 2) / whole) / 10);
}

static json_t *mean_json(uint64_t sum, uint64_t count)
{
	return count ? json_integer((json_int_t)(sum / count)) : json_null();
}

static json_t *delay_json(const struct figures_count *count, unsigned percent)
{
	return figures_delay_count(count)
		       ? json_integer((json_int_t)figures_delay_at(count, percent))
		       : json_null();
}

static json_t *count_json(const struct figures_count *count)
{
	return json_pack("{s:I, s:I, s:o, s:o, s:o, s:o, s:o, s:o}", "attempts",
		(json_int_t)count->attempts, "answered", (json_int_t)count->answered,
		"asr_percent", percent_json(count->answered, count->attempts),
		"ner_percent", percent_json(count->effective, count->attempts), "acd_us",
		mean_json(count->talk_us, count->talks), "pdd_median_us",
		delay_json(count, 50), "pdd_mean_us",
		mean_json(count->delay_us, figures_delay_count(count)), "pdd_p95_us",
		delay_json(count, 95));
}

json_t *figures_json(const struct verbs_context *context, const struct trunk *trunk)
{
	struct clock *clock = loop_clock(context->loop);
	const struct figures_count hour =
		figures_last_hour(&trunk->figures, clock->mono_us(clock));
	const struct figures_count reset = figures_since_reset(&trunk->figures);
	const time_t start = (time_t)(context->start_wall_us / 1000000);

	return json_pack("{s:o, s:o, s:o}", "last_hour", count_json(&hour), "since_reset",
		count_json(&reset), "reset_at",
		moment_json(trunk->reset_at ? trunk->reset_at : start));
}
