#include "admin/trial.h"

#include "admin/moment.h"
#include "base/log.h"
#include "config/config.h"

#include <string.h>

static time_t wall_now(const struct trial *trial)
{
	struct clock *clock = timers_clock(trial->timers);

	return (time_t)(clock->wall_us(clock) / 1000000);
}

void trial_init(struct trial *trial, struct timers *timers,
	int (*return_h)(void *arg, struct config *before, struct err_text *text),
	void *arg)
{
	*trial = (struct trial){.timers = timers, .return_h = return_h, .arg = arg};
}

/* Nothing waits any more. */
static void settle(struct trial *trial, enum trial_state state)
{
	timer_stop(&trial->timer);
	config_unref(trial->before);
	trial->before = NULL;
	trial->until = 0;
	trial->stuck = false;
	trial->state = state;
}

void trial_free(struct trial *trial)
{
	if (trial->state == TRIAL_WAITING)
		log_warning("config",
			"event=unconfirmed reason=\"the server ends\" note=\"its next "
			"start takes the files as they are\"");
	settle(trial, TRIAL_NONE);
}

static void over_h(void *arg)
{
	struct trial *trial = arg;
	struct err_text text = {{0}};

	if (trial->return_h(trial->arg, trial->before, &text)) {
		log_error("config",
			"event=return-failed reason=\"%s\" note=\"tried again every %d "
			"s; "
			"tandemctl config confirm keeps what is in force\"",
			text.text, TRIAL_RETRY_MS / 1000);
		trial->stuck = true;
		timer_start(trial->timers, &trial->timer, TRIAL_RETRY_MS, over_h, trial);
		return;
	}
	settle(trial, TRIAL_RETURNED);
	trial->returned_at = trial->taken_at = wall_now(trial);
	log_warning("config",
		"event=returned reason=\"nobody confirmed\" note=\"the configuration of "
		"before is in force again, the files are not; tandemctl config diff "
		"shows "
		"what differs\"");
}

void trial_taken(struct trial *trial, struct config *old, uint64_t wait_ms)
{
	char until[MOMENT_TEXT_SIZE];

	trial->taken_at = wall_now(trial);
	trial->returned_at = 0;
	if (trial->state == TRIAL_RETURNED)
		trial->state = TRIAL_NONE;
	if (wait_ms == 0) {
		if (trial->state == TRIAL_WAITING)
			log_warning("config",
				"event=unconfirmed until=%s note=\"this reload is on "
				"trial "
				"as well\"",
				moment_text(trial->until, until));
		return;
	}
	if (!trial->before)
		trial->before = config_ref(old);
	trial->state = TRIAL_WAITING;
	trial->stuck = false;
	trial->until = trial->taken_at + (time_t)((wait_ms + 999) / 1000);
	timer_start(trial->timers, &trial->timer, wait_ms, over_h, trial);
	log_warning(
		"config", "event=on-trial until=%s", moment_text(trial->until, until));
}

bool trial_confirm(struct trial *trial)
{
	if (trial->state != TRIAL_WAITING)
		return false;
	settle(trial, TRIAL_NONE);
	log_info("config", "event=confirmed");
	return true;
}

const char *trial_state_name(enum trial_state state)
{
	static const char *const names[] = {
		[TRIAL_NONE] = "in force",
		[TRIAL_WAITING] = "on trial",
		[TRIAL_RETURNED] = "returned",
	};

	return names[state];
}
