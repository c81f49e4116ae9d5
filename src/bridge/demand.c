#include "bridge/demand.h"

#include "base/clock.h"
#include "base/log.h"
#include "bridge/bridge_priv.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char *demand_kind_name(enum demand_kind kind)
{
	static const char *const names[] = {[DEMAND_CALL] = "call",
		[DEMAND_NUMBER] = "number",
		[DEMAND_TRUNK] = "trunk"};

	return names[kind];
}

/* A number is not shown whole. */
static const char *shown(const struct demand *demand, char buf[static LOG_TEXT_SIZE])
{
	if (demand->kind == DEMAND_NUMBER)
		return log_number(buf, demand->text, strlen(demand->text));
	return log_text(buf, demand->text, strlen(demand->text));
}

static void end(struct demand *demand, const char *reason)
{
	struct bridge *bridge = demand->bridge;
	char text[LOG_TEXT_SIZE];

	log_info("bridge", "event=demand-over demand=%u kind=%s of=%s reason=%s",
		demand->number, demand_kind_name(demand->kind), shown(demand, text),
		reason);
	timer_stop(&demand->timer);
	list_remove(&demand->node);
	bridge->demand_count--;
	free(demand);
	bridge->demands_changed_h(bridge);
}

static void expired_h(void *arg)
{
	end(arg, "time");
}

static struct demand *demand_new(
	struct bridge *bridge, const struct demand_params *params, int *ret_err)
{
	struct demand *demand = calloc(1, sizeof(*demand));
	struct clock *clock = timers_clock(bridge->timers);
	struct span bad;

	*ret_err = demand ? 0 : -ENOMEM;
	if (!demand)
		return NULL;
	demand->bridge = bridge;
	demand->kind = params->kind;
	demand->mode = params->mode;
	demand->until_us = clock->wall_us(clock) + params->for_s * 1000000;
	snprintf(demand->text, sizeof(demand->text), "%s", params->text);
	snprintf(demand->who, sizeof(demand->who), "%s", params->who);
	if (strlen(params->text) >= sizeof(demand->text) || !params->text[0] ||
		(params->kind == DEMAND_NUMBER &&
			pattern_parse(&demand->pattern, span_of(demand->text), &bad) !=
				0)) {
		*ret_err = ERR_FORMAT;
		free(demand);
		return NULL;
	}
	return demand;
}

int demand_start(
	struct bridge *bridge, const struct demand_params *params, unsigned *ret_number)
{
	char text[LOG_TEXT_SIZE], until[CLOCK_TEXT_SIZE];
	struct demand *demand;
	int err;

	if (bridge->demand_count == DEMANDS_MAX)
		return ERR_LIMIT;
	demand = demand_new(bridge, params, &err);
	if (!demand)
		return err;
	demand->number = ++bridge->last_demand;
	list_append(&bridge->demands, &demand->node);
	bridge->demand_count++;
	timer_start(
		bridge->timers, &demand->timer, params->for_s * 1000, expired_h, demand);
	log_info("bridge",
		"event=demand demand=%u kind=%s of=%s mode=%s until=%s by=\"%s\"",
		demand->number, demand_kind_name(demand->kind), shown(demand, text),
		config_audit_name(demand->mode), clock_text(demand->until_us, until),
		demand->who);
	*ret_number = demand->number;
	bridge->demands_changed_h(bridge);
	return 0;
}

bool demand_stop(struct bridge *bridge, unsigned number)
{
	LIST_FOREACH (&bridge->demands, node, next) {
		struct demand *demand = LIST_ENTRY(node, struct demand, node);

		if (demand->number == number) {
			end(demand, "stopped");
			return true;
		}
	}
	return false;
}

const struct demand *demand_next(const struct bridge *bridge, const struct demand *demand)
{
	struct list *next = demand ? demand->node.next : bridge->demands.next;

	return next == &bridge->demands ? NULL : LIST_ENTRY(next, struct demand, node);
}

void demands_free(struct bridge *bridge)
{
	LIST_FOREACH (&bridge->demands, node, next) {
		struct demand *demand = LIST_ENTRY(node, struct demand, node);

		timer_stop(&demand->timer);
		list_remove(node);
		free(demand);
	}
	bridge->demand_count = 0;
}

static bool is_trunk(const struct demand *demand, const struct trunk *trunk)
{
	return trunk && strcmp(trunk->id, demand->text) == 0;
}

static bool is_number(const struct demand *demand, const char *number)
{
	return number && pattern_matches(&demand->pattern, span_of(number));
}

static bool is_of(const struct demand *demand, const struct demand_of *of)
{
	switch (demand->kind) {
	case DEMAND_CALL:
		return strcmp(demand->text, of->id) == 0;
	case DEMAND_NUMBER:
		return is_number(demand, of->from) || is_number(demand, of->to);
	case DEMAND_TRUNK:
		return is_trunk(demand, of->a) || is_trunk(demand, of->b);
	}
	return false;
}

enum config_audit demand_mode(const struct bridge *bridge, const struct demand_of *of)
{
	enum config_audit mode = CONFIG_AUDIT_OFF;

	LIST_FOREACH (&bridge->demands, node, next) {
		const struct demand *demand = LIST_ENTRY(node, struct demand, node);

		if (demand->mode > mode && is_of(demand, of))
			mode = demand->mode;
	}
	return mode;
}
