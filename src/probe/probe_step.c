/* The steps of a probe: where it stands, and what is said of each. */
#include "probe/probe_priv.h"

#include <stdarg.h>
#include <stdio.h>

static const char *const step_names[] = {
	[PROBE_FILES] = "files",
	[PROBE_DNS] = "dns",
	[PROBE_TCP] = "tcp",
	[PROBE_TLS] = "tls",
	[PROBE_OPTIONS] = "options",
	[PROBE_SRTP] = "srtp",
	[PROBE_STEPS] = "",
};

const char *probe_step_name(enum probe_step_kind kind)
{
	return step_names[kind];
}

const char *probe_verdict_name(enum probe_verdict verdict)
{
	static const char *const names[] = {
		[PROBE_SKIPPED] = "skipped",
		[PROBE_OK] = "ok",
		[PROBE_FAILED] = "failed",
		[PROBE_UNKNOWN] = "unknown",
	};

	return names[verdict];
}

const char *probe_host(const struct probe *probe)
{
	return probe->host;
}

uint16_t probe_port(const struct probe *probe)
{
	return config_port(probe->settings, true);
}

void probe_say(struct probe *probe, const char *format, ...)
{
	struct probe_step *step = &probe->result.steps[probe->at];
	va_list args;

	va_start(args, format);
	vsnprintf(step->words, sizeof(step->words), format, args);
	va_end(args);
}

void probe_fix(struct probe *probe, const char *format, ...)
{
	struct probe_step *step = &probe->result.steps[probe->at];
	va_list args;

	va_start(args, format);
	vsnprintf(step->fix, sizeof(step->fix), format, args);
	va_end(args);
}

uint64_t probe_now_us(const struct probe *probe)
{
	struct clock *clock = loop_clock(probe->loop);

	return clock->mono_us(clock);
}

static void end(struct probe *probe)
{
	timer_stop(&probe->step_timer);
	timer_stop(&probe->all_timer);
	resolve_cancel(probe->resolving);
	probe->resolving = NULL;
	probe->at = PROBE_STEPS;
	/* Not from within the transport that goes away with the probe. */
	loop_defer(probe->loop, &probe->finish, probe->finish_h, probe);
}

void probe_done(struct probe *probe, enum probe_verdict verdict)
{
	struct probe_step *step = &probe->result.steps[probe->at];
	uint64_t now = probe_now_us(probe);

	step->verdict = verdict;
	step->ms += (unsigned)((now - probe->step_us) / 1000);
	probe->step_us = now;
	timer_stop(&probe->step_timer);
	if (verdict == PROBE_FAILED) {
		probe->result.failed = probe->at;
		end(probe);
	} else if (++probe->at == PROBE_STEPS) {
		end(probe);
	}
}
