/* A leg that goes on in another process. */
#include "bridge/leg_priv.h"

#include "bridge/body.h"
#include "bridge/dtmf.h"
#include "bridge/noted.h"
#include "bridge/redial.h"
#include "bridge/uac.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Not written of struct session_timer: at_us, glares (made anew). */
static const struct saved_field session_fields[] = {
	SAVED_BELOW(struct session_timer, state, SESSION_STATES),
	SAVED_FIELD(struct session_timer, interval_s),
	SAVED_FIELD(struct session_timer, min_s),
	SAVED_SINCE(struct session_timer, agreed_us),
	SAVED_END,
};

/* Not written of struct refresh: next, answering, out (nothing is under way, and a refresh is due again); timer,
 * off, agreed (made anew). */
static const struct saved_field refresh_fields[] = {
	SAVED_STRUCT(struct refresh, session, session_fields),
	SAVED_END,
};

/*
 * Not written of struct leg: home, end, h, closed_h, arg, call, party, id, name, methods, way (made anew); target, trunk, settings,
 * server, gateway (found by name); flow, dialog, offer, streams, uac, microsoft, headers (objects of their own); flow_node,
 * losses, lost_ms (of the new connection); early (it talks); refused, state, uas, unacked, bye_in, bye_out, update_out, last_timer,
 * bye_waits, ending, heard, heard_from, prack_due, connected_due, dtmf, passages, notifier, subscriber, stand_in (nothing of it while it is quiet); replaced, replaced_count (only
 * PRACKs that are late still name them).
 */
static const struct saved_field leg_fields[] = {
	SAVED_FIELD(struct leg, called),
	SAVED_FIELD(struct leg, number),
	SAVED_FIELD(struct leg, secured),
	SAVED_FIELD(struct leg, tolerated),
	SAVED_FIELD(struct leg, media_v6),
	SAVED_FIELD(struct leg, udptl),
	SAVED_FIELD(struct leg, allows),
	SAVED_FIELD(struct leg, packages),
	SAVED_FIELD(struct leg, reliable),
	SAVED_FIELD(struct leg, connected),
	SAVED_FIELD(struct leg, connected_from),
	SAVED_FIELD(struct leg, takes_from),
	SAVED_FIELD(struct leg, may_change_from),
	SAVED_STRUCT(struct leg, refresh, refresh_fields),
	SAVED_END,
};

/* Whom it talks to, by name. */
struct whom {
	enum trunk_kind kind;
	char *id;
};

static const struct saved_field whom_fields[] = {
	SAVED_BELOW(struct whom, kind, TRUNK_GATEWAY + 1),
	SAVED_FIELD(struct whom, id),
	SAVED_END,
};

/*
 * Not written of struct flow: ops, refs, id, peer, asked, until, report, why, owner, users, held, closed,
 * refused, no_listener, waiting, tap_owner, heard_ms, server_name, ours (of the connection alone, which is no more);
 * exception (the record has none of it).
 */
static const struct saved_field flow_fields[] = {
	SAVED_BELOW(struct flow, kind, TRANSPORT_TLS + 1),
	SAVED_FIELD(struct flow, local),
	SAVED_FIELD(struct flow, remote),
	SAVED_FIELD(struct flow, version),
	SAVED_FIELD(struct flow, cipher),
	SAVED_FIELD(struct flow, peer_names),
	SAVED_FIELD(struct flow, opened),
	SAVED_END,
};

/* Its place among the lines of the leg. */
struct place {
	unsigned line;
};

static const struct saved_field place_fields[] = {
	SAVED_BELOW(struct place, line, RELAY_STREAMS),
	SAVED_END,
};

/* ---- writing ---- */

bool leg_is_quiet(const struct leg *leg)
{
	return leg->state == LEG_TALKING && leg->offer.state == OFFER_IDLE && !leg->uas &&
	       !leg->unacked && !leg->bye_in && !leg->bye_out && !leg->update_out &&
	       !leg->prack_due && !leg->notifier && !leg->passages &&
	       !dtmf_is_busy(leg->dtmf) && !leg_is_inviting(leg) &&
	       !(leg->uac && uac_owes_ack(leg->uac));
}

static int save_whom(const struct leg *leg, struct saved to)
{
	const struct whom whom = {.kind = leg->trunk->kind, .id = leg->trunk->id};
	struct saved object;
	int err = saved_add(to, "trunk", &object);

	return err ? err : saved_put(object, whom_fields, &whom);
}

static int save_streams(const struct leg *leg, struct saved to)
{
	struct saved object;
	int err = 0;

	for (unsigned i = 0; i < RELAY_STREAMS && !err; i++) {
		const struct place place = {.line = i};

		if (!leg->streams[i])
			continue;
		err = saved_append(to, "streams", &object);
		if (!err)
			err = saved_put(object, place_fields, &place);
		if (!err)
			err = stream_save(leg->streams[i], object);
	}
	return err;
}

static int save_invite(const struct leg *leg, struct saved to)
{
	struct saved object;
	int err;

	if (!leg->uac)
		return 0;
	err = saved_add(to, "invite", &object);
	return err ? err : uac_save(leg->uac, object);
}

int leg_save(const struct leg *leg, struct saved to)
{
	struct saved object = to;
	int err = saved_put(to, leg_fields, leg);

	if (!err)
		err = noted_save(&leg->microsoft, to, "microsoft");
	if (!err)
		err = noted_save(&leg->headers, to, "headers");
	if (!err)
		err = save_whom(leg, to);
	if (!err)
		err = saved_add(to, "flow", &object);
	if (!err)
		err = saved_put(object, flow_fields, redial_lost(leg->flow));
	if (!err)
		err = saved_add(to, "dialog", &object);
	if (!err)
		err = dialog_save(&leg->dialog, object);
	if (!err)
		err = saved_add(to, "offer", &object);
	if (!err)
		err = offer_save(&leg->offer, object);
	if (!err)
		err = save_streams(leg, to);
	return err ? err : save_invite(leg, to);
}

/* ---- the connection that it had ---- */

static int past_send(struct flow *flow, const char *data, size_t len)
{
	(void)flow;
	(void)data;
	(void)len;
	return ERR_CLOSED;
}

/* Strings that were read are ours. */
static void drop_texts(const struct flow *flow)
{
	free((void *)(uintptr_t)flow->version);
	free((void *)(uintptr_t)flow->cipher);
	free((void *)(uintptr_t)flow->peer_names);
}

static void past_free(struct flow *flow)
{
	drop_texts(flow);
	free(flow);
}

static const struct flow_ops past_ops = {.send = past_send, .free = past_free};

/* The connection of which READ tells; its strings are taken. It is closed. NULL without memory. */
static struct flow *make_past(const struct flow *read)
{
	struct flow *flow = calloc(1, sizeof(*flow));
	const char *const texts[] = {read->version, read->cipher, read->peer_names};

	if (!flow) {
		drop_texts(read);
		return NULL;
	}
	flow_init(flow, &past_ops, read->kind, &read->remote);
	flow->local = read->local;
	flow->version = texts[0] ? texts[0] : strdup("");
	flow->cipher = texts[1] ? texts[1] : strdup("");
	flow->peer_names = texts[2] ? texts[2] : strdup("");
	flow->opened = read->opened;
	flow->closed = true;
	return flow;
}

/* Over UDP it goes on where it was. */
static int open_datagrams(
	struct leg *leg, const struct addr *remote, struct err_text *error)
{
	struct transport_target to;
	struct flow *flow;
	int err = target_connection(leg->target, remote, &to, error);

	if (!err)
		err = transport_flow(leg->home->transport, &to, &flow, error);
	if (err)
		return err;
	leg_set_flow(leg, flow);
	flow_unref(flow);
	return 0;
}

static int load_flow(struct leg *leg, struct saved from, struct err_text *error)
{
	struct flow read = {.opened = false};
	struct flow *past;
	int err = saved_take(from, flow_fields, &read, error);

	if (!err && (read.kind == TRANSPORT_TLS) != target_is_tls(leg->target))
		err = err_set(error, ERR_TRUST, "its TLS was switched %s",
			target_is_tls(leg->target) ? "on" : "off");
	if (!err && read.kind == TRANSPORT_UDP && leg->target->transport == TRANSPORT_UDP)
		err = open_datagrams(leg, &read.remote, error);
	if (!err)
		target_was_at(
			leg->target, leg->home->bridge->trunks, read.kind, &read.remote);
	if (err || leg->flow) {
		drop_texts(&read);
		return err;
	}
	past = make_past(&read);
	err = past && leg_redial(leg, past) ? 0 : -ENOMEM;
	flow_unref(past);
	return err;
}

/* ---- reading ---- */

static int find_target(const struct bridge *bridge, struct config *config,
	struct saved from, struct target **ret, struct err_text *error)
{
	struct whom whom = {.id = NULL};
	struct trunk *trunk;
	int err = saved_take(from, whom_fields, &whom, error);

	if (!err && !whom.id)
		err = err_set(error, ERR_FORMAT, "a leg has no trunk");
	if (err) {
		free(whom.id);
		return err;
	}
	trunk = trunks_find(bridge->trunks, whom.kind, whom.id);
	err = trunk ? target_new(ret, trunk, config) : ERR_STATE;
	if (err == ERR_STATE)
		err_set(error, err, "%s %s is not configured any more",
			whom.kind == TRUNK_SERVER ? "server" : "gateway", whom.id);
	free(whom.id);
	return err;
}

void leg_saved_party(struct saved from, char ret[static 80])
{
	struct whom whom = {.id = NULL};

	ret[0] = '\0';
	if (!saved_take(saved_object(from, "trunk"), whom_fields, &whom, NULL) && whom.id)
		trunk_name_of(whom.kind, whom.id, ret);
	free(whom.id);
}

static int load_streams(struct leg *leg, struct saved from, struct err_text *error)
{
	struct saved object;
	int err = 0;

	for (unsigned i = 0; !err && saved_at(from, "streams", i, &object); i++) {
		struct place place = {.line = 0};
		struct stream **stream;

		err = saved_take(object, place_fields, &place, error);
		stream = &leg->streams[place.line];
		if (!err && !*stream)
			*stream = stream_new();
		if (!err)
			err = *stream ? stream_load(*stream, object, error) : -ENOMEM;
	}
	return err;
}

/* All but what names it to others. */
static int load_parts(struct leg *leg, struct saved from, struct err_text *error)
{
	int err = saved_take(from, leg_fields, leg, error);

	if (!err)
		err = dialog_load(&leg->dialog, saved_object(from, "dialog"), error);
	if (!err)
		err = dialog_name_us(&leg->dialog, leg->settings->contact_host);
	if (!err)
		err = offer_load(&leg->offer, saved_object(from, "offer"), error);
	if (!err)
		err = noted_load(&leg->microsoft, from, "microsoft", error);
	if (!err)
		err = noted_load(&leg->headers, from, "headers", error);
	if (!err)
		err = load_streams(leg, from, error);
	if (!err)
		err = load_flow(leg, saved_object(from, "flow"), error);
	return err;
}

int leg_load(struct leg *leg, const struct leg_params *params, struct config *config,
	struct saved from, struct err_text *error)
{
	struct leg_params whole = *params;
	struct saved object;
	int err = find_target(params->home->bridge, config, saved_object(from, "trunk"),
		&whole.target, error);

	if (err)
		return err;
	leg_init(leg, &whole);
	target_unref(whole.target);
	err = load_parts(leg, from, error);
	if (!err)
		leg_resume(leg);
	if (!err)
		leg_refresh_resume(leg);
	if (!err && saved_get(from, "invite", &object))
		err = leg_load_invite(leg, object, error);
	if (err)
		leg_free(leg);
	return err;
}

void leg_abandon(struct leg *leg)
{
	struct request bye;

	if (!leg->home)
		return;
	bye = leg_begin(leg, MESSAGE_BYE);
	body_add_sdp(&bye.text, leg->flow, NULL);
	request_send(&bye, NULL, NULL);
	leg_free(leg);
}
