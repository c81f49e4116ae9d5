/*
 * A new connection goes on with the first packet that did not leave as a whole, so that none is torn. Those that the kernel
 * had are not sent again: the collector may have them.
 */
#include "hep/sender.h"

#include "base/buf.h"
#include "base/log.h"
#include "hep/pending.h"
#include "tls/channel.h"
#include "tls/explain.h"

#include <errno.h>
#include <inttypes.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

/* Until a connection is made, its handshake included. */
#define OPENING_MS 5000
/* How long it rests before the next try: doubled each time, up to the second. */
#define REST_MIN_MS 1000
#define REST_MAX_MS 30000
/* An end of a connection that stood so long is news; by UDP, silence of refusals for so long is one too. */
#define STEADY_MS 10000
/* How often it is looked at the clock for the end of a certificate. */
#define UNTIL_MAX_S 3600
/* What leaves in one turn, so that calls have theirs. */
#define TURN_BYTES ((size_t)256 * 1024)
#define TURN_PACKETS 64
/* What a TLS record holds (RFC 8446 5.1). */
#define RECORD_BYTES ((size_t)16 * 1024)
#define LOST_MS 1000
/* A far end that does not acknowledge anything for so long has vanished. */
#define UNACKNOWLEDGED_MS 20000

enum phase {
	PHASE_NOWHERE,
	PHASE_RESTING,
	PHASE_ASKING, /* for its address */
	PHASE_CONNECTING,
	PHASE_SHAKING,
	PHASE_OPEN,
};

struct sender {
	struct loop *loop;
	struct resolver *resolver;
	struct sender_target target;
	enum phase phase;
	struct resolve *question; /* while PHASE_ASKING, unless it was answered at once */
	struct addr addrs[RESOLVE_MAX];
	unsigned addr_count, addr_next;
	int fd; /* -1: none */
	struct loop_fd watch;
	struct channel *channel;
	struct loop_task flush;
	struct timer timer;     /* of the phase */
	struct timer told_lost; /* runs while there is loss to be told */
	uint64_t rest_ms;
	uint64_t opened_ms;
	bool refused;       /* UDP: packets are, as it was seen last */
	bool refused_again; /* since it was looked at last */
	bool doubted;       /* the new socket may be refused as the one before was */
	uint64_t sent_before;

	struct pending pending;
	uint64_t sent, lost, lost_told;
	char why[200]; /* and was said; "": it is open */
};

static struct timers *timers_of(const struct sender *sender)
{
	return loop_timers(sender->loop);
}

static uint64_t now_ms(const struct sender *sender)
{
	return timers_now_ms(timers_of(sender));
}

static const char *name_of(
	const struct sender *sender, char out[static COLLECTOR_NAME_SIZE])
{
	return collector_name(&sender->target.place, out);
}

/* ---- what is lost ---- */

static void tell_lost(void *arg)
{
	struct sender *sender = arg;
	const uint64_t count = sender->lost - sender->lost_told;

	sender->lost_told = sender->lost;
	if (count > 0)
		log_warning("hep", "event=lost records=%" PRIu64 " total=%" PRIu64, count,
			sender->lost);
}

void sender_lost(struct sender *sender, uint64_t count)
{
	sender->lost += count;
	if (count > 0 && !timer_running(&sender->told_lost))
		timer_start(timers_of(sender), &sender->told_lost, LOST_MS, tell_lost,
			sender);
}

static void lose_all(struct sender *sender)
{
	uint64_t count = 0;

	for (; pending_len(&sender->pending) > 0; count++)
		pending_drop(&sender->pending);
	sender_lost(sender, count);
}

/* ---- the end of a connection ---- */

static void begin(struct sender *sender);
static void begin_next(struct sender *sender);

static void close_socket(struct sender *sender)
{
	loop_cancel(&sender->flush);
	resolve_cancel(sender->question);
	sender->question = NULL;
	timer_stop(&sender->timer);
	channel_free(sender->channel);
	sender->channel = NULL;
	if (sender->fd >= 0) {
		loop_unwatch(&sender->watch);
		close(sender->fd);
	}
	sender->fd = -1;
	pending_restart(&sender->pending);
	sender->refused = false;
	sender->refused_again = false;
}

static void rest_over(void *arg)
{
	begin(arg);
}

/* Once for each reason: a collector that is away for a night is one line. */
static void say_why(struct sender *sender, const char *why)
{
	char name[COLLECTOR_NAME_SIZE], text[sizeof(sender->why)];

	snprintf(text, sizeof(text), "%s", why);
	/* it stands in quotes */
	for (char *at = text; *at; at++)
		if (*at == '"')
			*at = '\'';
	if (strcmp(sender->why, text) == 0)
		return;
	memcpy(sender->why, text, sizeof(text));
	log_warning("hep", "event=collector-away collector=%s reason=\"%s\"",
		name_of(sender, name), sender->why);
}

static void rest(struct sender *sender)
{
	sender->phase = PHASE_RESTING;
	timer_start(
		timers_of(sender), &sender->timer, sender->rest_ms, rest_over, sender);
	sender->rest_ms *= 2;
	if (sender->rest_ms > REST_MAX_MS)
		sender->rest_ms = REST_MAX_MS;
}

/* It is not to be had, or no more, for WHY: its next address is tried, or all of them again later. */
static void fail(struct sender *sender, const char *why)
{
	const bool was_open = sender->phase == PHASE_OPEN;

	if (was_open && now_ms(sender) - sender->opened_ms >= STEADY_MS)
		sender->rest_ms = REST_MIN_MS;
	close_socket(sender);
	say_why(sender, why);
	if (!was_open && sender->addr_next < sender->addr_count)
		begin_next(sender);
	else
		rest(sender);
}

static void fail_with(struct sender *sender, int err)
{
	struct buf words;

	if (!sender->channel) {
		fail(sender,
			err == ERR_CLOSED ? "closed by the collector" : err_str(err));
		return;
	}
	buf_init(&words, 0);
	explain_channel(sender->channel, &words);
	if (channel_failure(sender->channel)->fault == CHANNEL_FINE || !buf_str(&words))
		fail(sender,
			err == ERR_CLOSED ? "closed by the collector" : err_str(err));
	else
		fail(sender, words.data);
	buf_free(&words);
}

static void opening_timeout(void *arg)
{
	fail(arg, "no answer in 5 s");
}

/* ---- output ---- */

static bool is_udp(const struct sender *sender)
{
	return sender->target.place.transport == COLLECTOR_UDP;
}

static void look_at_refusals(void *arg);

static void doubt(struct sender *sender)
{
	sender->refused = true;
	sender->sent_before = sender->sent;
	timer_start(
		timers_of(sender), &sender->timer, STEADY_MS, look_at_refusals, sender);
}

/* What was sent since then and not refused was taken, as far as UDP tells. */
static void look_at_refusals(void *arg)
{
	struct sender *sender = arg;
	char name[COLLECTOR_NAME_SIZE];

	if (sender->refused_again) {
		/* its name may lead elsewhere by now */
		close_socket(sender);
		sender->doubted = true;
		begin(sender);
		return;
	}
	if (sender->sent == sender->sent_before) {
		doubt(sender);
		return;
	}
	sender->refused = false;
	sender->why[0] = '\0';
	log_info("hep", "event=collector-open collector=%s", name_of(sender, name));
}

/* UDP: a packet that left before came back as one that nobody wants. */
static void refused(struct sender *sender, int err)
{
	sender_lost(sender, 1);
	say_why(sender, err_str(err));
	if (timer_running(&sender->timer))
		sender->refused_again = true;
	else
		doubt(sender);
}

static ssize_t write_some(struct sender *sender)
{
	const struct span rest = pending_rest(&sender->pending);
	ssize_t done;

	if (sender->channel)
		return channel_write(sender->channel, rest.p,
			rest.len < RECORD_BYTES ? rest.len : RECORD_BYTES);
	done = send(sender->fd, rest.p, rest.len < TURN_BYTES ? rest.len : TURN_BYTES,
		MSG_NOSIGNAL);
	return done < 0 ? -errno : done;
}

/* 0, or negative. */
static int flush_stream(struct sender *sender)
{
	size_t turn = 0;

	while (pending_rest(&sender->pending).len > 0 && turn < TURN_BYTES) {
		const ssize_t done = write_some(sender);

		if (done == -EINTR)
			continue;
		if (done < 0)
			return (int)done;
		turn += (size_t)done;
		sender->sent += pending_written(&sender->pending, (size_t)done);
	}
	return 0;
}

/* 0, or -EAGAIN. What cannot be sent is lost, since what follows may be no better off. */
static int flush_packets(struct sender *sender)
{
	struct mmsghdr messages[TURN_PACKETS];
	struct iovec pieces[TURN_PACKETS];
	const unsigned count =
		pending_gather(&sender->pending, messages, pieces, TURN_PACKETS);
	unsigned done = 0;
	bool stopped = false;

	while (done < count) {
		const int sent =
			sendmmsg(sender->fd, messages + done, count - done, MSG_NOSIGNAL);

		if (sent < 0 && errno == EINTR)
			continue;
		if (sent < 0 && errno == EAGAIN)
			return -EAGAIN;
		/* it did not go on and did not say why: what was refused before is told once */
		if (stopped && sent >= 0)
			refused(sender, -ECONNREFUSED);
		stopped = sent >= 0 && (unsigned)sent < count - done;
		if (sent < 0 && errno == ECONNREFUSED) {
			refused(sender, -ECONNREFUSED);
			continue;
		}
		if (sent < 0) {
			refused(sender, -errno);
			pending_drop(&sender->pending);
			done++;
			continue;
		}
		for (int i = 0; i < sent; i++)
			pending_drop(&sender->pending);
		done += (unsigned)sent;
		sender->sent += (unsigned)sent;
	}
	return 0;
}

/* Level-triggered: as long as something waits the next turn goes on with it. */
static void watch_output(struct sender *sender, int err)
{
	uint32_t events = EPOLLIN;

	if (err == -EAGAIN && sender->channel)
		events = channel_wants_write(sender->channel) ? EPOLLIN | EPOLLOUT
							      : EPOLLIN;
	else if (pending_len(&sender->pending) > 0)
		events = EPOLLIN | EPOLLOUT;
	if (sender->watch.events != events && loop_rewatch(&sender->watch, events) < 0)
		fail(sender, "its socket cannot be watched");
}

static void flush_h(void *arg)
{
	struct sender *sender = arg;
	const int err = is_udp(sender) ? flush_packets(sender) : flush_stream(sender);

	if (err < 0 && err != -EAGAIN) {
		fail_with(sender, err);
		return;
	}
	watch_output(sender, err);
}

void sender_add(struct sender *sender, const uint8_t *packet, size_t len)
{
	if (sender->phase == PHASE_NOWHERE)
		return;
	if (!pending_add(&sender->pending, packet, len, sender->target.queue_bytes)) {
		sender_lost(sender, 1);
		return;
	}
	if (sender->phase == PHASE_OPEN)
		loop_defer(sender->loop, &sender->flush, flush_h, sender);
}

/* ---- input ---- */

/* A collector says nothing that we need, but its end shows so. */
static void receive(struct sender *sender)
{
	char ignored[4096];
	ssize_t len;

	do {
		len = sender->channel
			      ? channel_read(sender->channel, ignored, sizeof(ignored))
			      : recv(sender->fd, ignored, sizeof(ignored), 0);
		if (len < 0 && !sender->channel)
			len = -errno;
	} while (len > 0 && !is_udp(sender));
	if (len == -EAGAIN || len == -EINTR || (len >= 0 && is_udp(sender)))
		return;
	if (is_udp(sender))
		refused(sender, (int)len);
	else
		fail_with(sender, len == 0 ? ERR_CLOSED : (int)len);
}

/* ---- opening ---- */

static void until_over(void *arg);

/* Whoever is there was judged until some day. */
static void wait_for_until(struct sender *sender)
{
	const time_t until = channel_verdict(sender->channel)->until;
	const int64_t now_s =
		(int64_t)(loop_clock(sender->loop)->wall_us(loop_clock(sender->loop)) /
			  1000000);
	int64_t left_s = (int64_t)until - now_s;

	if (!until)
		return;
	if (left_s < 0) {
		fail(sender, "a certificate, or what it is judged by, has run out");
		return;
	}
	if (left_s > UNTIL_MAX_S)
		left_s = UNTIL_MAX_S;
	timer_start(timers_of(sender), &sender->timer, (uint64_t)left_s * 1000 + 1000,
		until_over, sender);
}

static void until_over(void *arg)
{
	wait_for_until(arg);
}

static void opened(struct sender *sender)
{
	const struct addr *remote = &sender->addrs[sender->addr_next - 1];
	const bool tls = sender->channel != NULL;
	char name[COLLECTOR_NAME_SIZE], text[ADDR_TEXT_SIZE];

	timer_stop(&sender->timer);
	sender->phase = PHASE_OPEN;
	sender->opened_ms = now_ms(sender);
	if (sender->doubted) {
		sender->doubted = false;
		doubt(sender);
		flush_h(sender);
		return;
	}
	sender->why[0] = '\0';
	log_info("hep", "event=collector-open collector=%s remote=%s%s%s%s%s",
		name_of(sender, name), addr_text(remote, text), tls ? " version=" : "",
		tls ? channel_version(sender->channel) : "", tls ? " cipher=" : "",
		tls ? channel_cipher(sender->channel) : "");
	if (tls)
		wait_for_until(sender);
	if (sender->phase == PHASE_OPEN)
		flush_h(sender);
}

static void shake(struct sender *sender)
{
	const int err = channel_handshake(sender->channel);
	uint32_t events = EPOLLIN;

	if (err == 0) {
		opened(sender);
		return;
	}
	if (err != -EAGAIN) {
		fail_with(sender, err);
		return;
	}
	if (channel_wants_write(sender->channel))
		events = EPOLLOUT;
	if (loop_rewatch(&sender->watch, events) < 0)
		fail(sender, "its socket cannot be watched");
}

static void connected(struct sender *sender)
{
	const struct channel_params params = {.fd = sender->fd,
		.cred = sender->target.cred,
		.peer = sender->target.peer,
		.host = sender->target.place.host};
	struct err_text text = {{0}};
	int err = 0;
	socklen_t len = sizeof(err);

	if (getsockopt(sender->fd, SOL_SOCKET, SO_ERROR, &err, &len) < 0)
		err = errno;
	if (err) {
		fail(sender, err_str(-err));
	} else if (sender->target.place.transport != COLLECTOR_TLS) {
		opened(sender);
	} else if (channel_new(&sender->channel, &params, &text) != 0) {
		fail(sender, text.text);
	} else {
		sender->phase = PHASE_SHAKING;
		shake(sender);
	}
}

static void event_h(void *arg, uint32_t events)
{
	struct sender *sender = arg;

	if (sender->phase == PHASE_CONNECTING) {
		connected(sender);
		return;
	}
	if (sender->phase == PHASE_SHAKING) {
		shake(sender);
		return;
	}
	if (events & ~(uint32_t)EPOLLOUT)
		receive(sender);
	if (sender->phase == PHASE_OPEN && pending_len(&sender->pending) > 0)
		flush_h(sender);
}

static int open_socket(struct sender *sender, const struct addr *remote)
{
	const int type = is_udp(sender) ? SOCK_DGRAM : SOCK_STREAM, on = 1;
	const unsigned patience_ms = UNACKNOWLEDGED_MS;
	int fd = socket(remote->sa.sa_family, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	int err;

	if (fd < 0)
		return -errno;
	sender->fd = fd;
	if (!is_udp(sender)) {
		/* none of them is needed */
		(void)setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof(on));
		(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
		(void)setsockopt(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &patience_ms,
			sizeof(patience_ms));
	}
	err = loop_watch(sender->loop, &sender->watch, fd, EPOLLOUT, event_h, sender);
	if (!err && connect(fd, &remote->sa, remote->len) < 0 && errno != EINPROGRESS)
		err = -errno;
	return err;
}

/* The next address is tried. */
static void begin_next(struct sender *sender)
{
	const struct addr *remote = &sender->addrs[sender->addr_next++];
	int err = open_socket(sender, remote);

	sender->phase = PHASE_CONNECTING;
	if (err) {
		fail(sender, err_str(err));
		return;
	}
	timer_start(
		timers_of(sender), &sender->timer, OPENING_MS, opening_timeout, sender);
}

static void answered_h(void *arg, const struct resolve_answer *answer)
{
	struct sender *sender = arg;

	sender->question = NULL;
	if (answer->err || answer->count == 0) {
		fail(sender, answer->why[0] ? answer->why : "no address");
		return;
	}
	memcpy(sender->addrs, answer->addrs, answer->count * sizeof(answer->addrs[0]));
	sender->addr_count = answer->count;
	begin_next(sender);
}

static void begin(struct sender *sender)
{
	static const enum transport_kind kinds[] = {
		[COLLECTOR_UDP] = TRANSPORT_UDP,
		[COLLECTOR_TCP] = TRANSPORT_TCP,
		[COLLECTOR_TLS] = TRANSPORT_TLS,
	};
	const struct resolve_question question = {.host = sender->target.place.host,
		.port = sender->target.place.port,
		.kind = kinds[sender->target.place.transport],
		.h = answered_h,
		.arg = sender};
	struct resolve *asked = NULL;
	int err;

	sender->phase = PHASE_ASKING;
	sender->addr_count = sender->addr_next = 0;
	err = resolver_ask(sender->resolver, &question, &asked);
	if (asked)
		sender->question = asked;
	if (err)
		fail(sender, err_str(err));
}

/* ---- life ---- */

int sender_new(struct sender **ret, const struct sender_params *params)
{
	struct sender *sender = calloc(1, sizeof(*sender));

	if (!sender)
		return -ENOMEM;
	sender->loop = params->loop;
	sender->resolver = params->resolver;
	sender->fd = -1;
	pending_init(&sender->pending);
	*ret = sender;
	return 0;
}

static void let_target_go(struct sender *sender)
{
	if (sender->target.peer)
		peer_set_unref(sender->target.peer->set);
	cred_unref(sender->target.cred);
	sender->target = (struct sender_target){.queue_bytes = 0};
}

void sender_use(struct sender *sender, const struct sender_target *target)
{
	close_socket(sender);
	let_target_go(sender);
	sender->phase = PHASE_NOWHERE;
	sender->doubted = false;
	sender->why[0] = '\0';
	if (!target) {
		lose_all(sender);
		return;
	}
	sender->target = *target;
	if (target->peer)
		peer_set_ref(target->peer->set);
	if (target->cred)
		cred_ref(target->cred);
	sender->rest_ms = REST_MIN_MS;
	begin(sender);
}

void sender_free(struct sender *sender)
{
	if (!sender)
		return;
	if (sender->phase == PHASE_OPEN) {
		(void)(is_udp(sender) ? flush_packets(sender) : flush_stream(sender));
		if (sender->channel)
			channel_close(sender->channel);
	}
	close_socket(sender);
	tell_lost(sender);
	timer_stop(&sender->told_lost);
	let_target_go(sender);
	pending_free(&sender->pending);
	free(sender);
}

void sender_state(const struct sender *sender, struct sender_state *ret)
{
	*ret = (struct sender_state){
		.open = sender->phase == PHASE_OPEN && !sender->refused,
		.sent = sender->sent,
		.lost = sender->lost,
		.waiting_bytes = pending_len(&sender->pending),
		.why = sender->why};
}
