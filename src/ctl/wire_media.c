#include "ctl/wire_media.h"

#include "media/srtp.h"
#include "media/srtp_engine.h"
#include "sdp/keyline.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PORTS 65536
#define PACKET_MAX 65536
/* Ports are used again, and a line gets new keys: so many of the latest are tried. */
#define TRIED_MAX 16
/* The keys are told when they are agreed, but the clock may be set. */
#define EARLY_US UINT64_C(2000000)
#define RTP_LEN 12
#define RTCP_LEN 8
#define VERSION 2

struct key {
	struct keyline line;
	struct srtp_context *context; /* NULL: nothing was opened by it so far */
	struct key *earlier;          /* of the same port */
};

struct wire_media {
	struct key *latest[PORTS]; /* by our port of RTP, host order */
	_Alignas(8) uint8_t room[PACKET_MAX];
};

/* ---- keys ---- */

static bool is_same(const struct keyline *a, const struct keyline *b)
{
	return a->out == b->out && a->line == b->line && strcmp(a->call, b->call) == 0 &&
	       strcmp(a->leg, b->leg) == 0 && addr_equal(&a->local, &b->local);
}

/* Whether a line says again what an earlier one said. */
static bool is_known(const struct key *latest, const struct keyline *line)
{
	for (const struct key *key = latest; key; key = key->earlier)
		if (is_same(&key->line, line) &&
			key->line.crypto.suite == line->crypto.suite &&
			secret_equal(&key->line.crypto.key, &line->crypto.key))
			return true;
	return false;
}

static int add_key(struct wire_media *media, const struct keyline *line)
{
	struct key **latest = &media->latest[addr_port(&line->local)];
	struct key *key;

	if (is_known(*latest, line))
		return 0;
	key = calloc(1, sizeof(*key));
	if (!key)
		return -ENOMEM;
	key->line = *line;
	key->earlier = *latest;
	*latest = key;
	return 0;
}

static int read_keys(struct wire_media *media, struct span keys, const char *call,
	struct err_text *text)
{
	unsigned number = 0, count = 0;
	struct keyline line;
	struct span one;
	int err = 0;

	while (!err && memchr(keys.p, '\n', keys.len) && span_next(&keys, '\n', &one)) {
		number++;
		err = keyline_read(&line, one);
		if (err)
			return err_set(text, err, "line %u is no key of SRTP", number);
		if (!call || strcmp(line.call, call) == 0) {
			err = add_key(media, &line);
			count++;
		}
		sdes_wipe(&line.crypto);
	}
	if (err)
		return err_set(text, err, "out of memory");
	return call && count == 0 ? err_set(text, -ENOENT, "no keys of call %.40s", call)
				  : 0;
}

int wire_media_new(struct wire_media **ret, struct span keys, const char *call,
	struct err_text *text)
{
	struct wire_media *media;
	int err = srtp_library_start(&srtp_engine_nettle, text);

	if (err)
		return err;
	media = calloc(1, sizeof(*media));
	if (!media)
		return err_set(text, -ENOMEM, "out of memory");
	if (!keys.p)
		keys.p = "";
	err = read_keys(media, keys, call, text);
	if (err)
		wire_media_free(media);
	else
		*ret = media;
	return err;
}

void wire_media_free(struct wire_media *media)
{
	if (!media)
		return;
	for (unsigned i = 0; i < PORTS; i++)
		while (media->latest[i]) {
			struct key *key = media->latest[i];

			media->latest[i] = key->earlier;
			srtp_context_free(key->context);
			sdes_wipe(&key->line.crypto);
			free(key);
		}
	free(media);
}

/* ---- contexts ---- */

/* The one that the same line of the same call had before. */
static const struct key *find_before(const struct key *key)
{
	for (const struct key *before = key->earlier; before; before = before->earlier)
		if (before->context && is_same(&before->line, &key->line))
			return before;
	return NULL;
}

static int make_context(struct key *key)
{
	const struct sdes_crypto *crypto = &key->line.crypto;
	struct relay_key made = {.suite = (enum relay_suite)crypto->suite,
		.key = crypto->key,
		.mki_len = crypto->mki_len};
	const struct key *before = find_before(key);
	int err;

	for (unsigned i = 0; i < made.mki_len; i++)
		made.mki[i] = (uint8_t)(crypto->mki >> (8 * (made.mki_len - 1 - i)));
	err = srtp_context_new(&key->context, &made, SRTP_OPEN);
	secret_wipe(&made.key);
	/* at 0, or where the one before was: what opens it is right */
	if (!err && before)
		srtp_context_follow(key->context, before->context, true);
	return err;
}

struct packet {
	const uint8_t *sealed;
	size_t len;
	bool rtcp;
};

/* In ROOM. 0 with its length, or why not. */
static int try_key(struct wire_media *media, struct key *key, const struct packet *packet,
	size_t *ret_len)
{
	uint32_t rocs[SRTP_ROCS_MAX];
	unsigned count;
	int err = key->context ? 0 : make_context(key);

	if (err)
		return err;
	*ret_len = packet->len;
	memcpy(media->room, packet->sealed, packet->len);
	err = srtp_context_open(key->context, packet->rtcp, media->room, ret_len);
	if (err != ERR_AUTH || packet->rtcp)
		return err;
	count = srtp_context_rocs(key->context, packet->sealed, rocs);
	for (unsigned i = 0; i < count && err == ERR_AUTH; i++) {
		*ret_len = packet->len;
		memcpy(media->room, packet->sealed, packet->len);
		err = srtp_context_open_at(key->context, rocs[i], media->room, ret_len);
	}
	return err;
}

/* ---- packets ---- */

static bool may_be_of(const struct key *key, uint64_t us, const struct addr *local,
	bool is_out, bool is_next_port)
{
	struct addr rtp = *local;

	if (is_next_port)
		addr_set_port(&rtp, (uint16_t)(addr_port(local) - 1));
	return key->line.out == is_out && key->line.wall_us <= us + EARLY_US &&
	       addr_equal(&key->line.local, &rtp);
}

struct search {
	uint64_t us;
	struct packet packet;
	unsigned tried;
	bool is_again;
	const struct key *by; /* which one opened it */
	size_t len;
};

/* Keys of LOCAL: what came to it, or left from it. */
static void search_at(struct wire_media *media, struct search *search,
	const struct addr *local, bool is_out, bool is_next_port)
{
	struct key *key =
		media->latest[(uint16_t)(addr_port(local) - (is_next_port ? 1 : 0))];
	int err;

	for (; key && !search->by && search->tried < TRIED_MAX; key = key->earlier) {
		if (!may_be_of(key, search->us, local, is_out, is_next_port))
			continue;
		search->tried++;
		err = try_key(media, key, &search->packet, &search->len);
		search->is_again |= err == ERR_REPLAY;
		if (!err)
			search->by = key;
	}
}

static void search_both(
	struct wire_media *media, struct search *search, const struct wire_frame *frame)
{
	search_at(media, search, &frame->to, false, false);
	search_at(media, search, &frame->from, true, false);
	if (search->packet.rtcp) {
		search_at(media, search, &frame->to, false, true);
		search_at(media, search, &frame->from, true, true);
	}
}

/* RFC 5761 4: by its type. */
static bool read_packet(
	struct packet *ret, const struct wire_frame *frame, const uint8_t *data)
{
	ret->sealed = data + frame->payload;
	ret->len = frame->payload_len;
	ret->rtcp =
		ret->len >= RTCP_LEN && ret->sealed[1] >= 192 && ret->sealed[1] <= 223;
	return ret->len >= (ret->rtcp ? RTCP_LEN : RTP_LEN) && ret->len <= PACKET_MAX &&
	       ret->sealed[0] >> 6 == VERSION;
}

enum wire_media_found wire_media_open(struct wire_media *media, uint64_t us,
	const struct wire_frame *frame, uint8_t *data, size_t *ret_len,
	char note[static WIRE_MEDIA_NOTE_SIZE])
{
	struct search search = {.us = us};
	const struct keyline *line;

	if (!read_packet(&search.packet, frame, data))
		return WIRE_MEDIA_NONE;
	search_both(media, &search, frame);
	if (!search.by)
		return search.is_again    ? WIRE_MEDIA_AGAIN
		       : search.tried > 0 ? WIRE_MEDIA_CLOSED
					  : WIRE_MEDIA_NONE;
	memcpy(data + frame->payload, media->room, search.len);
	*ret_len = search.len;
	line = &search.by->line;
	snprintf(note, WIRE_MEDIA_NOTE_SIZE,
		"it was S%s of call %s, leg %s, line %u, %s; lengths and checksums are "
		"new",
		search.packet.rtcp ? "RTCP" : "RTP", line->call, line->leg, line->line,
		sdes_suite_name(line->crypto.suite));
	return WIRE_MEDIA_OPENED;
}
