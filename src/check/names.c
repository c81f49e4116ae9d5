/* Names of servers and gateways: whether they resolve now. All at once, and for a bounded time. */
#include "check/check_priv.h"

#include "base/clock.h"
#include "base/loop.h"
#include "base/timer.h"
#include "sip/resolve.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NAMES_TIMEOUT_MS 3000
/* The resolver gives up before: then it says why. */
#define NAMES_QUESTION_MS 2500

struct names {
	struct check *check;
	struct loop *loop;
	struct resolver *resolver;
	unsigned open;
	bool over;
};

struct name {
	struct names *names;
	enum trunk_kind kind;
	const struct config_trunk *trunk;
	const char *host; /* one of the trunk's */
	struct resolve *question;
};

static void warn(const struct name *name, const char *why)
{
	findings_add(name->names->check->findings, FINDING_WARNING,
		where_trunk(name->names->check, name->kind, name->trunk, "host"),
		/* some reasons say it */
		strstr(why, "dns-server")
			? ""
			: "look at the name, at DNS, and at [tandem] dns-server",
		"host: %s does not resolve: %s", name->host, why);
}

static void resolved_h(void *arg, const struct resolve_answer *answer)
{
	struct name *name = arg;

	name->question = NULL;
	name->names->open--;
	if (answer->err)
		warn(name, answer->why);
}

static void over_h(void *arg)
{
	struct names *names = arg;

	names->over = true;
}

static enum transport_kind transport_of(const struct config_trunk *trunk)
{
	if (trunk->tls == CONFIG_TLS_YES)
		return TRANSPORT_TLS;
	return trunk->transport == CONFIG_TCP ? TRANSPORT_TCP : TRANSPORT_UDP;
}

static void ask(struct name *name)
{
	struct names *names = name->names;
	const bool tls = name->trunk->tls == CONFIG_TLS_YES;
	const struct resolve_question question = {.host = name->host,
		.port = config_port(name->trunk, tls),
		.kind = transport_of(name->trunk),
		.h = resolved_h,
		.arg = name};

	names->open++;
	if (resolver_ask(names->resolver, &question, &name->question)) {
		names->open--;
		warn(name, "it cannot be asked for");
	}
}

static int open_resolver(struct names *names, struct err_text *text)
{
	const struct addr *dns = &names->check->config->tandem.dns_server;
	struct resolver_params params = {.timeout_ms = NAMES_QUESTION_MS};
	char forward[ADDR_TEXT_SIZE + 8], host[ADDR_TEXT_SIZE];

	snprintf(forward, sizeof(forward), "%s@%u",
		dns->len ? addr_host_text(dns, host) : "",
		dns->len ? addr_port(dns) : 0u);
	params.forward = dns->len ? forward : NULL;
	return resolver_new_with(&names->resolver, names->loop, &params, text);
}

static void wait_for_all(struct names *names, struct name *list, size_t count)
{
	struct timer timer = {0};

	timer_start(loop_timers(names->loop), &timer, NAMES_TIMEOUT_MS, over_h, names);
	while (names->open && !names->over && !loop_turn(names->loop, -1))
		;
	timer_stop(&timer);
	for (size_t i = 0; i < count; i++) {
		if (!list[i].question)
			continue;
		resolve_cancel(list[i].question);
		warn(&list[i], "no answer in time");
	}
}

/* Each name of TRUNK behind the COUNT of LIST. */
static size_t add_names(struct names *names, enum trunk_kind kind,
	const struct config_trunk *trunk, struct name *list, size_t count)
{
	for (size_t i = 0; i < trunk->hosts.count; i++)
		list[count++] = (struct name){.names = names,
			.kind = kind,
			.trunk = trunk,
			.host = trunk->hosts.words[i]};
	return count;
}

static void ask_all(struct names *names)
{
	const struct config *config = names->check->config;
	const size_t room =
		(config->server_count + config->gateway_count) * CONFIG_HOSTS_MAX;
	struct name *list = calloc(room + 1, sizeof(*list));
	size_t count = 0;

	for (size_t i = 0; list && i < config->server_count; i++)
		count = add_names(
			names, TRUNK_SERVER, &config->servers[i].common, list, count);
	for (size_t i = 0; list && i < config->gateway_count; i++)
		if (config->gateways[i].common.enabled)
			count = add_names(names, TRUNK_GATEWAY,
				&config->gateways[i].common, list, count);
	for (size_t i = 0; i < count; i++)
		ask(&list[i]);
	wait_for_all(names, list, count);
	free(list);
}

void check_names(struct check *check)
{
	struct names names = {.check = check};
	struct err_text text = {{0}};
	int err;

	/* the one that runs looks them up all the time, and must not wait */
	if (check->by != CHECK_BY_TEST)
		return;
	err = loop_new(&names.loop, clock_real());
	if (!err)
		err = open_resolver(&names, &text);
	if (!err)
		ask_all(&names);
	else
		findings_add(check->findings, FINDING_ERROR,
			where_main(check, "tandem", "dns-server"),
			"look at /etc/resolv.conf and [tandem] dns-server",
			"no name can be looked up: %s",
			text.text[0] ? text.text : err_str(err));
	resolver_free(names.resolver);
	loop_free(names.loop);
}
