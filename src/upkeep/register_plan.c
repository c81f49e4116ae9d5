#include "upkeep/register_plan.h"

#include "trunk/registration.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct span register_plan_domain(const char *identity)
{
	const char *at = strchr(identity, '@');

	return span_of(at ? at + 1 : NULL);
}

static struct span user_of(const char *identity)
{
	return (struct span){identity, strcspn(identity, "@")};
}

static char *print(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Owned; NULL without memory. */
static char *print(const char *format, ...)
{
	va_list args;
	char *text;
	int len;

	va_start(args, format);
	len = vasprintf(&text, format, args);
	va_end(args);
	return len < 0 ? NULL : text;
}

/* HOST as a URI has it: an IPv6 address in brackets. */
static char *uri_host(const char *host)
{
	bool v6 = strchr(host, ':') && host[0] != '[';

	return print("%s%s%s", v6 ? "[" : "", host, v6 ? "]" : "");
}

void register_plan_free(struct register_plan *plan)
{
	for (char **host = plan->hosts; host && *host; host++)
		free(*host);
	free(plan->hosts);
	free(plan->aor);
	free(plan->uri);
	free(plan->user);
	memset(plan, 0, sizeof(*plan));
}

void register_plans_free(struct register_plans *plans)
{
	for (unsigned i = 0; i < plans->count; i++)
		register_plan_free(&plans->list[i]);
	free(plans->list);
	memset(plans, 0, sizeof(*plans));
}

/* Whose names are asked. */
static const struct config_words *names_of(const struct trunk *trunk)
{
	const struct config_register *settings = &trunk->gateway->registration;

	if (settings->proxies.count)
		return &settings->proxies;
	return settings->registrar.count ? &settings->registrar
					 : &trunk_settings(trunk)->hosts;
}

/* Whom it asks: its own outbound proxy, where it is one flow of several; else all of them. */
static int set_hosts(struct register_plan *plan, const struct trunk *trunk, unsigned flow,
	unsigned flows)
{
	const struct config_register *settings = &trunk->gateway->registration;
	const struct config_words *names = names_of(trunk);
	const size_t first = flows > 1 ? flow : 0;
	const size_t count = flows > 1 ? 1 : names->count;
	const bool own = names == &trunk_settings(trunk)->hosts;

	plan->port = settings->port || !own ? settings->port : trunk_port(trunk);
	plan->routed = settings->proxies.count > 0;
	plan->hosts = calloc(count + 1, sizeof(*plan->hosts));
	for (size_t i = 0; plan->hosts && i < count; i++) {
		plan->hosts[i] = strdup(names->words[first + i]);
		if (!plan->hosts[i])
			return -ENOMEM;
	}
	return plan->hosts ? 0 : -ENOMEM;
}

/* The host of To and From: of IDENTITY, or of the main one, or the registrar's, or the trunk's. */
static char *domain_of(const struct trunk *trunk, const char *identity)
{
	const struct config_register *settings = &trunk->gateway->registration;
	struct span domain = register_plan_domain(identity);

	if (!domain.len)
		domain = register_plan_domain(settings->identity);
	if (domain.len)
		return span_dup(domain);
	return uri_host(settings->registrar.count ? settings->registrar.words[0]
						  : trunk_host(trunk));
}

static int set_texts(
	struct register_plan *plan, const struct trunk *trunk, const char *identity)
{
	const struct config_register *settings = &trunk->gateway->registration;
	const struct span user = user_of(identity);
	char *domain = domain_of(trunk, identity);
	char *registrar = settings->registrar.count
				  ? uri_host(settings->registrar.words[0])
				  : domain_of(trunk, settings->identity);
	const bool first = identity == settings->identity;
	int err = 0;

	plan->user = span_dup(first || plan->bulk ? registration_user(settings) : user);
	if (domain && registrar) {
		plan->aor = print("sip:%.*s@%s", SPAN_ARG(user), domain);
		plan->uri = print("sip:%s", registrar);
	}
	if (!plan->user || !plan->aor || !plan->uri)
		err = -ENOMEM;
	free(domain);
	free(registrar);
	return err;
}

static int fill(struct register_plan *plan, const struct trunk *trunk,
	const char *identity, unsigned flow, unsigned flows)
{
	const struct config_register *settings = &trunk->gateway->registration;
	int err;

	plan->transport = trunk_transport(trunk);
	plan->expires_ms = settings->expires_ms;
	plan->bulk = settings->bulk;
	plan->outbound = settings->outbound;
	plan->reg_id = settings->outbound ? flow + 1 : 0;
	err = set_texts(plan, trunk, identity);
	return err ? err : set_hosts(plan, trunk, flow, flows);
}

static unsigned count_flows(const struct config_register *settings)
{
	if (!settings->outbound || settings->proxies.count < 2)
		return 1;
	return REGISTER_FLOWS_MAX;
}

int register_plans_read(struct register_plans *ret, const struct trunk *trunk)
{
	const struct config_register *settings;
	unsigned flows;

	*ret = (struct register_plans){0};
	if (!trunk->gateway || !trunk->configured || !trunk_settings(trunk)->enabled ||
		!trunk->gateway->registration.identity[0])
		return 0;
	settings = &trunk->gateway->registration;
	flows = count_flows(settings);
	ret->list = calloc((1 + settings->numbers.count) * flows, sizeof(*ret->list));
	if (!ret->list)
		return -ENOMEM;
	for (size_t i = 0; i <= settings->numbers.count; i++) {
		const char *identity =
			i ? settings->numbers.words[i - 1] : settings->identity;

		for (unsigned flow = 0; flow < flows; flow++) {
			int err = fill(
				&ret->list[ret->count++], trunk, identity, flow, flows);

			if (err) {
				register_plans_free(ret);
				return err;
			}
		}
	}
	return 0;
}

static bool same_hosts(char *const *a, char *const *b)
{
	for (; *a && *b; a++, b++)
		if (strcmp(*a, *b) != 0)
			return false;
	return !*a && !*b;
}

bool register_plan_is_same(const struct register_plan *a, const struct register_plan *b)
{
	return !strcmp(a->aor, b->aor) && !strcmp(a->uri, b->uri) &&
	       !strcmp(a->user, b->user) && a->transport == b->transport &&
	       a->bulk == b->bulk && a->reg_id == b->reg_id;
}

bool register_plan_equal(const struct register_plan *a, const struct register_plan *b)
{
	return register_plan_is_same(a, b) && same_hosts(a->hosts, b->hosts) &&
	       a->port == b->port && a->routed == b->routed &&
	       a->expires_ms == b->expires_ms;
}
