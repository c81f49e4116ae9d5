/* resolve.h without DNS: names are what the scenario says they are. */
#include "names.h"

#include "inside.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct name {
	struct list node;
	char *host;
	struct resolve_answer answer;
	bool waits; /* no answer until the scenario gives one */
};

struct resolver {
	struct list names;
	struct list questions; /* struct resolve */
};

struct resolve {
	struct list node;
	const struct name *name;
	uint16_t port; /* of addresses that have none */
	resolve_h *h;
	void *arg;
};

int resolver_new(struct resolver **ret, struct loop *loop, struct err_text *text)
{
	struct resolver *resolver = calloc(1, sizeof(*resolver));

	(void)loop;
	(void)text;
	if (!resolver)
		abort();
	list_init(&resolver->names);
	list_init(&resolver->questions);
	*ret = resolver;
	return 0;
}

void resolver_free(struct resolver *resolver)
{
	LIST_FOREACH (&resolver->questions, node, next)
		resolve_cancel(LIST_ENTRY(node, struct resolve, node));
	LIST_FOREACH (&resolver->names, node, next) {
		struct name *name = LIST_ENTRY(node, struct name, node);

		free(name->host);
		free(name);
	}
	free(resolver);
}

static struct name *find(struct resolver *resolver, const char *host)
{
	LIST_FOREACH (&resolver->names, node, next) {
		struct name *name = LIST_ENTRY(node, struct name, node);

		if (!strcmp(name->host, host))
			return name;
	}
	return NULL;
}

static void answer_with(const struct name *name, uint16_t port, resolve_h *h, void *arg)
{
	struct resolve_answer answer = name->answer;

	for (unsigned i = 0; i < answer.count; i++)
		if (!addr_port(&answer.addrs[i]))
			addr_set_port(&answer.addrs[i], port);
	h(arg, &answer);
}

int resolver_ask(struct resolver *resolver, const struct resolve_question *asked,
	struct resolve **ret)
{
	struct name *name = find(resolver, asked->host);
	struct name numeric = {.host = NULL};
	struct resolve *question;
	uint16_t port = asked->port;

	if (!port)
		port = asked->kind == TRANSPORT_TLS ? 5061 : 5060;
	*ret = NULL;
	if (!name) {
		name = &numeric;
		if (addr_parse(&name->answer.addrs[0], asked->host, port)) {
			name->answer.err = ERR_RESOLVE;
			strcpy(name->answer.why, "no such name");
		} else {
			name->answer.count = 1;
		}
	}
	if (!name->waits) {
		answer_with(name, port, asked->h, asked->arg);
		return 0;
	}
	question = calloc(1, sizeof(*question));
	if (!question)
		return -ENOMEM;
	*question = (struct resolve){
		.name = name, .port = port, .h = asked->h, .arg = asked->arg};
	list_append(&resolver->questions, &question->node);
	*ret = question;
	return 0;
}

void resolve_cancel(struct resolve *resolve)
{
	if (!resolve)
		return;
	list_remove(&resolve->node);
	free(resolve);
}

static struct name *made(struct resolver *resolver, const char *host)
{
	struct name *name = find(resolver, host);

	if (name)
		return name;
	name = calloc(1, sizeof(*name));
	if (!name)
		abort();
	name->host = strdup(host);
	list_append(&resolver->names, &name->node);
	return name;
}

void names_set(struct resolver *resolver, const char *host, const struct addr *addrs,
	unsigned count)
{
	struct name *name = made(resolver, host);

	memset(&name->answer, 0, sizeof(name->answer));
	memcpy(name->answer.addrs, addrs, count * sizeof(*addrs));
	name->answer.count = count;
	if (!count) {
		name->answer.err = ERR_RESOLVE;
		strcpy(name->answer.why, "no such name");
	}
}

void names_hold(struct resolver *resolver, const char *host)
{
	made(resolver, host)->waits = true;
}

void names_answer(struct resolver *resolver, const char *host)
{
	bool was;

	made(resolver, host)->waits = false;
	LIST_FOREACH (&resolver->questions, node, next) {
		struct resolve question = *LIST_ENTRY(node, struct resolve, node);

		if (strcmp(question.name->host, host))
			continue;
		resolve_cancel(LIST_ENTRY(node, struct resolve, node));
		was = inside_set(true);
		answer_with(question.name, question.port, question.h, question.arg);
		inside_set(was);
	}
}
