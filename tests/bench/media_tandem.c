/* The process that runs Tandem's relay. Its loop takes turns as signalling's does. */
#include "media_server.h"

#include "audit/writer.h"

#include <errno.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

/* Below the kernel's own; 11,384 pairs at each end. */
#define PORT_MIN 10000
#define PORT_MAX 32767
#define QUARANTINE_MS 500
/* Longer than any pause between slices. */
#define TIMEOUT_MS 600000
#define PACE_US 10000

struct tandem {
	const struct media_params *params;
	struct relay_params relay_params;
	const struct addr *local; /* by enum relay_end */
	struct relay *relay;
	struct writer *writer; /* NULL: no capture */
	struct loop_task task;
	/* What the turn is about. */
	struct relay_session **session;
	struct media_call *call;
	unsigned number;
};

/* Somebody's public key; nobody reads these. */
#define RECIPIENT "age1w3tyke4gev25vaxxsvcgqu4484rf6ejpmavs57p6yz6lhy2sfs5swrvwyn"

static struct style *capture_style(enum media_capture capture)
{
	struct age_recipients *recipients = NULL;
	struct err_text text;
	struct style *style;

	if (capture == MEDIA_CAPTURE_ENCRYPTED)
		media_check(age_recipients_read(&recipients, span_of(RECIPIENT), &text),
			"recipient");
	style = style_new(CONFIG_CAPTURE_PCAPNG, recipients, "bench");
	if (style)
		style->media_both = capture != MEDIA_CAPTURE_RECEIVED;
	age_recipients_unref(recipients);
	return style;
}

/* In a folder of its own: servers that share one take its files for removed, and begin them again and again. */
static int start_capture(struct tandem *t, struct err_text *text)
{
	struct style *style = capture_style(t->params->capture);
	char folder[4096];
	const struct writer_params params = {
		.state_dir = folder, .style = style, .workers = 1};
	int err;

	snprintf(folder, sizeof(folder), "%s/%d", t->params->folder,
		(int)t->params->capture);
	if (mkdir(folder, 0700) < 0)
		err = err_set(text, -errno, "%s: %s", folder, strerror(errno));
	else if (!style)
		err = -ENOMEM;
	else if (!media_pin(t->params->audit_core))
		err = err_set(
			text, -EINVAL, "core %u cannot be used", t->params->audit_core);
	else
		err = writer_new(&t->writer, &params, text);
	style_unref(style);
	/* the audit thread stays there */
	media_check(media_pin(t->params->core) ? 0 : -EINVAL, "core");
	if (!err)
		t->relay_params.tap = &writer_listener(t->writer)->tap;
	return err;
}

static int start(struct tandem *t, const struct addr local[2], struct err_text *text)
{
	int err = loop_new(&t->relay_params.loop, clock_real());

	if (err != 0)
		return err_set(text, err, "loop: %s", err_str(err));
	if (t->params->capture != MEDIA_NO_CAPTURE) {
		err = start_capture(t, text);
		if (err != 0)
			return err;
	}
	t->relay_params.io = t->params->io;
	t->relay_params.workers = 1;
	t->relay_params.tick_us = t->params->tick_us;
	t->local = local;
	t->relay_params.addresses = local;
	t->relay_params.address_count = 2;
	t->relay_params.port_min = PORT_MIN;
	t->relay_params.port_max = PORT_MAX;
	t->relay_params.quarantine_ms = QUARANTINE_MS;
	return relay_new(&t->relay, &t->relay_params, text);
}

static void set(struct tandem *t, enum relay_end end)
{
	const struct media_call *call = t->call;
	const struct relay_key plain = {.suite = RELAY_PLAIN};
	bool inside = end == RELAY_A;
	const struct relay_remote remote = {
		.rtp = call->peer[end][0],
		.rtcp = call->peer[end][1],
		.send = true,
		.receive = true,
		.rx = inside ? media_take(&call->to) : plain,
		.tx = inside ? media_take(&call->from) : plain,
	};

	media_check(relay_stream_set(*t->session, 0, end, &remote), "stream");
}

/* Calls begin and end at some pace: the queues of the worker and of the audit thread are bounded, and sockets
 * are closed later. */
static void pace(unsigned number)
{
	if (number % MEDIA_CHURN_LIVE == 0)
		usleep(PACE_US);
}

/*
 * An encrypted capture is written by chunks (capture.h). Calls that all begin at once would fill theirs at once, as calls never
 * do: so each has a part of its first one from the start.
 */
static void begin_chunk(const struct tandem *t, uint64_t call)
{
	static const char text[AGE_CHUNK - 4096];
	const struct tap *tap = t->relay_params.tap;
	const struct tap_message message = {.call = call,
		.mono_us = clock_real()->mono_us(clock_real()),
		.source = t->local[RELAY_A],
		.destination = t->local[RELAY_B],
		.version = "",
		.cipher = "",
		.peer_names = "",
		.data = text,
		.len = t->number * 7919 % sizeof(text)};

	pace(t->number);
	tap->message_h(tap->arg, &message);
}

/* A call's three turns: INVITE, 200, BYE. */

static void on_invite(void *arg)
{
	struct tandem *t = arg;
	struct media_call *call = t->call;
	const bool full = t->params->capture >= MEDIA_CAPTURE_RECEIVED;
	const struct relay_open open = {.call = t->number + 1,
		.timeout_ms = TIMEOUT_MS,
		.tap = full,
		.address = {t->local[RELAY_A], t->local[RELAY_B]}};
	struct relay_key to, from;
	char id[32];

	snprintf(id, sizeof(id), "bench-%u", t->number);
	if (t->writer)
		writer_call_begin(t->writer, open.call, id);
	if (t->params->capture == MEDIA_CAPTURE_ENCRYPTED)
		begin_chunk(t, open.call);
	media_check(relay_open(t->relay, t->session, &open), "session");
	media_check(relay_stream_add(*t->session, 0), "stream");
	to = media_key(t->params->suite, 2 * t->number);
	from = media_key(t->params->suite, 2 * t->number + 1);
	call->to = media_pass(&to);
	call->from = media_pass(&from);
	set(t, RELAY_A);
	for (unsigned end = 0; end < 2; end++) {
		struct addr *local = call->local[end];

		relay_stream_local(*t->session, 0, (enum relay_end)end, &local[0]);
		local[1] = local[0];
		addr_set_port(&local[1], (uint16_t)(addr_port(&local[0]) + 1));
	}
}

static void on_answer(void *arg)
{
	set(arg, RELAY_B);
}

static void on_bye(void *arg)
{
	struct tandem *t = arg;

	relay_close(*t->session);
	*t->session = NULL;
}

static void turn(struct tandem *t, void (*h)(void *arg))
{
	loop_defer(t->relay_params.loop, &t->task, h, t);
	media_check(loop_turn(t->relay_params.loop, 0), "loop");
}

static void begin(struct tandem *t, struct relay_session **session,
	struct media_call *call, unsigned number)
{
	t->session = session;
	t->call = call;
	t->number = number;
	turn(t, on_invite);
	turn(t, on_answer);
}

static void end(struct tandem *t, struct relay_session **session)
{
	t->session = session;
	turn(t, on_bye);
}

static double thread_us(void)
{
	struct timespec used;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &used);
	return (double)used.tv_sec * 1e6 + (double)used.tv_nsec / 1e3;
}

static void churn(struct tandem *t, struct media_call *call, unsigned count)
{
	struct relay_session *live[MEDIA_CHURN_LIVE] = {NULL};

	for (unsigned i = 0; i < count + MEDIA_CHURN_LIVE; i++) {
		struct relay_session **session = &live[i % MEDIA_CHURN_LIVE];

		if (*session)
			end(t, session);
		pace(i);
		if (i < count)
			begin(t, session, call, i);
	}
}

static void tell_captured(const struct tandem *t, int control)
{
	struct media_captured captured;
	struct writer_totals totals;

	writer_totals(t->writer, &totals);
	captured.offered = totals.offered;
	captured.lost = totals.lost;
	media_write(control, &captured, sizeof(captured));
}

static void serve(struct tandem *t, const struct media_request *request, int control)
{
	unsigned count = request->order == MEDIA_OPEN ? request->count : 1;
	struct media_call *calls = calloc(count, sizeof(*calls));
	struct relay_session **sessions = calloc(count, sizeof(struct relay_session *));
	double heap_kb = (double)mallinfo2().uordblks / 1024, loop_us = thread_us();

	if (!calls || !sessions)
		exit(1);
	if (request->order == MEDIA_HEAP) {
		media_write(control, &heap_kb, sizeof(heap_kb));
	} else if (request->order == MEDIA_CAPTURED) {
		tell_captured(t, control);
	} else {
		media_read(control, calls, count * sizeof(*calls));
		for (unsigned i = 0; request->order == MEDIA_OPEN && i < count; i++) {
			pace(i);
			begin(t, &sessions[i], &calls[i], request->first + i);
		}
		if (request->order == MEDIA_CHURN)
			churn(t, calls, request->count);
		loop_us = thread_us() - loop_us;
		media_write(control, calls, count * sizeof(*calls));
		if (request->order == MEDIA_CHURN)
			media_write(control, &loop_us, sizeof(loop_us));
	}
	free(calls);
	free(sessions); /* they live until the process ends */
}

void media_tandem_run(
	const struct media_params *params, const struct addr local[2], int control)
{
	struct tandem t = {.params = params};
	struct media_ready ready = {0};
	struct media_request request;

	ready.err = start(&t, local, &ready.text);
	media_write(control, &ready, sizeof(ready));
	while (read(control, &request, sizeof(request)) == sizeof(request))
		serve(&t, &request, control);
	relay_free(t.relay);
	writer_free(t.writer);
	loop_free(t.relay_params.loop);
}
