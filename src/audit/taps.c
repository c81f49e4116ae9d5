#include "audit/taps.h"

#include "audit/mask.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* RFC 4733 2.3: a packet has one, or some. What is longer is cut. */
#define EVENT_SIZE 4
#define EVENT_LEAST 12 /* of RTP */
#define EVENTS_MAX 256
#define EVENT_HIDDEN 0xff

struct taps {
	struct tap tap;
	struct taps_listener *listeners[TAPS_MAX]; /* RO once there is traffic */
	unsigned count;
	atomic_bool mask_digits;       /* atomic */
	char masked[TAPS_MESSAGE_MAX]; /* loop thread */
};

static unsigned wants_of(const struct taps_listener *listener)
{
	return atomic_load_explicit(&listener->wants, memory_order_relaxed);
}

static void party_h(void *arg, const struct tap_party *party)
{
	struct taps *taps = arg;
	const unsigned wanted = TAPS_ALL | (party->captured ? TAPS_CAPTURED : 0);

	for (unsigned i = 0; i < taps->count; i++) {
		const struct taps_listener *listener = taps->listeners[i];

		if (listener->tap.party_h && wants_of(listener) & wanted)
			listener->tap.party_h(listener->tap.arg, party);
	}
}

/* Which calls are captured is known to who captures them. */
static bool takes(const struct taps_listener *listener, const struct tap_message *message)
{
	return wants_of(listener) & (TAPS_CAPTURED | TAPS_ALL) &&
	       (!listener->wants_h || listener->wants_h(listener->tap.arg, message));
}

static void message_h(void *arg, const struct tap_message *message)
{
	struct taps *taps = arg;
	struct tap_message masked;
	bool is_masked = false;

	for (unsigned i = 0; i < taps->count; i++) {
		const struct taps_listener *listener = taps->listeners[i];

		if (!takes(listener, message))
			continue;
		if (!is_masked) {
			masked = *message;
			masked.data = taps->masked;
			if (masked.len > sizeof(taps->masked))
				masked.len = sizeof(taps->masked);
			if (masked.len > 0)
				memcpy(taps->masked, message->data, masked.len);
			mask_keys(taps->masked, masked.len);
			if (atomic_load(&taps->mask_digits))
				mask_digits(taps->masked, masked.len);
			is_masked = true;
		}
		listener->tap.message_h(listener->tap.arg, &masked);
	}
}

/* Fixed head, contributing sources, extension (RFC 3550 5.1, 5.3.1). */
static size_t payload_at(const uint8_t *data, size_t len)
{
	size_t at = EVENT_LEAST + (data[0] & 15U) * 4;

	if (data[0] & 0x10 && len >= at + 4)
		at += 4 + 4 * ((size_t)data[at + 2] << 8 | data[at + 3]);
	return at;
}

/* An event, volume and duration each (RFC 4733 2.3): which it was is overwritten, that there was one stays. */
static void hide_events(uint8_t *data, size_t len)
{
	for (size_t at = payload_at(data, len); at < len; at += EVENT_SIZE)
		data[at] = EVENT_HIDDEN;
}

static void tell_packet(const struct taps *taps, const struct tap_packet *packet)
{
	const unsigned wanted =
		(packet->captured ? TAPS_MEDIA : 0) | (packet->rtcp ? TAPS_RTCP : 0);

	for (unsigned i = 0; i < taps->count; i++) {
		const struct taps_listener *listener = taps->listeners[i];

		if (wants_of(listener) & wanted)
			listener->tap.packet_h(listener->tap.arg, packet);
	}
}

static void packet_h(void *arg, const struct tap_packet *packet)
{
	const struct taps *taps = arg;
	struct tap_packet hidden;
	uint8_t data[EVENTS_MAX];

	if (!packet->event || !atomic_load(&taps->mask_digits) ||
		packet->len < EVENT_LEAST) {
		tell_packet(taps, packet);
		return;
	}
	hidden = *packet;
	hidden.len = packet->len < EVENTS_MAX ? packet->len : EVENTS_MAX;
	memcpy(data, packet->data, hidden.len);
	hide_events(data, hidden.len);
	hidden.data = data;
	tell_packet(taps, &hidden);
}

int taps_new(struct taps **ret)
{
	struct taps *taps = calloc(1, sizeof(*taps));

	if (!taps)
		return -ENOMEM;
	taps->tap = (struct tap){.party_h = party_h,
		.message_h = message_h,
		.packet_h = packet_h,
		.arg = taps};
	*ret = taps;
	return 0;
}

void taps_free(struct taps *taps)
{
	free(taps);
}

const struct tap *taps_tap(const struct taps *taps)
{
	return &taps->tap;
}

void taps_want(struct taps *taps, struct taps_listener *listener, unsigned wants)
{
	unsigned of_all = 0;

	atomic_store_explicit(&listener->wants, wants, memory_order_relaxed);
	for (unsigned i = 0; i < taps->count; i++)
		of_all |= wants_of(taps->listeners[i]);
	taps->tap.all = of_all & TAPS_ALL;
	atomic_store_explicit(
		&taps->tap.rtcp, (of_all & TAPS_RTCP) != 0, memory_order_relaxed);
}

void taps_mask_digits(struct taps *taps, bool mask)
{
	atomic_store(&taps->mask_digits, mask);
}

void taps_add(struct taps *taps, struct taps_listener *listener, unsigned wants)
{
	assert(taps->count < TAPS_MAX);
	taps->listeners[taps->count++] = listener;
	taps_want(taps, listener, wants);
}
