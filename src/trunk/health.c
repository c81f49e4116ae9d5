#include "trunk/health.h"

#include "base/log.h"
#include "trunk/trunk.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void clear_record(struct health_record *record)
{
	free(record->why);
	*record = (struct health_record){.why = NULL};
}

int health_begin(struct trunk_health *health, const struct health_rules *rules,
	unsigned name_count)
{
	health->names = calloc(name_count, sizeof(*health->names));
	if (!health->names)
		return -ENOMEM;
	health->name_count = name_count;
	health->rules = *rules;
	return 0;
}

void health_clear(struct trunk_health *health)
{
	for (unsigned i = 0; i < health->name_count; i++)
		clear_record(&health->names[i]);
	for (unsigned i = 0; i < health->count; i++)
		clear_record(&health->addresses[i].record);
	free(health->names);
	free(health->addresses);
	memset(health, 0, sizeof(*health));
}

static bool is_troubled(const struct health_record *record)
{
	return record->machine.state == HEALTH_RESTING ||
	       record->machine.state == HEALTH_DOWN;
}

static void count_troubled(struct trunk_health *health)
{
	health->troubled = 0;
	for (unsigned i = 0; i < health->name_count; i++)
		health->troubled += is_troubled(&health->names[i]);
	for (unsigned i = 0; i < health->count; i++)
		health->troubled += is_troubled(&health->addresses[i].record);
}

/* By name; those of one name stay in their order. An insertion sort, of the few that there are. */
static void sort_by_name(struct health_address *list, unsigned count)
{
	for (unsigned i = 1; i < count; i++) {
		const struct health_address moved = list[i];
		unsigned at = i;

		for (; at && list[at - 1].name > moved.name; at--)
			list[at] = list[at - 1];
		list[at] = moved;
	}
}

/* Who changed the configuration wants to see whether it did good. */
static void end_rest(struct health_record *record)
{
	if (!record->machine.asked)
		record->machine.until_ms = 0;
}

void health_renew(
	struct trunk_health *health, struct trunk_health *fresh, const unsigned *where)
{
	struct trunk_health old = *health;
	unsigned count = 0;

	health->rules = fresh->rules;
	health->rules.pinged = old.rules.pinged;
	health->names = fresh->names;
	health->name_count = fresh->name_count;
	*fresh = (struct trunk_health){.names = NULL};
	for (unsigned i = 0; i < old.name_count; i++) {
		end_rest(&old.names[i]);
		if (where[i] < HEALTH_NAMES_MAX)
			health->names[where[i]] = old.names[i];
		else
			clear_record(&old.names[i]);
	}
	for (unsigned i = 0; i < old.count; i++) {
		const unsigned to = where[old.addresses[i].name];

		end_rest(&old.addresses[i].record);
		if (to < HEALTH_NAMES_MAX) {
			old.addresses[count] = old.addresses[i];
			old.addresses[count++].name = (uint8_t)to;
		} else {
			clear_record(&old.addresses[i].record);
		}
	}
	health->count = count;
	sort_by_name(old.addresses, count);
	free(old.names);
	count_troubled(health);
}

const char *health_layer_name(enum health_layer layer)
{
	static const char *const names[HEALTH_LAYERS] = {
		[HEALTH_NAME] = "name",
		[HEALTH_TRANSPORT] = "transport",
		[HEALTH_TLS] = "tls",
		[HEALTH_SIP] = "sip",
		[HEALTH_CALLS] = "calls",
	};

	return names[layer];
}

/* ---- addresses ---- */

static bool is_at(
	const struct health_address *address, unsigned name, const struct addr *addr)
{
	return address->name == name && addr_equal(&address->addr, addr);
}

struct health_address *health_find(struct trunk_health *health, unsigned name,
	const struct addr *addr, unsigned hint)
{
	if (hint < health->count && is_at(&health->addresses[hint], name, addr))
		return &health->addresses[hint];
	for (unsigned i = 0; i < health->count; i++) {
		if (is_at(&health->addresses[i], name, addr))
			return &health->addresses[i];
	}
	return NULL;
}

static const struct health_address *find(
	const struct trunk_health *health, unsigned name, const struct addr *addr)
{
	for (unsigned i = 0; i < health->count; i++) {
		if (is_at(&health->addresses[i], name, addr))
			return &health->addresses[i];
	}
	return NULL;
}

/* Whether NAME has the addresses of ANSWER, in whatever order: SRV's draw changes it. */
static bool is_known(const struct trunk_health *health, unsigned name,
	const struct resolve_answer *answer)
{
	unsigned named = 0;

	for (unsigned i = 0; i < health->count; i++)
		named += health->addresses[i].name == name && health->addresses[i].named;
	if (named != answer->count)
		return false;
	for (unsigned i = 0; i < answer->count; i++) {
		const struct health_address *known =
			find(health, name, &answer->addrs[i]);

		if (!known || !known->named)
			return false;
	}
	return true;
}

/* Moves what is kept of OLD to the end of LIST. */
static void keep(struct health_address *list, unsigned *count, struct health_address *old)
{
	list[(*count)++] = *old;
	old->record.why = NULL;
}

/* The addresses of ANSWER in its order, then those that NAME had until lately. */
static void fill_name(struct trunk_health *health, unsigned name,
	const struct resolve_answer *answer, const struct health_time *now,
	struct health_address *list, unsigned *count)
{
	unsigned absent = 0;

	for (unsigned i = 0; i < answer->count; i++) {
		struct health_address *old =
			health_find(health, name, &answer->addrs[i], i);

		if (old) {
			keep(list, count, old);
			old->name = HEALTH_NAMES_MAX; /* taken */
		} else {
			list[(*count)++] = (struct health_address){
				.addr = answer->addrs[i], .name = (uint8_t)name};
		}
		list[*count - 1].named = true;
	}
	for (unsigned i = 0; i < health->count && absent < HEALTH_ADDRESSES_MAX; i++) {
		struct health_address *old = &health->addresses[i];

		if (old->name != name)
			continue;
		if (old->named)
			old->absent_ms = now->ms;
		old->named = false;
		if (now->ms - old->absent_ms >= HEALTH_ABSENT_MS)
			continue;
		absent++;
		keep(list, count, old);
	}
}

static int take_answer(struct trunk_health *health, unsigned name,
	const struct resolve_answer *answer, const struct health_time *now)
{
	struct health_address *list =
		calloc(health->count + answer->count, sizeof(*list));
	unsigned count = 0;

	if (!list)
		return -ENOMEM;
	for (unsigned i = 0; i < health->count; i++)
		if (health->addresses[i].name < name)
			keep(list, &count, &health->addresses[i]);
	fill_name(health, name, answer, now, list, &count);
	for (unsigned i = 0; i < health->count; i++)
		if (health->addresses[i].name > name &&
			health->addresses[i].name < HEALTH_NAMES_MAX)
			keep(list, &count, &health->addresses[i]);
	for (unsigned i = 0; i < health->count; i++)
		free(health->addresses[i].record.why);
	free(health->addresses);
	health->addresses = list;
	health->count = count;
	count_troubled(health);
	return 0;
}

/* ---- what is heard ---- */

/* One line of the log for a change of state. */
static void log_change(const struct trunk *trunk, const char *word, const char *where,
	const struct health_record *record, const char *before,
	const struct health_time *now)
{
	const enum health_state state = record->machine.state;
	const uint64_t until = record->machine.until_ms;

	log_write(state == HEALTH_UP ? LOG_LEVEL_INFO : LOG_LEVEL_WARNING, "trunk",
		"%s=%s event=health %s=%s state=%s before=%s rests-ms=%llu reason=\"%s\"",
		trunk_word(trunk->kind), trunk->id, word, where, health_state_name(state),
		before, (unsigned long long)(until > now->ms ? until - now->ms : 0),
		record->why ? record->why : "it answers");
}

static void set_fact(struct health_fact *fact, enum health_verdict verdict,
	const struct health_time *now)
{
	if (fact->verdict != verdict)
		*fact = (struct health_fact){verdict, now->wall};
}

static void set_why(struct health_record *record, const char *why)
{
	char cut[ERR_REASON_SIZE];

	if (record->why && why && !strcmp(record->why, why))
		return;
	free(record->why);
	record->why = NULL;
	if (!why)
		return;
	err_reason(cut, why);
	record->why = strdup(cut); /* without memory there is no reason to show */
}

/* Whether the state changed. */
static bool note(struct health_record *record, const struct health_report *report,
	const struct health_rules *rules, const struct health_time *now)
{
	const bool works =
		report->event == HEALTH_ANSWERS || report->event == HEALTH_TAKES;
	const bool changed = health_machine_step(
		&record->machine, report->event, report->rest_ms, rules, now->ms);
	const unsigned lowest =
		report->layer == HEALTH_NAME ? HEALTH_NAME : HEALTH_TRANSPORT;

	for (unsigned i = lowest; i < (unsigned)report->layer; i++)
		set_fact(&record->layers[i], HEALTH_GOOD, now);
	set_fact(&record->layers[report->layer], works ? HEALTH_GOOD : HEALTH_BAD, now);
	if (report->status) {
		record->last_status = report->status;
		record->last_answer = now->wall;
	}
	if (report->round_trip_us)
		record->round_trip_us = report->round_trip_us;
	if (changed)
		record->since = now->wall;
	if (!works) {
		record->at_once = report->at_once;
		set_why(record, report->why);
	} else if (record->machine.state == HEALTH_UP) {
		set_why(record, NULL);
	}
	return changed;
}

static void tell(struct trunk *trunk, unsigned name, const struct health_address *address,
	enum health_state before)
{
	const struct health_world *world = trunk->health.world;

	if (world && world->watch.h)
		world->watch.h(world->watch.arg, trunk, name, address, before);
}

void health_report(struct trunk *trunk, unsigned name, const struct addr *addr,
	const struct health_report *report, const struct health_time *now)
{
	struct trunk_health *health = &trunk->health;
	struct health_address *address = health_find(health, name, addr, 0);
	enum health_state before;
	char where[ADDR_TEXT_SIZE];

	if (!address)
		return;
	before = address->record.machine.state;
	if (!note(&address->record, report, &health->rules, now))
		return;
	count_troubled(health);
	health->changes[address->record.machine.state]++;
	/* that one works at the first try is no news */
	if (before != HEALTH_UNKNOWN || address->record.machine.state != HEALTH_UP)
		log_change(trunk, "remote", addr_text(&address->addr, where),
			&address->record, health_state_name(before), now);
	tell(trunk, name, address, before);
}

int health_learn(struct trunk *trunk, unsigned name, const struct resolve_answer *answer,
	const struct health_time *now)
{
	struct trunk_health *health = &trunk->health;
	struct health_record *record = &health->names[name];
	const enum health_state before = record->machine.state;
	const struct health_report report = {.layer = HEALTH_NAME,
		.event = answer->err ? HEALTH_FAILS : HEALTH_ANSWERS,
		.why = answer->err ? answer->why : NULL};

	if (note(record, &report, &health->rules, now)) {
		count_troubled(health);
		if (before != HEALTH_UNKNOWN || answer->err)
			log_change(trunk, "host", trunk_host_at(trunk, name), record,
				health_state_name(before), now);
		tell(trunk, name, NULL, before);
	}
	if (answer->err || is_known(health, name, answer))
		return 0;
	return take_answer(health, name, answer, now);
}

bool health_is_unconnected(const struct health_record *record)
{
	return is_troubled(record) && !record->machine.asked &&
	       (record->layers[HEALTH_TRANSPORT].verdict == HEALTH_BAD ||
		       record->layers[HEALTH_TLS].verdict == HEALTH_BAD);
}

bool health_is_worth_a_try(const struct health_record *record)
{
	return health_is_unconnected(record) && record->at_once;
}

void health_arrived(struct trunk_health *health, const struct addr *remote)
{
	if (!health->troubled)
		return;
	for (unsigned i = 0; i < health->count; i++) {
		struct health_address *address = &health->addresses[i];

		if (health_is_unconnected(&address->record) &&
			(health->count == 1 || addr_equal_host(&address->addr, remote)))
			end_rest(&address->record);
	}
}

/* ---- asking ---- */

bool health_has_addresses(const struct trunk_health *health, unsigned name)
{
	for (unsigned i = 0; i < health->count; i++) {
		if (health->addresses[i].name == name && health->addresses[i].named)
			return true;
	}
	return false;
}

void health_claim(struct trunk_health *health, unsigned name, const struct addr *addr,
	uint64_t now_ms)
{
	struct health_address *address = health_find(health, name, addr, 0);

	if (address)
		health_machine_claim(&address->record.machine, &health->rules, now_ms);
}

/* The one of the two that is back first. */
static void note_first(const struct health_record **first, uint64_t *back_ms,
	const struct health_record *record, const struct health_rules *rules,
	const struct health_time *now)
{
	const uint64_t ms = health_machine_back_ms(&record->machine, rules, now->ms);

	if (*first && ms >= *back_ms)
		return;
	*first = record;
	*back_ms = ms;
}

enum health_state health_hindrance(const struct trunk_health *health,
	const struct health_time *now, const struct health_record **ret,
	uint64_t *ret_back_ms)
{
	const struct health_record *first = NULL;
	uint64_t back_ms = 0;

	if (!health->troubled)
		return HEALTH_UP;
	for (unsigned i = 0; i < health->count; i++) {
		const struct health_address *address = &health->addresses[i];

		if (address->named)
			note_first(
				&first, &back_ms, &address->record, &health->rules, now);
	}
	for (unsigned i = 0; i < health->name_count; i++) {
		if (!health_has_addresses(health, i))
			note_first(
				&first, &back_ms, &health->names[i], &health->rules, now);
	}
	if (!first || !back_ms)
		return HEALTH_UP;
	*ret = first;
	*ret_back_ms = back_ms;
	return first->machine.state;
}

struct health_time health_now(const struct timers *timers)
{
	struct clock *clock = timers_clock(timers);

	return (struct health_time){
		timers_now_ms(timers), (time_t)(clock->wall_us(clock) / 1000000)};
}
