#include "admin/ladder.h"

#include "admin/api.h"
#include "admin/ladder_digits.h"
#include "admin/ladder_message.h"
#include "base/clock.h"
#include "base/hash.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* RFC 3550: what is RTP or RTCP begins with version 2. */
#define RTP_VERSION_BITS 0xc0
#define RTP_VERSION 0x80

struct party {
	char leg[8], name[96];
	struct addr remote; /* len 0: not known */
	char how[256];      /* as its last message came */
};

struct row {
	uint64_t wall_us;
	uint64_t hash; /* of its text and its direction */
	unsigned party;
	json_t *object;
};

struct ladder {
	bool whole;
	size_t text_bytes;
	struct party parties[LADDER_PARTIES_MAX];
	unsigned party_count;
	struct row *rows;
	unsigned count, room;
	uint64_t left_out, packets;
	struct ladder_digits digits;
};

struct ladder *ladder_new(bool whole)
{
	struct ladder *ladder = calloc(1, sizeof(*ladder));

	if (ladder)
		ladder->whole = whole;
	return ladder;
}

void ladder_free(struct ladder *ladder)
{
	if (!ladder)
		return;
	for (unsigned i = 0; i < ladder->count; i++)
		json_decref(ladder->rows[i].object);
	free(ladder->rows);
	free(ladder);
}

unsigned ladder_party(struct ladder *ladder, const char *leg, const char *name,
	const struct addr *remote)
{
	struct party *party;

	for (unsigned i = 0; i < ladder->party_count; i++) {
		party = &ladder->parties[i];
		if (strcmp(party->leg, leg) != 0 || strcmp(party->name, name) != 0)
			continue;
		if (remote && remote->len)
			party->remote = *remote;
		return i;
	}
	if (ladder->party_count == LADDER_PARTIES_MAX)
		return LADDER_PARTIES_MAX;
	party = &ladder->parties[ladder->party_count];
	snprintf(party->leg, sizeof(party->leg), "%s", leg);
	snprintf(party->name, sizeof(party->name), "%s", name);
	if (remote)
		party->remote = *remote;
	return ladder->party_count++;
}

unsigned ladder_party_named(const struct ladder *ladder, const char *name)
{
	for (unsigned i = 0; i < ladder->party_count; i++)
		if (strcmp(ladder->parties[i].name, name) == 0)
			return i;
	return LADDER_PARTIES_MAX;
}

/* Whose ADDR is; LADDER_PARTIES_MAX: nobody's. */
static unsigned find_remote(const struct ladder *ladder, const struct addr *addr)
{
	unsigned by_host = LADDER_PARTIES_MAX;

	for (unsigned i = 0; i < ladder->party_count; i++) {
		const struct addr *remote = &ladder->parties[i].remote;

		if (remote->len && addr_equal(remote, addr))
			return i;
		/* a connection may come from another port */
		if (remote->len && addr_equal_host(remote, addr) &&
			by_host == LADDER_PARTIES_MAX)
			by_host = i;
	}
	return by_host;
}

/* Whose DATAGRAM is, and whether we sent it. */
static unsigned find_party(
	struct ladder *ladder, const struct ladder_datagram *datagram, bool *ret_sent)
{
	unsigned to, from;

	*ret_sent = datagram->sent;
	if (datagram->knows && datagram->leg[0] && datagram->leg[0] != '?')
		return ladder_party(ladder, datagram->leg, datagram->name,
			datagram->sent ? &datagram->destination : &datagram->source);
	if (datagram->knows)
		return LADDER_PARTIES_MAX;
	to = find_remote(ladder, &datagram->destination);
	from = find_remote(ladder, &datagram->source);
	/* of two that are both somebody's, as on one host, the port says more */
	if (to < LADDER_PARTIES_MAX && from < LADDER_PARTIES_MAX)
		*ret_sent =
			addr_equal(&ladder->parties[to].remote, &datagram->destination);
	else
		*ret_sent = to < LADDER_PARTIES_MAX;
	return *ret_sent ? to : from;
}

/* Room for one more. */
static struct row *next_row(struct ladder *ladder)
{
	const unsigned room = ladder->room ? 2 * ladder->room : 32;
	struct row *rows;

	if (ladder->count == LADDER_MESSAGES_MAX)
		return NULL;
	if (ladder->count == ladder->room) {
		rows = reallocarray(ladder->rows, room, sizeof(*rows));
		if (!rows)
			return NULL;
		ladder->rows = rows;
		ladder->room = room;
	}
	return &ladder->rows[ladder->count];
}

static void note_how(struct ladder *ladder, unsigned party, struct span how)
{
	if (party < LADDER_PARTIES_MAX)
		snprintf(ladder->parties[party].how, sizeof(ladder->parties[party].how),
			"%.*s", SPAN_ARG(how));
}

/* OBJECT, which is taken, at the end; NULL: it is left out. */
static void add_row(struct ladder *ladder, const struct ladder_datagram *datagram,
	unsigned party, bool sent, json_t *object)
{
	struct row *row = object ? next_row(ladder) : NULL;

	if (!row) {
		json_decref(object);
		ladder->left_out++;
		return;
	}
	*row = (struct row){.wall_us = datagram->wall_us,
		.party = party,
		.object = object,
		.hash = hash_bytes(datagram->data.p, datagram->data.len,
			(uint64_t)party << 1 | sent)};
	ladder->count++;
}

/* A packet of media, or what else is no message. */
static void add_packet(struct ladder *ladder, const struct ladder_datagram *datagram)
{
	const unsigned char *data = (const unsigned char *)datagram->data.p;
	bool sent;
	char digit;

	if (datagram->data.len == 0 || (data[0] & RTP_VERSION_BITS) != RTP_VERSION)
		return;
	ladder->packets++;
	digit = datagram->sent ? '\0'
			       : ladder_digits_read(&ladder->digits, datagram->data);
	if (digit)
		add_row(ladder, datagram, find_party(ladder, datagram, &sent), false,
			ladder_message_digit(
				&datagram->source, &datagram->destination, digit));
}

void ladder_add(struct ladder *ladder, const struct ladder_datagram *datagram)
{
	struct ladder_message message = {.source = datagram->source,
		.destination = datagram->destination,
		.how = datagram->how,
		.text = datagram->data,
		.whole = ladder->whole && ladder->text_bytes < LADDER_TEXT_MAX};
	unsigned party;

	if (!ladder_message_is(datagram->data)) {
		add_packet(ladder, datagram);
		return;
	}
	ladder_digits_learn(&ladder->digits, datagram->data);
	party = find_party(ladder, datagram, &message.sent);
	note_how(ladder, party, datagram->how);
	ladder->text_bytes += message.whole ? datagram->data.len : 0;
	add_row(ladder, datagram, party, message.sent, ladder_message_json(&message));
}

bool ladder_has_messages(const struct ladder *ladder)
{
	return ladder->count > 0;
}

/* By time; what came at one time stays as it was. */
static void sort(struct ladder *ladder)
{
	for (unsigned i = 1; i < ladder->count; i++) {
		const struct row row = ladder->rows[i];
		unsigned at = i;

		/* they are nearly in order: an INVITE of which it was known late whose it is */
		for (; at > 0 && ladder->rows[at - 1].wall_us > row.wall_us; at--)
			ladder->rows[at] = ladder->rows[at - 1];
		ladder->rows[at] = row;
	}
}

/* Which of the rows before ROW has the same text, the same way; null: none. */
static json_t *repeats_json(const struct ladder *ladder, unsigned row)
{
	for (unsigned i = 0; i < row; i++)
		if (ladder->rows[i].hash == ladder->rows[row].hash)
			return json_integer(i);
	return json_null();
}

static json_t *parties_json(const struct ladder *ladder)
{
	json_t *array = json_array();
	char text[ADDR_TEXT_SIZE];

	for (unsigned i = 0; i < ladder->party_count; i++) {
		const struct party *party = &ladder->parties[i];

		json_array_append_new(array,
			json_pack("{s:o, s:o, s:s, s:o}", "leg", api_text(party->leg),
				"name", api_text(party->name), "address",
				party->remote.len ? addr_text(&party->remote, text) : "",
				"how", api_text(party->how)));
	}
	return array;
}

static json_t *rows_json(struct ladder *ladder)
{
	json_t *array = json_array(), *object;
	uint64_t after_us;

	for (unsigned i = 0; i < ladder->count; i++) {
		const struct row *row = &ladder->rows[i];

		object = row->object;
		after_us = row->wall_us - ladder->rows[0].wall_us;
		json_object_set_new(object, "after_us",
			json_integer(
				after_us < INT64_MAX ? (json_int_t)after_us : INT64_MAX));
		json_object_set_new(object, "party",
			row->party < LADDER_PARTIES_MAX ? json_integer(row->party)
							: json_null());
		json_object_set_new(object, "repeats", repeats_json(ladder, i));
		json_array_append(array, object);
	}
	return array;
}

json_t *ladder_json(struct ladder *ladder, const char *source, const char *note)
{
	char start[CLOCK_TEXT_SIZE];

	sort(ladder);
	return json_pack("{s:s, s:o, s:o, s:o, s:o, s:I, s:I}", "source", source, "note",
		api_text(note), "start",
		ladder->count ? json_string(clock_text(ladder->rows[0].wall_us, start))
			      : json_null(),
		"parties", parties_json(ladder), "messages", rows_json(ladder),
		"left_out", (json_int_t)ladder->left_out, "packets",
		(json_int_t)ladder->packets);
}
