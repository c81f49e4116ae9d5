#include "hep/hep.h"

#include "audit/cdr.h"
#include "base/hash.h"
#include "base/queue.h"
#include "hep/packet.h"
#include "hep/rtcp_json.h"
#include "media/rtcp.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

/* RTCP that waits for the loop, of one worker: a second of it of thousands of calls. */
#define QUEUE_BYTES ((size_t)256 * 1024)
/* RTCP that is taken in one turn. */
#define TURN_PACKETS 256
/* A call's last messages follow its record so long (Timer H and its like, RFC 3261 17). */
#define LINGER_MS 32000

/* A call of which anything was told. */
struct hep_call {
	struct hash_node node;
	struct list ended; /* in hep.ended once it ended, oldest first */
	uint64_t number;
	int64_t offset_us; /* of the wall clock from the monotonic one, when it began */
	uint64_t ended_ms;
	bool captured;
	bool first_sent;
	char id[];
};

/* What a worker's queue carries; the packet follows. */
struct rtcp_item {
	uint64_t call;
	uint64_t mono_us;
	struct addr source, destination;
};

/* One worker's. */
struct rtcp_source {
	struct hep *hep;
	struct queue *queue;
	struct loop_fd watch;
	uint64_t refused; /* loop thread: as was last counted */
};

struct hep {
	struct loop *loop;
	struct taps *taps;
	struct taps_listener listener;
	struct sender *sender;
	struct hep_settings *settings; /* owned; NULL: nothing is exported */
	struct hash calls;
	struct list ended;
	struct timer linger;
	struct rtcp_source *sources; /* RO after start, but for what is the loop's */
	unsigned source_count;
	uint64_t cut;
	struct buf text;
	uint8_t packet[HEP_PACKET_MAX];
};

/* ---- calls ---- */

static struct hep_call *call_find(const struct hep *hep, uint64_t number)
{
	struct hash_node *node = hash_find(&hep->calls, number);

	for (; node; node = hash_find_next(node)) {
		struct hep_call *call = HASH_ENTRY(node, struct hep_call, node);

		if (call->number == number)
			return call;
	}
	return NULL;
}

static int64_t clock_offset_us(const struct hep *hep)
{
	struct clock *clock = loop_clock(hep->loop);

	return (int64_t)(clock->wall_us(clock) - clock->mono_us(clock));
}

/* NULL: out of memory. */
static struct hep_call *call_add(struct hep *hep, uint64_t number, const char *id)
{
	const size_t size = strlen(id) + 1;
	struct hep_call *call = calloc(1, sizeof(*call) + size);

	if (!call)
		return NULL;
	call->number = number;
	call->offset_us = clock_offset_us(hep);
	memcpy(call->id, id, size);
	list_init(&call->ended);
	hash_add(&hep->calls, &call->node, number);
	return call;
}

static void call_free(struct hep *hep, struct hep_call *call)
{
	list_remove(&call->ended);
	hash_remove(&hep->calls, &call->node);
	free(call);
}

static uint64_t now_ms(const struct hep *hep)
{
	return timers_now_ms(loop_timers(hep->loop));
}

static void linger_over(void *arg)
{
	struct hep *hep = arg;
	const uint64_t now = now_ms(hep);

	LIST_FOREACH (&hep->ended, node, next) {
		struct hep_call *call = LIST_ENTRY(node, struct hep_call, ended);

		if (now - call->ended_ms < LINGER_MS) {
			timer_start(loop_timers(hep->loop), &hep->linger,
				LINGER_MS - (now - call->ended_ms), linger_over, hep);
			return;
		}
		call_free(hep, call);
	}
}

static void call_end(struct hep *hep, struct hep_call *call)
{
	if (!list_empty(&call->ended))
		return;
	call->ended_ms = now_ms(hep);
	list_append(&hep->ended, &call->ended);
	if (!timer_running(&hep->linger))
		timer_start(loop_timers(hep->loop), &hep->linger, LINGER_MS, linger_over,
			hep);
}

/* Whether CALL, which may be NULL, is one of those that are exported. */
static bool is_wanted(const struct hep *hep, const struct hep_call *call)
{
	return call && hep->settings &&
	       (hep->settings->calls == CONFIG_HEP_ALL || call->captured);
}

/* ---- what is sent ---- */

/* PACKET, but for what is the same in all. */
static void export(struct hep *hep, struct hep_packet *packet)
{
	const struct hep_settings *settings = hep->settings;
	bool cut;
	size_t len;

	packet->capture_id = settings->capture_id;
	packet->key = buf_span(&settings->key);
	packet->node = span_of(settings->node);
	len = hep_packet_write(hep->packet, packet, &cut);
	hep->cut += cut;
	sender_add(hep->sender, hep->packet, len);
}

/* ---- taps: the loop's ---- */

static void party_h(void *arg, const struct tap_party *party)
{
	struct hep *hep = arg;
	struct hep_call *call = call_find(hep, party->call);

	if (!call)
		call = call_add(hep, party->call, party->id);
	if (call)
		call->captured = party->captured;
	else
		sender_lost(hep->sender, 1);
}

static bool wants_message(void *arg, const struct tap_message *message)
{
	const struct hep *hep = arg;
	const struct hep_call *call =
		message->call ? call_find(hep, message->call) : NULL;

	return is_wanted(hep, call) && !(message->first && call->first_sent);
}

static void message_h(void *arg, const struct tap_message *message)
{
	struct hep *hep = arg;
	struct hep_call *call = call_find(hep, message->call);
	struct hep_packet packet = {.type = HEP_SIP,
		.protocol = message->transport == TAP_UDP ? IPPROTO_UDP : IPPROTO_TCP,
		.source = message->source,
		.destination = message->destination,
		.payload = {message->data, message->len}};

	if (!call)
		return;
	call->first_sent |= message->first;
	packet.wall_us = (uint64_t)((int64_t)message->mono_us + call->offset_us);
	packet.correlation = span_of(call->id);
	export(hep, &packet);
}

/* ---- taps: the workers' ---- */

static void packet_h(void *arg, const struct tap_packet *packet)
{
	struct hep *hep = arg;
	const struct rtcp_item item = {.call = packet->call,
		.mono_us = packet->mono_us,
		.source = packet->source,
		.destination = packet->destination};

	/* as received from both ends: what is sent on says the same again */
	if (packet->rtcp && !packet->sent && packet->worker < hep->source_count)
		(void)queue_push(hep->sources[packet->worker].queue, &item, sizeof(item),
			packet->data, packet->len);
}

static void export_rtcp(struct hep *hep, const struct rtcp_item *item, size_t len)
{
	const uint8_t *data = (const uint8_t *)(item + 1);
	const struct hep_call *call = call_find(hep, item->call);
	struct hep_packet packet = {.type = HEP_RTCP,
		.protocol = IPPROTO_UDP,
		.source = item->source,
		.destination = item->destination};

	len -= sizeof(*item);
	buf_clear(&hep->text);
	if (!is_wanted(hep, call) || !rtcp_is_valid(data, len) ||
		!rtcp_json(data, len, &hep->text))
		return;
	if (hep->text.err) {
		sender_lost(hep->sender, 1);
		return;
	}
	packet.wall_us = (uint64_t)((int64_t)item->mono_us + call->offset_us);
	packet.correlation = span_of(call->id);
	packet.payload = buf_span(&hep->text);
	export(hep, &packet);
}

static void source_h(void *arg, uint32_t events)
{
	struct rtcp_source *source = arg;
	const uint64_t one = 1;
	const struct rtcp_item *item;
	uint64_t refused;
	size_t len;

	(void)events;
	queue_clear_fd(source->queue);
	for (unsigned i = 0; (item = queue_peek(source->queue, &len)); i++) {
		if (i == TURN_PACKETS) {
			/* who is awake is not woken: the next turn goes on */
			(void)!write(queue_fd(source->queue), &one, sizeof(one));
			break;
		}
		export_rtcp(source->hep, item, len);
		queue_pop(source->queue);
	}
	refused = queue_dropped(source->queue);
	sender_lost(source->hep->sender, refused - source->refused);
	source->refused = refused;
}

/* ---- the end of a call ---- */

void hep_call_end(struct hep *hep, const struct record *record)
{
	struct hep_call *call = call_find(hep, record->call);
	const char *transport = record->legs[0].transport;
	struct hep_packet packet = {.type = HEP_LOG,
		.protocol = strcmp(transport, "UDP") == 0 ? IPPROTO_UDP : IPPROTO_TCP,
		.source = record->legs[0].remote,
		.destination = record->legs[1].remote,
		.wall_us = record->start_wall_us + record->end_us,
		.correlation = span_of(record->id)};

	if (call)
		call_end(hep, call);
	if (!is_wanted(hep, call))
		return;
	buf_clear(&hep->text);
	cdr_format(record, &hep->text);
	if (hep->text.err) {
		sender_lost(hep->sender, 1);
		return;
	}
	packet.payload = buf_span(&hep->text);
	export(hep, &packet);
}

/* ---- life ---- */

static int sources_new(struct hep *hep, unsigned workers)
{
	int err = 0;

	hep->sources = calloc(workers ? workers : 1, sizeof(*hep->sources));
	if (!hep->sources)
		return -ENOMEM;
	for (unsigned i = 0; !err && i < workers; i++) {
		struct rtcp_source *source = &hep->sources[i];

		source->hep = hep;
		err = queue_new(&source->queue, QUEUE_BYTES);
		if (!err)
			err = loop_watch(hep->loop, &source->watch,
				queue_fd(source->queue), EPOLLIN, source_h, source);
		hep->source_count += source->queue != NULL;
	}
	return err;
}

int hep_new(struct hep **ret, const struct hep_params *params)
{
	const struct sender_params sender = {
		.loop = params->loop, .resolver = params->resolver};
	struct hep *hep = calloc(1, sizeof(*hep));
	int err;

	if (!hep)
		return -ENOMEM;
	hep->loop = params->loop;
	hep->taps = params->taps;
	hep->listener = (struct taps_listener){.tap = {.party_h = party_h,
						       .message_h = message_h,
						       .packet_h = packet_h,
						       .arg = hep},
		.wants_h = wants_message};
	list_init(&hep->ended);
	buf_init(&hep->text, 0);
	err = hash_init(&hep->calls);
	if (!err)
		err = sender_new(&hep->sender, &sender);
	if (!err)
		err = sources_new(hep, params->workers);
	if (err) {
		hep_free(hep);
		return err;
	}
	taps_add(hep->taps, &hep->listener, 0);
	*ret = hep;
	return 0;
}

static void free_call(void *arg, struct hash_node *node)
{
	call_free(arg, HASH_ENTRY(node, struct hep_call, node));
}

static void forget_calls(struct hep *hep)
{
	timer_stop(&hep->linger);
	if (hep->calls.slots)
		hash_each(&hep->calls, free_call, hep);
}

void hep_free(struct hep *hep)
{
	if (!hep)
		return;
	for (unsigned i = 0; i < hep->source_count; i++) {
		loop_unwatch(&hep->sources[i].watch);
		queue_free(hep->sources[i].queue);
	}
	free(hep->sources);
	sender_free(hep->sender);
	forget_calls(hep);
	hash_free(&hep->calls);
	hep_settings_free(hep->settings);
	buf_free(&hep->text);
	free(hep);
}

bool hep_use(struct hep *hep, struct hep_settings *settings)
{
	struct hep_settings *before = hep->settings;

	hep->settings = settings;
	if (!settings || !before || !hep_settings_same_way(before, settings))
		sender_use(hep->sender, settings ? &settings->target : NULL);
	if (!settings)
		forget_calls(hep);
	taps_want(hep->taps, &hep->listener, settings ? TAPS_ALL | TAPS_RTCP : 0);
	hep_settings_free(before);
	return settings && !before;
}

const struct hep_settings *hep_in_use(const struct hep *hep)
{
	return hep->settings;
}

void hep_state(const struct hep *hep, struct hep_state *ret)
{
	ret->cut = hep->cut;
	sender_state(hep->sender, &ret->sender);
}
