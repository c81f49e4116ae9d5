#include "bridge/connected.h"

#include "bridge/identity.h"
#include "bridge/leg_refresh.h"
#include "bridge/party_rules.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Of what one leg is told, header names included. */
#define CONNECTED_MAX_BYTES 4096

/* What one leg is told; owned texts, NULL: nothing. */
struct words {
	char *lines; /* header lines */
	char *from;  /* another From than it knows */
};

static char *steal(struct buf *text)
{
	char *ret = text->len && !text->err ? span_dup(buf_span(text)) : NULL;

	buf_free(text);
	return ret;
}

/* By whom the far end knows us so far is at the host that it called. */
static bool is_same_user(struct span from, const char *known)
{
	struct message_address a, b;

	return known && message_address_read(&a, from) &&
	       message_address_read(&b, span_of(known)) &&
	       span_equal(a.uri.user, b.uri.user);
}

/* As TO, whose requests have From so far as its dialog says, is to see PARTY. 0 or negative. */
static int write_words(const struct party *party, const struct leg *to, struct words *ret)
{
	struct identity_shown identity;
	struct buf lines, from;
	int err;

	identity_shown(to, "", &identity);
	buf_init(&lines, CONNECTED_MAX_BYTES);
	buf_init(&from, CONNECTED_MAX_BYTES);
	err = party_write_connected(party, &identity.shown, &lines);
	if (!err && to->takes_from)
		err = party_write_from(party, &identity.shown, &from);
	if (!err && is_same_user(buf_span(&from), to->dialog.local_uri))
		from.len = 0;
	ret->lines = steal(&lines);
	ret->from = steal(&from);
	return err;
}

/* What TO is told: what MESSAGE, of leg FROM, says of who is there; BY_FROM: by From too. *RET has nothing where it says
 * nothing, or nothing that may be told. 0 or negative. */
static int find_words(const struct call *call, const struct leg *from,
	const struct leg *to, struct message *message, bool by_from, struct words *ret)
{
	struct party *party;
	int err = party_read_connected(&party, message, by_from);
	bool says;

	*ret = (struct words){.lines = NULL};
	if (err)
		return err;
	party->connected = from == call->b;
	party->urgent = call->emergency != EMERGENCY_NO;
	says = by_from || party->asserted.count || party->remote.count;
	if (says)
		err = party_rules_in(party, from->settings);
	/* who is not believed, and has said no more than that, has said nothing */
	says = says && (by_from || party->asserted.count || party->remote.count);
	if (!err && says)
		err = party_rules_out(party, to->settings);
	if (!err && says)
		err = write_words(party, to, ret);
	party_free(party);
	return err;
}

static bool wants_to_know(const struct leg *leg)
{
	return leg && leg->home && leg->flow &&
	       leg->settings->identity.connected == CONFIG_CONNECTED_PASS;
}

static bool is_same(const char *a, const char *b)
{
	return a && b && !strcmp(a, b);
}

/* Another branch answers than the one that leg a was told of: what holds for one does not for the other. */
static void follow_branch(struct call *call, const struct message *response)
{
	const struct span tag = message_to(response)->tag;

	if (call->connected_tag && span_equal_str(tag, call->connected_tag))
		return;
	connected_forget(call);
	call->connected_tag = span_dup(tag);
}

void connected_ready(struct call *call)
{
	call->a->may_change_from = wants_to_know(call->b);
	call->b->may_change_from =
		wants_to_know(call->a->stand_in ? call->stays : call->a);
}

void connected_begin(struct call *call)
{
	struct leg *b = call->b;
	struct words words = {.lines = NULL};

	/* From of the INVITE said who calls */
	if (wants_to_know(b) && call->party->source)
		find_words(call, call->a, b, call->party->source, false, &words);
	free(words.from);
	leg_tell(b, words.lines, NULL, false);
}

void connected_forget(struct call *call)
{
	leg_tell(call->a, NULL, NULL, false);
	free(call->connected_tag);
	call->connected_tag = NULL;
}

/* LEG gets WORDS, taken, which a request said of the other one where ASKED. */
static void tell_words(struct leg *leg, struct words *words, bool asked)
{
	const bool known = !words->lines || is_same(words->lines, leg->connected);

	if (known && !words->from) {
		free(words->lines);
		return;
	}
	/* what was told of somebody else before holds no more */
	/* a response, which is where it is told of a response, has no From of ours */
	leg_tell(leg, words->lines, words->from, !leg->stand_in && (asked || known));
}

void connected_hear(struct call *call, struct leg *from, struct message *message)
{
	const bool asks = message_is_request(message);
	struct leg *to = call_other(call, from);
	const struct leg *hearer = to->stand_in ? call->stays : to;
	bool by_from = false;
	struct words words;

	if (asks && from->may_change_from)
		by_from = dialog_take_from(&from->dialog, message);
	if (!wants_to_know(hearer))
		return;
	if (call->state == CALL_SETUP && !asks)
		follow_branch(call, message);
	find_words(call, from, hearer, message, by_from, &words);
	tell_words(to, &words, asks);
}

/* Nothing is under way that may take it along. An UPDATE has no offer; who takes none is offered again what he agreed to
 * last, as where a session is refreshed. */
static void tell(struct call *call, struct leg *leg)
{
	if (!leg->connected_due || leg->state != LEG_TALKING || leg->update_out ||
		call->oa.state != OA_IDLE)
		return;
	if (leg_refresh_by_update(leg))
		leg_update(leg, NULL);
	else
		oa_refresh(call, leg);
}

void connected_tell(struct call *call)
{
	tell(call, call->a);
	tell(call, call->b);
}
