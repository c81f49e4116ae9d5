#include "media/mos.h"

#include <stddef.h>
#include <strings.h>

/* G.107 with all defaults: what is left of 100 for a narrow-band call without delay. */
#define BEST_R 93.2
#define PACKET_MS 20
#define JITTER_BUFFER 2 /* times the jitter */

/* G.113 Appendix I: the codec's own impairment, and how robust it is against loss. */
struct codec {
	const char *name;
	double impairment;
	double robustness;
};

static const struct codec codecs[] = {
	{"PCMA", 0, 25.1}, /* with concealment; also for codecs that it does not list */
	{"PCMU", 0, 25.1}, {"G729", 11, 19}, {"G723", 15, 16.1}, {"GSM-EFR", 5, 10},
	{"AMR", 5, 10}, /* at 12.2 kbit/s, which is GSM-EFR */
};

static const struct codec *find_codec(const char *name)
{
	for (size_t i = 0; name && i < sizeof(codecs) / sizeof(codecs[0]); i++)
		if (strcasecmp(codecs[i].name, name) == 0)
			return &codecs[i];
	return &codecs[0];
}

/* G.107 7.4 in the usual simplification (Cole and Rosenbluth 2001). */
static double delay_impairment(double ms)
{
	return 0.024 * ms + (ms > 177.3 ? 0.11 * (ms - 177.3) : 0);
}

/* G.107 7.5 with random loss. */
static double loss_impairment(const struct codec *codec, double percent)
{
	return codec->impairment +
	       (95 - codec->impairment) * percent / (percent + codec->robustness);
}

unsigned mos_estimate(const struct mos_facts *facts)
{
	const struct codec *codec = find_codec(facts->codec);
	double sent = (double)(facts->received + facts->lost);
	double delay_ms = facts->round_trip_us / 2000.0 +
			  JITTER_BUFFER * facts->jitter_us / 1000.0 + PACKET_MS;
	double r, mos;

	if (facts->received == 0)
		return 0;
	r = BEST_R - delay_impairment(delay_ms) -
	    loss_impairment(codec, 100.0 * (double)facts->lost / sent);
	if (r <= 0)
		return 100;
	/* G.107 Annex B; below R = 6.5 the curve would dip under 1. */
	mos = 1 + 0.035 * r + r * (r - 60) * (100 - r) * 7e-6;
	return mos < 1 ? 100 : (unsigned)(mos * 100 + 0.5);
}
