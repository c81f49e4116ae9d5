#include "trunk/health_machine.h"

#include <stddef.h>

struct input {
	uint64_t rest_ms; /* asked for */
	const struct health_rules *rules;
	uint64_t now_ms;
};

static uint64_t bounded(uint64_t ms, const struct health_rules *rules)
{
	return ms < rules->rest_max_ms ? ms : rules->rest_max_ms;
}

static enum health_state act_up(struct health_machine *machine, const struct input *input)
{
	(void)input;
	*machine = (struct health_machine){.state = machine->state};
	return HEALTH_UP;
}

static enum health_state act_fail(
	struct health_machine *machine, const struct input *input)
{
	uint64_t rest_ms = HEALTH_REST_MS;

	for (unsigned i = 0; i < machine->rests && rest_ms < HEALTH_REST_GROWN_MS; i++)
		rest_ms *= 2;
	if (rest_ms > HEALTH_REST_GROWN_MS)
		rest_ms = HEALTH_REST_GROWN_MS;
	if (rest_ms < HEALTH_REST_GROWN_MS)
		machine->rests++;
	rest_ms = bounded(rest_ms, input->rules);
	/* a failure of a call that began before it asked for a rest does not shorten that */
	if (!machine->asked || machine->until_ms < input->now_ms + rest_ms) {
		machine->until_ms = input->now_ms + rest_ms;
		machine->asked = false;
	}
	machine->answers = 0;
	if (machine->failures < input->rules->down_after)
		machine->failures++;
	if (machine->state == HEALTH_DOWN ||
		machine->failures >= input->rules->down_after)
		return HEALTH_DOWN;
	return HEALTH_RESTING;
}

static enum health_state act_rest(
	struct health_machine *machine, const struct input *input)
{
	machine->until_ms = input->now_ms + bounded(input->rest_ms, input->rules);
	machine->asked = true;
	machine->failures = 0; /* it spoke */
	machine->answers = 0;
	return HEALTH_RESTING;
}

/* It works: once more, or often enough. */
static enum health_state act_recover(
	struct health_machine *machine, const struct input *input)
{
	if (++machine->answers >= input->rules->up_after)
		return act_up(machine, input);
	machine->failures = 0;
	machine->asked = false;
	machine->until_ms = 0;
	return machine->state;
}

/* An answer to OPTIONS does not say that calls are welcome again. */
static enum health_state act_answer(
	struct health_machine *machine, const struct input *input)
{
	if (machine->asked && input->now_ms < machine->until_ms)
		return machine->state;
	return act_recover(machine, input);
}

typedef enum health_state action(
	struct health_machine *machine, const struct input *input);

static action *const actions[HEALTH_STATES][HEALTH_EVENTS] = {
	[HEALTH_UNKNOWN] =
		{
			[HEALTH_ANSWERS] = act_up,
			[HEALTH_TAKES] = act_up,
			[HEALTH_FAILS] = act_fail,
			[HEALTH_ASKS] = act_rest,
		},
	[HEALTH_UP] =
		{
			[HEALTH_ANSWERS] = act_up,
			[HEALTH_TAKES] = act_up,
			[HEALTH_FAILS] = act_fail,
			[HEALTH_ASKS] = act_rest,
		},
	[HEALTH_RESTING] =
		{
			[HEALTH_ANSWERS] = act_answer,
			[HEALTH_TAKES] = act_recover,
			[HEALTH_FAILS] = act_fail,
			[HEALTH_ASKS] = act_rest,
		},
	[HEALTH_DOWN] =
		{
			[HEALTH_ANSWERS] = act_recover,
			[HEALTH_TAKES] = act_recover,
			[HEALTH_FAILS] = act_fail,
			[HEALTH_ASKS] = act_rest,
		},
};

bool health_machine_step(struct health_machine *machine, enum health_event event,
	uint64_t rest_ms, const struct health_rules *rules, uint64_t now_ms)
{
	const struct input input = {rest_ms, rules, now_ms};
	const enum health_state before = machine->state;

	machine->state = actions[before][event](machine, &input);
	return machine->state != before;
}

bool health_machine_usable(const struct health_machine *machine,
	const struct health_rules *rules, uint64_t now_ms)
{
	if (!rules->rest_max_ms || machine->state == HEALTH_UNKNOWN ||
		machine->state == HEALTH_UP)
		return true;
	if (machine->state == HEALTH_DOWN && rules->pinged)
		return false;
	return now_ms >= machine->until_ms;
}

void health_machine_claim(
	struct health_machine *machine, const struct health_rules *rules, uint64_t now_ms)
{
	if ((machine->state == HEALTH_RESTING || machine->state == HEALTH_DOWN) &&
		machine->until_ms && now_ms >= machine->until_ms)
		machine->until_ms = now_ms + bounded(rules->trial_ms, rules);
}

uint64_t health_machine_back_ms(const struct health_machine *machine,
	const struct health_rules *rules, uint64_t now_ms)
{
	if (health_machine_usable(machine, rules, now_ms))
		return 0;
	return now_ms < machine->until_ms ? machine->until_ms - now_ms : HEALTH_REST_MS;
}

const char *health_state_name(enum health_state state)
{
	static const char *const names[HEALTH_STATES] = {
		[HEALTH_UNKNOWN] = "unknown",
		[HEALTH_UP] = "up",
		[HEALTH_RESTING] = "resting",
		[HEALTH_DOWN] = "down",
	};

	return names[state];
}
