/* What reaches those who observe: the captures, and who watches all calls. */
#include "stage.h"

#include "inside.h"

static void party_h(void *arg, const struct tap_party *party)
{
	struct stage *stage = arg;
	bool was = inside_set(false);

	captures_tell(&stage->captures, party);
	inside_set(was);
}

static void message_h(void *arg, const struct tap_message *message)
{
	struct stage *stage = arg;
	bool was = inside_set(false);
	const struct party *party = stage_party_at(
		stage, message->sent ? &message->destination : &message->source);

	captures_add(&stage->captures, party ? party->name : "?", message);
	inside_set(was);
}

struct tap stage_tap(struct stage *stage)
{
	return (struct tap){.party_h = party_h, .message_h = message_h, .arg = stage};
}
