#include "audit/backlog.h"

#include "base/log.h"

#include <inttypes.h>

/* Counted before it is said: see catch_up(). */
void backlog_overrun(struct backlog *backlog)
{
	atomic_fetch_add(&backlog->overruns, 1);
	atomic_store(&backlog->behind, true);
}

bool backlog_is_behind(const struct backlog *backlog)
{
	return atomic_load(&backlog->behind);
}

uint64_t backlog_times(const struct backlog *backlog)
{
	return atomic_load(&backlog->times);
}

void backlog_drained(struct backlog *backlog)
{
	backlog->drained = true;
}

static void fall_behind(struct backlog *backlog, uint64_t lost)
{
	backlog->told = true;
	atomic_fetch_add(&backlog->times, 1);
	log_warning("audit", "event=behind lost=%" PRIu64, lost);
}

/* An overrun just now may have been said before we say the contrary: then it has been counted. */
static void catch_up(struct backlog *backlog, uint64_t lost)
{
	atomic_store(&backlog->behind, false);
	if (atomic_load(&backlog->overruns) != backlog->seen) {
		atomic_store(&backlog->behind, true);
		return;
	}
	backlog->told = false;
	log_warning("audit", "event=caught-up lost=%" PRIu64, lost);
}

void backlog_tick(struct backlog *backlog, uint64_t lost)
{
	uint64_t overruns = atomic_load(&backlog->overruns);
	bool quiet = overruns == backlog->seen;
	bool drained = backlog->drained;

	backlog->seen = overruns;
	backlog->drained = false;
	if (!quiet && !backlog->told)
		fall_behind(backlog, lost);
	else if (backlog->told && quiet && drained)
		catch_up(backlog, lost);
}
