#include "actor.h"

#include <stdlib.h>
#include <string.h>

struct actor *actors_find(struct list *actors, const struct endpoint *endpoint)
{
	LIST_FOREACH (actors, node, next) {
		struct actor *actor = LIST_ENTRY(node, struct actor, node);

		if (actor->endpoint == endpoint)
			return actor;
	}
	return NULL;
}

struct actor *actors_get(struct list *actors, struct endpoint *endpoint)
{
	struct actor *actor = actors_find(actors, endpoint);

	if (actor)
		return actor;
	actor = calloc(1, sizeof(*actor));
	if (!actor)
		abort();
	actor->endpoint = endpoint;
	list_append(actors, &actor->node);
	return actor;
}

void actors_free(struct list *actors)
{
	LIST_FOREACH (actors, node, next)
		free(LIST_ENTRY(node, struct actor, node));
	list_init(actors);
}

/* ---- what it reads ---- */

static void reads_request(struct actor *actor, const struct message *message)
{
	enum message_method method = message_method(message);

	if (method == MESSAGE_ACK) {
		actor->unacked = false;
		return;
	}
	if (actor->cseq[method] == message_cseq(message))
		return; /* repeated */
	actor->cseq[method] = message_cseq(message);
	actor->asked[method] = true;
	if (method == MESSAGE_SUBSCRIBE && actor->dialog == ACTOR_NONE)
		actor->events = ACTOR_NOTIFIES;
	if (method == MESSAGE_INVITE) {
		actor->offered = message_body(message).len > 0;
		if (actor->dialog == ACTOR_NONE)
			actor->dialog = ACTOR_EARLY;
	}
	if (method == MESSAGE_BYE)
		actor->dialog = ACTOR_OVER;
}

static void reads_response(struct actor *actor, const struct message *message)
{
	enum message_method method = message_method(message);
	int status = message_status(message);

	if (!actor->asking[method])
		return;
	if (status < 200) {
		actor->rang = actor->rang || status > 100;
		actor->reliable = method == MESSAGE_INVITE && status > 100 &&
				  message_lists(message, "Require", "100rel");
		return;
	}
	actor->asking[method] = false;
	if (method != MESSAGE_INVITE)
		return;
	actor->ack_due = true;
	actor->ack_answers = status < 300 && !actor->offering;
	if (status < 300)
		actor->dialog = ACTOR_TALKING;
	else if (actor->dialog != ACTOR_TALKING)
		actor->dialog = ACTOR_OVER;
}

void actor_reads(struct actor *actor, const struct message *message)
{
	if (message_is_request(message))
		reads_request(actor, message);
	else
		reads_response(actor, message);
}

/* ---- what it plays ---- */

static enum message_method method_of(const char *word)
{
	for (unsigned i = 0; i < MESSAGE_OTHER; i++)
		if (!strcmp(message_method_str((enum message_method)i), word))
			return (enum message_method)i;
	return MESSAGE_OTHER;
}

static bool has_sdp(const struct step *step)
{
	for (unsigned i = 0; i < step->clause_count; i++)
		if (!strncmp(step->clauses[i], "sdp", 3))
			return true;
	return false;
}

static void sends(struct actor *actor, const struct step *step)
{
	enum message_method method = method_of(step->words[2]);

	if (method == MESSAGE_ACK)
		actor->ack_due = false;
	if (method == MESSAGE_PRACK || method == MESSAGE_INVITE)
		actor->reliable = false;
	if (method == MESSAGE_ACK || method == MESSAGE_CANCEL)
		return;
	actor->asking[method] = true;
	if (method == MESSAGE_SUBSCRIBE && actor->dialog == ACTOR_NONE &&
		actor->events == ACTOR_NO_EVENTS)
		actor->events = ACTOR_SUBSCRIBES;
	if (method == MESSAGE_BYE)
		actor->dialog = ACTOR_OVER;
	if (method != MESSAGE_INVITE)
		return;
	actor->rang = actor->ack_due = false;
	actor->offering = has_sdp(step);
	if (actor->dialog == ACTOR_NONE) {
		actor->caller = true;
		actor->dialog = ACTOR_EARLY;
	}
}

static void replies(struct actor *actor, const struct step *step)
{
	enum message_method method = method_of(step->words[4]);
	int status = atoi(step->words[2]);

	if (method == MESSAGE_INVITE && status > 100)
		actor->early = true;
	if (status < 200)
		return;
	actor->asked[method] = false;
	if (method != MESSAGE_INVITE)
		return;
	actor->unacked = status < 300;
	if (status < 300)
		actor->dialog = ACTOR_TALKING;
	else if (actor->dialog == ACTOR_EARLY)
		actor->dialog = ACTOR_OVER;
	/* it is asked again, and may ask again */
	if (status == 401 || status == 407)
		actor->early = false;
}

void actor_plays(struct actor *actor, const struct step *step)
{
	if (step->count == 3 && !strcmp(step->words[1], "sends"))
		sends(actor, step);
	if (step->count == 5 && !strcmp(step->words[1], "replies"))
		replies(actor, step);
}

/* ---- whose is it ---- */

static bool is_named(const struct endpoint *endpoint, const struct message *message)
{
	struct span tag = message_is_request(message) ? message_to(message)->tag
						      : message_from(message)->tag;

	return endpoint->call_id &&
	       span_equal_str(message_call_id(message), endpoint->call_id) &&
	       (!tag.len || span_equal_str(tag, endpoint->tag));
}

struct endpoint *actors_reader(
	struct stage *stage, const struct party *party, const struct message *message)
{
	LIST_FOREACH (&stage->endpoints, node, next) {
		struct endpoint *endpoint = LIST_ENTRY(node, struct endpoint, node);

		if (endpoint->party == party && is_named(endpoint, message))
			return endpoint;
	}
	return NULL;
}
