/* A call that goes on in another process. */
#include "bridge/call_priv.h"

#include "base/log.h"
#include "bridge/media_relay.h"
#include "bridge/registry.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/*
 * Not written of struct call: node, dead_node, by_number, bridge, leg_h, config, callee (made anew); a, b, oa,
 * session, history (objects of their own, or idle); state, transfer, referral, replacement, replaced_by, ended_h, inner, stays, recorded, saved,
 * invite_shown, invite_tapped, hunt, offer, loaded, bare, unfit,
 * failed, party, redirection, asker, connected_tag, setup_timer, late_timer, redirect_timer, duration_timer (as in every call that talks);
 * said, said_by, endings, end_us, status, cause,
 * ended_by, detail (there is no end yet); digits_until_ms (what is being played is lost).
 */
static const struct saved_field call_fields[] = {
	SAVED_FIELD(struct call, number),
	SAVED_TEXT(struct call, id),
	SAVED_TEXT(struct call, replaces),
	SAVED_FIELD(struct call, from),
	SAVED_FIELD(struct call, to),
	SAVED_FIELD(struct call, from_received),
	SAVED_FIELD(struct call, to_received),
	SAVED_FIELD(struct call, from_sent),
	SAVED_FIELD(struct call, to_sent),
	SAVED_FIELD(struct call, shown),
	SAVED_FIELD(struct call, asserted),
	SAVED_FIELD(struct call, asserted_sent),
	SAVED_FIELD(struct call, diverted_by),
	SAVED_FIELD(struct call, diverted_reason),
	SAVED_FIELD(struct call, max_forwards),
	SAVED_BELOW(struct call, emergency, EMERGENCY_KINDS),
	SAVED_BELOW(struct call, location, CALL_LOCATIONS),
	SAVED_FIELD(struct call, elin),
	SAVED_FIELD(struct call, held),
	SAVED_BELOW(struct call, capture, CONFIG_AUDIT_FULL + 1),
	SAVED_LIST(struct call, latched, SAVED_IS_ADDR, NULL),
	SAVED_FIELD(struct call, start_wall_us),
	SAVED_SINCE(struct call, start_us),
	SAVED_FIELD(struct call, ringing_us),
	SAVED_FIELD(struct call, answer_us),
	SAVED_END,
};

/* On which sides its legs are. */
struct sides {
	enum side caller, callee;
};

static const struct saved_field sides_fields[] = {
	SAVED_BELOW(struct sides, caller, SIDE_EXTERNAL + 1),
	SAVED_BELOW(struct sides, callee, SIDE_EXTERNAL + 1),
	SAVED_END,
};

/* A line of the relay. */
struct line {
	unsigned line;
};

static const struct saved_field line_fields[] = {
	SAVED_BELOW(struct line, line, RELAY_STREAMS),
	SAVED_END,
};

/* ---- writing ---- */

bool call_is_quiet(const struct call *call)
{
	return call->state == CALL_TALKING && !call->transfer && !call->replacement &&
	       !call->referral && call->oa.state == OA_IDLE && !call->oa.restoring &&
	       !call->oa.txn && leg_is_quiet(call->a) && leg_is_quiet(call->b);
}

static int save_lines(const struct call *call, struct saved to)
{
	struct saved object;
	int err = 0;

	for (unsigned i = 0; i < RELAY_STREAMS && !err; i++) {
		const struct line line = {.line = i};

		if (!relay_stream_exists(call->session, i))
			continue;
		err = saved_append(to, "lines", &object);
		if (!err)
			err = saved_put(object, line_fields, &line);
		if (!err)
			err = relay_stream_save(call->session, i, object);
	}
	return err;
}

static int save_leg(const struct leg *leg, struct saved to)
{
	struct saved object;
	int err = saved_add(to, leg->name, &object);

	return err ? err : leg_save(leg, object);
}

int call_save(const struct call *call, struct saved to)
{
	const struct sides sides = {
		.caller = call->a->home->which, .callee = call->callee->which};
	struct saved object = to;
	int err = saved_put(to, call_fields, call);

	to.about = call->id;
	if (!err)
		err = saved_put(to, sides_fields, &sides);
	if (!err)
		err = save_leg(call->a, to);
	if (!err)
		err = save_leg(call->b, to);
	if (!err)
		err = saved_add(to, "history", &object);
	if (!err)
		err = history_save(&call->history, object);
	return err ? err : save_lines(call, to);
}

/* ---- reading ---- */

static int load_leg(struct call *call, struct leg *leg, enum side side, struct saved from,
	struct err_text *error)
{
	const struct leg_params params =
		call_leg_params(call, leg, &call->bridge->sides[side]);

	return leg_load(
		leg, &params, call->config, saved_object(from, params.name), error);
}

static int load_legs(struct call *call, struct saved from, struct err_text *error)
{
	struct sides sides = {.caller = SIDE_INTERNAL};
	int err = saved_take(from, sides_fields, &sides, error);

	call->callee = &call->bridge->sides[sides.callee];
	if (!err)
		err = load_leg(call, call->a, sides.caller, from, error);
	/* the other one is told in any case */
	if (!err)
		err = load_leg(call, call->b, sides.callee, from, error);
	else
		load_leg(call, call->b, sides.callee, from, NULL);
	return err;
}

/* What both ends of line INDEX agreed. */
static int set_line(struct call *call, unsigned index)
{
	const struct leg *const legs[] = {call->a, call->b};
	int err = 0;

	for (unsigned i = 0; i < 2 && !err; i++) {
		const struct stream *stream = legs[i]->streams[index];

		if (stream && stream->now.set)
			err = media_relay_set(
				call->session, index, legs[i], &stream->now);
	}
	return err;
}

static int load_lines(struct call *call, struct saved from, struct err_text *error)
{
	struct saved object;
	int err = 0;

	for (unsigned i = 0; !err && saved_at(from, "lines", i, &object); i++) {
		struct line line = {.line = 0};

		err = saved_take(object, line_fields, &line, error);
		if (!err)
			err = relay_stream_load(call->session, line.line, object, error);
		if (!err)
			err = set_line(call, line.line);
	}
	return err;
}

static int load_media(struct call *call, struct saved from, struct err_text *error)
{
	const struct relay_open open = {.call = call->number,
		.id = call->id,
		.timeout_ms = call_silence_ms(call),
		.tap = call->capture == CONFIG_AUDIT_FULL};
	int err = relay_open(call->bridge->relay, &call->session, &open);

	return err ? err : load_lines(call, from, error);
}

/* All but its media. */
static int load_signalling(struct call *call, struct saved from, struct err_text *error)
{
	int err = saved_take(from, call_fields, call, error);

	from.about = call->id;
	if (!err && (!call->id[0] || !call->from || !call->to))
		err = err_set(error, ERR_FORMAT, "a part of the call is missing");
	if (!err && registry_find(call->bridge, call->number))
		err = err_set(error, ERR_STATE, "there is another call of that number");
	if (!err)
		err = load_legs(call, from, error);
	if (!err)
		err = history_load(&call->history, saved_object(from, "history"), error);
	return err;
}

/* From now on it is one of the bridge's, as if it had begun and been answered here. */
static void resume(struct call *call)
{
	struct bridge *bridge = call->bridge;
	const struct bridge_handlers *handlers = &bridge->handlers;

	call->invite_shown = true;
	call->invite_tapped = true;
	call->state = CALL_TALKING;
	registry_add(call);
	bridge->answered_count++;
	call_emergency_resumed(call);
	call_elin_resumed(call);
	if (call->number > bridge->next_number)
		bridge->next_number = call->number;
	call_limit_duration(call);
	if (handlers->capture_h && call->capture != CONFIG_AUDIT_OFF)
		handlers->capture_h(handlers->arg, call->number, call->id, call->capture);
	call_capture_parties(call);
}

/* ---- a call that has no legs any more ---- */

/* What its record says, read anew: the call may be without memory, or its trunk gone. */
static const struct saved_field lost_fields[] = {
	SAVED_FIELD(struct call, number),
	SAVED_TEXT(struct call, id),
	SAVED_TEXT(struct call, replaces),
	SAVED_FIELD(struct call, from),
	SAVED_FIELD(struct call, to),
	SAVED_FIELD(struct call, from_received),
	SAVED_FIELD(struct call, to_received),
	SAVED_FIELD(struct call, from_sent),
	SAVED_FIELD(struct call, to_sent),
	SAVED_FIELD(struct call, shown),
	SAVED_FIELD(struct call, asserted),
	SAVED_FIELD(struct call, asserted_sent),
	SAVED_BELOW(struct call, emergency, EMERGENCY_KINDS),
	SAVED_BELOW(struct call, location, CALL_LOCATIONS),
	SAVED_FIELD(struct call, elin),
	SAVED_FIELD(struct call, start_wall_us),
	SAVED_SINCE(struct call, start_us),
	SAVED_FIELD(struct call, ringing_us),
	SAVED_FIELD(struct call, answer_us),
	SAVED_END,
};

/* What was read of it, and of whom it was with. */
struct lost {
	struct call call;
	struct sides sides;
	struct history history;
	char names[2][80]; /* of the caller and the callee */
};

static void read_lost(struct lost *lost, struct saved from)
{
	saved_take(from, lost_fields, &lost->call, NULL);
	saved_take(from, sides_fields, &lost->sides, NULL);
	history_load(&lost->history, saved_object(from, "history"), NULL);
	leg_saved_party(saved_object(from, "a"), lost->names[0]);
	leg_saved_party(saved_object(from, "b"), lost->names[1]);
}

static void fill_lost(const struct lost *lost, const char *why, struct record *ret)
{
	const struct call *call = &lost->call;
	const bool inbound = lost->sides.caller == SIDE_EXTERNAL &&
			     lost->sides.callee == SIDE_INTERNAL;

	*ret = (struct record){.call = call->number,
		.method = "INVITE",
		.id = call->id,
		.inbound = inbound,
		.emergency = emergency_name(call->emergency),
		.location = call_location_name(call),
		.elin = call->elin ? call->elin : "",
		.start_wall_us = call->start_wall_us,
		.ringing_us = call->ringing_us,
		.answer_us = call->answer_us,
		.end_us = call_now_us(call) - call->start_us,
		.status = 200,
		.cause = "restart",
		.ended_by = "tandem",
		.detail = why,
		.media_note = "",
		.far_reason = "",
		.attempts = lost->history.attempts,
		.attempt_count = lost->history.count,
		.transfers = lost->history.transfers,
		.transfer_count = lost->history.transfer_count,
		.redirections = lost->history.redirections,
		.redirection_count = lost->history.redirection_count};
	registry_fill_numbers(call, ret);
	ret->legs[0] = ret->legs[1] = record_leg_none();
	ret->legs[inbound].side = lost->sides.caller;
	ret->legs[inbound].party = lost->names[0];
	ret->legs[!inbound].side = lost->sides.callee;
	ret->legs[!inbound].party = lost->names[1];
}

/* It began before, and so it is counted here, and has a record. */
static void tell_lost(struct bridge *bridge, struct saved from, const char *why)
{
	struct lost lost = {.call.bridge = bridge};
	struct record record;

	read_lost(&lost, from);
	fill_lost(&lost, why, &record);
	log_warning("call", "call=%s event=not-resumed reason=\"%s\"", lost.call.id, why);
	bridge->started++;
	bridge->ended++;
	if (bridge->handlers.ended_h)
		bridge->handlers.ended_h(bridge->handlers.arg, &record);
	history_free(&lost.history);
	free(lost.call.elin);
	call_party_free(&lost.call);
}

bool call_load(struct bridge *bridge, struct saved from)
{
	struct err_text error = {{0}};
	struct call *call = call_new(bridge);
	int err = call ? load_signalling(call, from, &error) : -ENOMEM;

	if (err) {
		if (call) {
			leg_abandon(call->a);
			leg_abandon(call->b);
			call_free(call);
		}
		tell_lost(bridge, from, error.text[0] ? error.text : err_str(err));
		return false;
	}
	resume(call);
	from.about = call->id;
	err = load_media(call, from, &error);
	if (err) {
		call_end(call, CALL_BY_TANDEM, "restart", 503,
			error.text[0] ? error.text : err_str(err));
		return false;
	}
	log_info("call", "call=%s event=resumed %s=%s %s=%s", call->id,
		trunk_word(call->a->trunk->kind), call->a->trunk->id,
		trunk_word(call->b->trunk->kind), call->b->trunk->id);
	return true;
}
