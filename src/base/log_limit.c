#include "base/log_limit.h"

#include <string.h>

/* More than there are modules with a limit. */
#define MODULES 16

/* Of the whole process, as the log is. Loop thread. */
static struct {
	const char *module;
	uint64_t count;
} suppressed[MODULES];

/* A module is listed from its first limit on, so that its counter is there before it counts. */
static unsigned place_of(const char *module)
{
	unsigned i = 0;

	while (i < MODULES - 1 && suppressed[i].module &&
		strcmp(suppressed[i].module, module) != 0)
		i++;
	suppressed[i].module = module;
	return i;
}

bool log_suppressed(unsigned nth, const char **ret_module, uint64_t *ret_count)
{
	if (nth >= MODULES || !suppressed[nth].module)
		return false;
	*ret_module = suppressed[nth].module;
	*ret_count = suppressed[nth].count;
	return true;
}

static void say(struct log_limit *limit)
{
	if (limit->hidden)
		log_write(limit->level, limit->module, "event=suppressed suppressed=%u",
			limit->hidden);
	limit->hidden = 0;
}

static void burst_over_h(void *arg)
{
	say(arg);
}

void log_limit_init(struct log_limit *limit, struct timers *timers, const char *module,
	enum log_level level, unsigned a_second)
{
	*limit = (struct log_limit){
		.timers = timers, .module = module, .level = level, .a_second = a_second};
	place_of(module);
}

bool log_limit_pass(struct log_limit *limit, unsigned *ret_hidden)
{
	const uint64_t now_ms = timers_now_ms(limit->timers);
	const uint64_t second = now_ms / 1000;

	if (second != limit->second) {
		limit->second = second;
		limit->written = 0;
	}
	if (limit->written == limit->a_second) {
		suppressed[place_of(limit->module)].count++;
		if (limit->hidden++ == 0)
			timer_start(limit->timers, &limit->timer, 2000 - now_ms % 1000,
				burst_over_h, limit);
		return false;
	}
	limit->written++;
	*ret_hidden = limit->hidden;
	limit->hidden = 0;
	timer_stop(&limit->timer);
	return true;
}

void log_limit_end(struct log_limit *limit)
{
	timer_stop(&limit->timer);
	if (limit->timers)
		say(limit);
}
