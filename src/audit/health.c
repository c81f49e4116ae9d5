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
