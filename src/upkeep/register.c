#include "upkeep/register.h"

#include "base/log.h"
#include "upkeep/register_client.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Addresses of the registrars of one trunk that are remembered. */
#define ADDRESSES_MAX 64

/* One trunk that registers, or did. */
struct registrant {
	struct list node;
	struct registers *registers;
	struct trunk *trunk; /* a reference */
	struct registration registration;
	char *domain;            /* of its identity; NULL: none was named */
	struct list clients;     /* struct register_client, in the order of their plans */
	struct account *account; /* its credentials as they were used last; a reference */
	bool seen;               /* by the present apply */
};

struct registers {
	struct upkeep_params params;
	struct registrations *published; /* borrowed of the trunks */
	struct gate gate;
	struct list registrants;
	struct list
		dead; /* clients that have ended; the reaper, a timer of 0 ms, frees them */
	struct timer reaper;
	bool leaving; /* registers_leave() was called */
};

int registers_new(struct registers **ret, const struct upkeep_params *params)
{
	struct registers *registers = calloc(1, sizeof(*registers));

	if (!registers)
		return -ENOMEM;
	registers->params = *params;
	registers->published = trunks_registrations(params->trunks);
	gate_init(&registers->gate, REGISTERS_MAX);
	list_init(&registers->registrants);
	list_init(&registers->dead);
	*ret = registers;
	return 0;
}

/* ---- registrants ---- */

static void registrant_free(struct registrant *registrant)
{
	struct registration *registration = &registrant->registration;
	struct trunk *trunk = registrant->trunk;

	LIST_FOREACH (&registrant->clients, node, next)
		register_client_free(LIST_ENTRY(node, struct register_client, node));
	registrations_withdraw(registrant->registers->published, registration);
	if (registration->addr_count)
		trunks_refile(registrant->registers->params.trunks, trunk);
	list_remove(&registrant->node);
	free(registration->bindings);
	free(registration->addrs);
	free(registrant->domain);
	account_unref(registrant->account);
	trunk_unref(trunk);
	free(registrant);
}

static void reap_h(void *arg)
{
	struct registers *registers = arg;

	LIST_FOREACH (&registers->dead, node, next)
		register_client_free(LIST_ENTRY(node, struct register_client, node));
	LIST_FOREACH (&registers->registrants, node, next) {
		struct registrant *registrant = LIST_ENTRY(node, struct registrant, node);

		if (list_empty(&registrant->clients))
			registrant_free(registrant);
	}
}

void registers_free(struct registers *registers)
{
	if (!registers)
		return;
	timer_stop(&registers->reaper);
	reap_h(registers);
	LIST_FOREACH (&registers->registrants, node, next)
		registrant_free(LIST_ENTRY(node, struct registrant, node));
	gate_free(&registers->gate);
	free(registers);
}

static void found_h(void *arg, const struct resolve_answer *answer)
{
	struct registrant *registrant = arg;
	struct registration *registration = &registrant->registration;
	unsigned added = 0;

	for (unsigned i = 0; i < answer->count; i++) {
		const struct addr *addr = &answer->addrs[i];
		bool known = false;
		struct addr *grown;

		for (unsigned j = 0; j < registration->addr_count && !known; j++)
			known = addr_equal(&registration->addrs[j], addr);
		if (known || registration->addr_count == ADDRESSES_MAX)
			continue;
		grown = realloc(registration->addrs,
			(registration->addr_count + 1) * sizeof(*grown));
		if (!grown)
			break;
		registration->addrs = grown;
		grown[registration->addr_count++] = *addr;
		added++;
	}
	if (added)
		trunks_refile(registrant->registers->params.trunks, registrant->trunk);
}

/* What is published of CLIENT goes. */
static void unlist(struct registrant *registrant, const struct register_client *client)
{
	struct registration *registration = &registrant->registration;
	unsigned kept = 0;

	for (unsigned i = 0; i < registration->count; i++)
		if (registration->bindings[i] != &client->binding)
			registration->bindings[kept++] = registration->bindings[i];
	registration->count = kept;
}

static void ended_h(void *arg, struct register_client *client)
{
	struct registrant *registrant = arg;
	struct registers *registers = registrant->registers;

	unlist(registrant, client);
	list_remove(&client->node);
	list_append(&registers->dead, &client->node);
	timer_start(registers->params.timers, &registers->reaper, 0, reap_h, registers);
}

static struct registrant *find(const struct trunk *trunk)
{
	return trunk->registration
		       ? LIST_ENTRY(trunk->registration, struct registrant, registration)
		       : NULL;
}

static struct registrant *make(struct registers *registers, struct trunk *trunk)
{
	struct registrant *registrant = calloc(1, sizeof(*registrant));

	if (!registrant)
		return NULL;
	registrant->registers = registers;
	registrant->trunk = trunk_ref(trunk);
	list_init(&registrant->clients);
	list_append(&registers->registrants, &registrant->node);
	registration_name(
		&registrant->registration, trunk->config->tandem.fqdn, trunk->id);
	registrations_publish(registers->published, trunk, &registrant->registration);
	return registrant;
}

/* What calls need to know beside the bindings. 0 or -ENOMEM. */
static int describe(struct registrant *registrant, const struct register_plan *first)
{
	const struct config_register *settings =
		&registrant->trunk->gateway->registration;
	struct registration *registration = &registrant->registration;
	const struct span domain = register_plan_domain(settings->identity);
	char *copy = domain.len ? span_dup(domain) : NULL;

	if (domain.len && !copy)
		return -ENOMEM;
	free(registrant->domain);
	registrant->domain = copy;
	registration->domain = copy;
	registration->required = settings->required;
	registration->outbound = settings->outbound;
	span_copy(span_of(first->user), registration->user, sizeof(registration->user));
	return 0;
}

/* ---- taking settings into use ---- */

static struct register_client *find_client(
	struct registrant *registrant, const struct register_plan *plan)
{
	LIST_FOREACH (&registrant->clients, node, next) {
		struct register_client *client =
			LIST_ENTRY(node, struct register_client, node);

		if (!client->wanted && register_plan_is_same(&client->plan, plan))
			return client;
	}
	return NULL;
}

/* The client for PLAN, which is taken over: one that there is goes on. */
static struct register_client *take_plan(
	struct registrant *registrant, struct register_plan *plan, bool changed)
{
	struct register_client *client = find_client(registrant, plan);
	const struct register_client_params params = {
		.by = &registrant->registers->params,
		.gate = &registrant->registers->gate,
		.trunk = registrant->trunk,
		.registration = &registrant->registration,
		.handlers = {.found_h = found_h, .ended_h = ended_h, .arg = registrant}};

	if (!client) {
		if (register_client_new(&client, &params, plan))
			return NULL;
		list_append(&registrant->clients, &client->node);
		client->wanted = true;
		return client;
	}
	client->wanted = true;
	if (changed || !register_plan_equal(&client->plan, plan))
		register_client_change(client, plan);
	else
		register_plan_free(plan);
	return client;
}

/* PLANS in place of what ACCOUNT has. Clients that are new begin with the others of this apply. */
static int take_plans(
	struct registrant *registrant, struct register_plans *plans, bool changed)
{
	struct registration *registration = &registrant->registration;
	struct binding **bindings = calloc(plans->count, sizeof(struct binding *));
	int err = bindings ? describe(registrant, &plans->list[0]) : -ENOMEM;

	if (err) {
		free(bindings);
		return err;
	}
	LIST_FOREACH (&registrant->clients, node, next)
		LIST_ENTRY(node, struct register_client, node)->wanted = false;
	free(registration->bindings);
	registration->bindings = bindings;
	registration->count = 0;
	for (unsigned i = 0; i < plans->count; i++) {
		struct register_client *client =
			take_plan(registrant, &plans->list[i], changed);

		if (client)
			bindings[registration->count++] = &client->binding;
		else
			err = -ENOMEM;
	}
	return err;
}

/* Those that are not wanted any more remove their bindings. */
static void stop_unwanted(struct registrant *registrant)
{
	LIST_FOREACH (&registrant->clients, node, next) {
		struct register_client *client =
			LIST_ENTRY(node, struct register_client, node);

		if (client->wanted)
			continue;
		unlist(registrant, client);
		register_client_stop(client);
	}
}

/* Whether its credentials are others than before: what was refused may do now. */
static bool take_account(struct registrant *registrant)
{
	struct account *now = registrant->trunk->account;

	if (now == registrant->account)
		return false;
	account_unref(registrant->account);
	registrant->account = now ? account_ref(now) : NULL;
	return true;
}

static void apply_trunk(struct registers *registers, struct trunk *trunk)
{
	struct registrant *registrant = find(trunk);
	struct register_plans plans;
	int err = register_plans_read(&plans, trunk);

	if (!err && plans.count) {
		if (!registrant)
			registrant = make(registers, trunk);
		err = registrant
			      ? take_plans(registrant, &plans, take_account(registrant))
			      : -ENOMEM;
	}
	if (registrant)
		registrant->seen = plans.count > 0 || err;
	if (err)
		log_error("register", "trunk=%s event=not-registered reason=\"%s\"",
			trunk->id, err_str(err));
	register_plans_free(&plans);
}

/* New ones begin when all are known: they are spread over a time that depends on how many there are. */
static void start_new(struct registers *registers)
{
	unsigned count = 0;

	for (unsigned pass = 0; pass < 2; pass++) {
		LIST_FOREACH (&registers->registrants, node, next) {
			struct registrant *registrant =
				LIST_ENTRY(node, struct registrant, node);

			LIST_FOREACH (&registrant->clients, place, behind) {
				struct register_client *client =
					LIST_ENTRY(place, struct register_client, node);

				if (!client->wanted ||
					(client->state != REGISTER_IDLE &&
						client->state != REGISTER_LEAVING))
					continue;
				if (pass)
					register_client_start(client, count);
				else
					count++;
			}
		}
	}
}

void registers_apply(struct registers *registers)
{
	struct trunk *trunk;

	if (registers->leaving)
		return;
	LIST_FOREACH (&registers->registrants, node, next)
		LIST_ENTRY(node, struct registrant, node)->seen = false;
	for (unsigned i = 0;
		(trunk = trunks_at(registers->params.trunks, TRUNK_GATEWAY, i)); i++)
		apply_trunk(registers, trunk);
	LIST_FOREACH (&registers->registrants, node, next) {
		struct registrant *registrant = LIST_ENTRY(node, struct registrant, node);

		if (!registrant->seen)
			LIST_FOREACH (&registrant->clients, place, behind)
				LIST_ENTRY(place, struct register_client, node)->wanted =
					false;
		stop_unwanted(registrant);
	}
	start_new(registers);
}

void registers_leave(struct registers *registers)
{
	registers->leaving = true;
	LIST_FOREACH (&registers->registrants, node, next) {
		struct registrant *registrant = LIST_ENTRY(node, struct registrant, node);

		LIST_FOREACH (&registrant->clients, place, behind)
			register_client_stop(
				LIST_ENTRY(place, struct register_client, node));
	}
}

bool registers_are_leaving(const struct registers *registers)
{
	return !list_empty(&registers->registrants);
}
