#include "learns.h"

#include "inside.h"

#include "base/log.h"
#include "base/loop.h"
#include "learn/learn.h"

static struct learn *under_way;

/* As lines: "learned hold: ...", "learned line codecs = PCMA (...)", in force where it is. */
static void over_h(void *arg, const struct learn_result *result)
{
	const struct learned *learned = &result->learned;
	const bool was = inside_set(false);

	(void)arg;
	under_way = NULL;
	for (unsigned i = 0; i < learned->fact_count; i++)
		log_info("learn", "learned %s: %s", learned->facts[i].topic,
			learned->facts[i].said);
	for (unsigned i = 0; i < learned->line_count; i++)
		log_info("learn", "learned line %s = %s (%s)%s", learned->lines[i].key,
			learned->lines[i].value, learned->lines[i].why,
			learned->lines[i].in_force ? " in force" : "");
	for (unsigned i = 0; i < result->call_count; i++)
		log_info("learn", "learned call %s: %d", result->calls[i].what,
			result->calls[i].status);
	log_info("learn", "learned %s after %u calls%s%s",
		result->answered ? "all" : "nothing", result->call_count,
		result->why[0] ? ": " : "", result->why);
	inside_set(was);
}

int learns_start(struct stage *stage, const char *id, const char *number,
	const char *from, struct err_text *error)
{
	struct trunk *trunk = trunks_find(stage->trunks, TRUNK_GATEWAY, id);
	const struct learn_params params = {.bridge = stage->bridge,
		.config = stage->config,
		.timers = loop_timers(stage->loop),
		.trunk = trunk,
		.called = number,
		.caller = from,
		.over_h = over_h};
	struct err_text why = {""};
	bool was;
	int err;

	if (!trunk || under_way)
		return err_set(error, ERR_FORMAT, "no trunk %s, or one is learnt", id);
	was = inside_set(true);
	err = learn_start(&params, &under_way, &why);
	inside_set(was);
	/* what is refused is no mistake of the scenario */
	if (err) {
		under_way = NULL;
		log_info("learn", "learned nothing, refused: %s", why.text);
	}
	return 0;
}

int learns_stop(struct err_text *error)
{
	struct learn *learn = under_way;
	bool was;

	if (!learn)
		return err_set(error, ERR_FORMAT, "nothing is learnt");
	under_way = NULL;
	was = inside_set(true);
	learn_stop(learn);
	inside_set(was);
	return 0;
}
