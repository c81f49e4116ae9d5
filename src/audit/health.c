#include "audit/health.h"

#include "base/err.h"
#include "base/log.h"

#include <inttypes.h>
#include <stdio.h>

void health_init(struct health *health)
{
	atomic_init(&health->failing, false);
	pthread_mutex_init(&health->lock, NULL);
	health->why[0] = '\0';
	atomic_init(&health->turn_us, 0);
	atomic_init(&health->stalled, false);
	health->stalled_us = 0;
}

void health_free(struct health *health)
{
	pthread_mutex_destroy(&health->lock);
}

void health_fail(struct health *health, const char *what, int err)
{
	bool began;

	pthread_mutex_lock(&health->lock);
	snprintf(health->why, sizeof(health->why), "%s: %s", what, err_str(err));
	began = !atomic_exchange(&health->failing, true);
	pthread_mutex_unlock(&health->lock);
	if (began)
		log_error("audit", "event=failing what=%s error=\"%s\"", what,
			err_str(err));
}

void health_recover(struct health *health, uint64_t lost)
{
	if (atomic_exchange(&health->failing, false))
		log_warning("audit", "event=recovered lost=%" PRIu64, lost);
}

bool health_is_failing(const struct health *health)
{
	return atomic_load(&health->failing);
}

void health_why(struct health *health, char *ret_why, size_t size)
{
	pthread_mutex_lock(&health->lock);
	snprintf(ret_why, size, "%s", health->why);
	pthread_mutex_unlock(&health->lock);
}

void health_turn_begins(struct health *health, uint64_t mono_us)
{
	atomic_store_explicit(&health->turn_us, mono_us, memory_order_relaxed);
}

void health_turn_ends(struct health *health)
{
	atomic_store_explicit(&health->turn_us, 0, memory_order_relaxed);
}

/* How long the present turn lasts by now. */
static uint64_t held_up_us(const struct health *health, uint64_t mono_us)
{
	const uint64_t began =
		atomic_load_explicit(&health->turn_us, memory_order_relaxed);

	return began > 0 && mono_us > began ? mono_us - began : 0;
}

void health_look(struct health *health, uint64_t mono_us)
{
	const uint64_t held_us = held_up_us(health, mono_us);
	const bool stalled = health_is_stalled(health);

	if (held_us > HEALTH_STALLED_US) {
		health->stalled_us = mono_us;
		if (stalled)
			return;
		atomic_store(&health->stalled, true);
		log_error("audit", "event=stalled after-ms=%" PRIu64, held_us / 1000);
	} else if (stalled && mono_us - health->stalled_us > HEALTH_REST_US) {
		atomic_store(&health->stalled, false);
		log_warning("audit", "event=goes-on");
	}
}

bool health_is_stalled(const struct health *health)
{
	return atomic_load(&health->stalled);
}
