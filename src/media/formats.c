#include "media/formats.h"

#include "media/quality.h"

#include <string.h>

/* RFC 3551 6: those below have fixed meanings. */
#define DYNAMIC_FIRST 35
#define COMFORT_NOISE 13
#define COMFORT_NOISE_OLD 19
/* Of what is told: others are taken for 8,000. */
#define RATE_LEAST 1000
#define RATE_MOST 384000
/* The highest that is met in telephony, where nothing is told of a dynamic type. */
#define RATE_GUESS_MOST 48000

void formats_set(struct formats *formats, const struct relay_remote *remote)
{
	formats->count = remote->format_count < RELAY_FORMATS ? remote->format_count
							      : RELAY_FORMATS;
	memcpy(formats->told, remote->formats, formats->count * sizeof(formats->told[0]));
	formats->looked = false;
}

static struct format find(const struct formats *formats, uint8_t type)
{
	struct format format = {.type = type,
		.aside = type == COMFORT_NOISE || type == COMFORT_NOISE_OLD};

	for (unsigned i = 0; i < formats->count; i++) {
		const struct relay_format *told = &formats->told[i];

		if (told->type != type || told->rate < RATE_LEAST ||
			told->rate > RATE_MOST)
			continue;
		format.aside = told->aside;
		format.clock = (struct outgoing_clock){told->rate, told->rate};
		return format;
	}
	format.clock.rate = quality_clock_rate(type);
	format.clock.rate_most =
		type < DYNAMIC_FIRST ? format.clock.rate : RATE_GUESS_MOST;
	return format;
}

const struct format *formats_find(struct formats *formats, uint8_t type)
{
	if (!formats->looked || formats->latest.type != type) {
		formats->latest = find(formats, type);
		formats->looked = true;
	}
	return &formats->latest;
}
