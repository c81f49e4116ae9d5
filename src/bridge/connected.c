#include "bridge/connected.h"

#include "bridge/identity.h"
#include "bridge/leg_refresh.h"
#include "bridge/party_rules.h"

#include <errno.h>
#include <stdlib.h>

/* Of what one leg is told, header names included. */
#define CONNECTED_MAX_BYTES 4096

/* What TO is told: what MESSAGE, of leg FROM, says of who is there, as lines, owned. *RET is NULL where it says
 * nothing, or nothing that may be told. 0 or negative. */
static int write_lines(const struct call *call, const struct leg *from,
	const struct leg *to, struct message *message, char **ret)
{
	struct identity_shown identity;
	struct party *party;
	struct buf lines;
	int err = party_read_connected(&party, message);

	*ret = NULL;
	if (err)
		return err;
	party->connected = from == call->b;
	party->urgent = call->emergency != EMERGENCY_NO;
	identity_shown(to, "", &identity);
	buf_init(&lines, CONNECTED_MAX_BYTES);
	if (party->asserted.count || party->remote.count)
		err = party_rules_in(party, from->settings);
	if (!err && (party->asserted.count || party->remote.count))
		err = party_rules_out(party, to->settings);
	if (!err)
		err = party_write_connected(party, &identity.shown, &lines);
	if (!err && lines.len)
		*ret = span_dup(buf_span(&lines));
	buf_free(&lines);
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

void connected_begin(struct call *call)
{
	struct leg *b = call->b;

	leg_tell(b, NULL, false);
	if (wants_to_know(b) && call->party->source) {
		char *lines = NULL;

		write_lines(call, call->a, b, call->party->source, &lines);
		leg_tell(b, lines, false);
	}
}

void connected_forget(struct call *call)
{
	leg_tell(call->a, NULL, false);
	free(call->connected_tag);
	call->connected_tag = NULL;
}

void connected_hear(struct call *call, struct leg *from, struct message *message)
{
	const bool asks = message_is_request(message);
	struct leg *to = call_other(call, from);
	const struct leg *hearer = to->stand_in ? call->stays : to;
	char *lines = NULL;

	if (!wants_to_know(hearer))
		return;
	if (call->state == CALL_SETUP && !asks)
		follow_branch(call, message);
	if (write_lines(call, from, hearer, message, &lines) || !lines)
		return;
	if (is_same(lines, to->connected))
		free(lines);
	else
		leg_tell(to, lines, asks && !to->stand_in);
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
