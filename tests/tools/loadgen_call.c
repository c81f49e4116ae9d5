#include "loadgen_call.h"

#include "loadgen_text.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define LINKS_MAX 4096
/* Never more of a burst than this, after the generator itself was held up. */
#define BURST_MS 20
#define T1_MS 500
#define T2_MS 4000
#define SUITE "AES_CM_128_HMAC_SHA1_80"
#define KEY "WVNfX19zZW1jdGwgKCkgewkyMjA7fQp9CnVubGVz"

enum call_state { WAITING, INVITED, TALKING, LEAVING, OVER };

struct call {
	struct load *load;
	enum call_state state;
	struct link *link;
	struct timer timer;
	struct timer again; /* UDP: the request goes out once more */
	unsigned again_ms;
	uint64_t invite_sent_us, invite_seen_us;
	uint64_t ring_sent_us, ring_seen_us;
	char *bye; /* composed when the call was answered */
	size_t bye_len;
};

struct load {
	struct load_params params;
	struct timers *timers;
	struct call *calls;
	struct link *links[LINKS_MAX];
	unsigned link_count;
	unsigned next_link;
	unsigned active;
	uint64_t start_us;
	uint64_t last_us; /* when the last call began */
	double debt;      /* calls that will not be caught up */
	struct timer pace;
	struct buf out;
	struct buf sdp;
	char run[20]; /* in every Call-ID: runs do not mix */
	struct load_result result;
};

static uint64_t now_us(const struct load *load)
{
	struct clock *clock = loop_clock(load->params.loop);

	return clock->mono_us(clock);
}

int load_new(struct load **ret, const struct load_params *params)
{
	struct load *load = calloc(1, sizeof(*load));

	if (!load)
		return -1;
	load->params = *params;
	load->timers = loop_timers(params->loop);
	load->calls = calloc(params->count ? params->count : 1, sizeof(struct call));
	if (!load->calls) {
		free(load);
		return -1;
	}
	buf_init(&load->out, 0);
	buf_init(&load->sdp, 0);
	snprintf(load->run, sizeof(load->run), "%x%x", (unsigned)getpid(),
		(unsigned)now_us(load) & 0xffffU);
	*ret = load;
	return 0;
}

void load_free(struct load *load)
{
	if (!load)
		return;
	timer_stop(&load->pace);
	for (unsigned i = 0; i < load->params.count; i++) {
		timer_stop(&load->calls[i].timer);
		timer_stop(&load->calls[i].again);
		free(load->calls[i].bye);
	}
	buf_free(&load->out);
	buf_free(&load->sdp);
	free(load->calls);
	free(load);
}

int load_add_link(struct load *load, struct link *link)
{
	if (load->link_count == LINKS_MAX)
		return -1;
	load->links[load->link_count++] = link;
	return 0;
}

static struct link *next_link(struct load *load)
{
	for (unsigned i = 0; i < load->link_count; i++) {
		struct link *link = load->links[load->next_link++ % load->link_count];

		if (link_is_open(link))
			return link;
	}
	return NULL;
}

/* ---- a call's end ---- */

static void call_over(struct call *call)
{
	struct load *load = call->load;

	timer_stop(&call->timer);
	timer_stop(&call->again);
	free(call->bye);
	call->bye = NULL;
	call->state = OVER;
	load->active--;
	if (load->active == 0 && load->result.begun == load->params.count)
		load->params.done_h(load->params.arg);
}

static void call_failed(struct call *call, int reason)
{
	call->load->result.failed++;
	call->load->result.reasons[reason]++;
	call_over(call);
}

/* ---- the caller ---- */

/*
 * CRYPTO_TAG: of the crypto line, 0 for none. The address is one that no server under test has
 * for media: it would refuse to send to its own ports.
 */
static void write_sdp(struct load *load, unsigned port, unsigned crypto_tag)
{
	buf_clear(&load->sdp);
	buf_printf(&load->sdp,
		"v=0\r\no=- 3871 1 IN IP4 127.0.0.10\r\ns=-\r\nc=IN IP4 127.0.0.10\r\n"
		"t=0 0\r\nm=audio %u RTP/%s 8 0 101\r\na=rtpmap:8 PCMA/8000\r\n"
		"a=rtpmap:0 PCMU/8000\r\na=rtpmap:101 telephone-event/8000\r\n"
		"a=fmtp:101 0-15\r\na=ptime:20\r\n",
		port, crypto_tag ? "SAVP" : "AVP");
	if (crypto_tag)
		buf_printf(&load->sdp, "a=crypto:%u " SUITE " inline:" KEY "\r\n",
			crypto_tag);
	buf_add_str(&load->sdp, "a=sendrecv\r\n");
}

/* The tag of the suite that we speak in an offer; 0 when it is not there. */
static unsigned find_crypto_tag(struct span offer)
{
	const char *suite = memmem(offer.p, offer.len, " " SUITE, sizeof(SUITE));

	if (!suite)
		return 0;
	while (suite > offer.p && suite[-1] >= '0' && suite[-1] <= '9')
		suite--;
	return (unsigned)strtoul(suite, NULL, 10);
}

static void silence_h(void *arg)
{
	call_failed(arg, LOAD_TIMEOUT);
}

static void await_answer(struct call *call)
{
	timer_start(call->load->timers, &call->timer, call->load->params.timeout_ms,
		silence_h, call);
}

static uint32_t index_of(const struct call *call)
{
	return (uint32_t)(call - call->load->calls);
}

/* The first lines of a request of the caller, up to its To. BRANCH tells transactions of
 * one call apart. */
static void begin_request(struct call *call, const char *method, const char *branch,
	struct span uri, unsigned cseq)
{
	struct load *load = call->load;
	struct buf *out = &load->out;
	uint32_t index = index_of(call);

	buf_clear(out);
	buf_add_str(out, method);
	buf_add_char(out, ' ');
	buf_add_span(out, uri);
	buf_printf(out,
		" SIP/2.0\r\nVia: SIP/2.0/%s %s;branch=z9hG4bK%s-%u-%s\r\n"
		"Max-Forwards: 70\r\nFrom: \"Load\" <sip:+4930%u@%s>;tag=c%u\r\n"
		"Call-ID: %s-%u\r\nCSeq: %u %s\r\n",
		load->params.caller_transport, load->params.caller_host, load->run, index,
		branch, index, load->params.caller_host, index, load->run, index, cseq,
		method);
}

static void send_invite(struct call *call)
{
	const struct load_params *params = &call->load->params;
	struct buf *out = &call->load->out;
	uint32_t index = index_of(call);
	char uri[128];

	snprintf(uri, sizeof(uri), "sip:%s%u@%s", params->number, index, params->target);
	write_sdp(call->load, 20000 + index % 10000 * 4, params->srtp);
	begin_request(call, "INVITE", "INVITE", span_of(uri), 1);
	buf_printf(out,
		"To: <%s>\r\nContact: <sip:load@%s;transport=%s>\r\n"
		"Allow: INVITE, ACK, CANCEL, BYE, OPTIONS\r\nSupported: timer\r\n"
		"User-Agent: loadgen\r\nContent-Type: application/sdp\r\n"
		"Content-Length: %zu\r\n\r\n",
		uri, params->caller_host, params->caller_transport, call->load->sdp.len);
	buf_add_span(out, buf_span(&call->load->sdp));
	link_send(call->link, out->data, out->len);
}

static void again_h(void *arg);

/* RFC 3261 17.1.1.2 and 17.1.2.2, Timers A and E: over UDP a request is sent until something comes. */
static void send_again_in(struct call *call, unsigned ms)
{
	if (link_kind(call->link) != LINK_UDP)
		return;
	call->again_ms = ms;
	timer_start(call->load->timers, &call->again, ms, again_h, call);
}

static void again_h(void *arg)
{
	struct call *call = arg;
	const bool bye = call->state == LEAVING;

	call->load->result.repeated++;
	if (bye)
		link_send(call->link, call->bye, call->bye_len);
	else
		send_invite(call);
	send_again_in(
		call, bye && call->again_ms * 2 > T2_MS ? T2_MS : call->again_ms * 2);
}

/* A request within the dialog that ANSWER made: to its Contact, by its routes reversed. */
static void write_in_dialog(
	struct call *call, const struct text *answer, const char *method, unsigned cseq)
{
	struct buf *out = &call->load->out;

	begin_request(call, method, method, answer->contact, cseq);
	for (unsigned i = answer->route_count; i > 0; i--) {
		buf_add_str(out, "Route: ");
		buf_add_span(out, answer->routes[i - 1]);
		buf_add_str(out, "\r\n");
	}
	buf_add_str(out, "To: ");
	buf_add_span(out, answer->to);
	buf_add_str(out, "\r\nContent-Length: 0\r\n\r\n");
}

/* RFC 3261 17.1.1.3: to a refusal the ACK is part of the INVITE's transaction. */
static void send_refusal_ack(struct call *call, const struct text *answer)
{
	struct buf *out = &call->load->out;
	struct span rest = answer->to;
	struct span uri;

	span_next(&rest, '<', &uri);
	span_next(&rest, '>', &uri);
	begin_request(call, "ACK", "INVITE", uri, 1);
	buf_add_str(out, "To: ");
	buf_add_span(out, answer->to);
	buf_add_str(out, "\r\nContent-Length: 0\r\n\r\n");
	link_send(call->link, out->data, out->len);
}

static void send_ack(struct call *call, const struct text *answer)
{
	write_in_dialog(call, answer, "ACK", 1);
	link_send(call->link, call->load->out.data, call->load->out.len);
}

static void leave_h(void *arg)
{
	struct call *call = arg;

	call->state = LEAVING;
	link_send(call->link, call->bye, call->bye_len);
	send_again_in(call, T1_MS);
	await_answer(call);
}

static void answered(struct call *call, const struct text *answer)
{
	struct load *load = call->load;

	write_in_dialog(call, answer, "BYE", 2);
	call->bye = buf_steal(&load->out, &call->bye_len);
	send_ack(call, answer);
	call->state = TALKING;
	if (load->params.hold_ms)
		timer_start(
			load->timers, &call->timer, load->params.hold_ms, leave_h, call);
	else
		leave_h(call);
}

static void caller_receives(struct load *load, const struct text *text, uint64_t read_us)
{
	uint32_t index = text_number(text->call_id, "-");
	struct call *call;

	if (index >= load->result.begun || memmem(text->call_id.p, text->call_id.len,
						   load->run, strlen(load->run)) == NULL)
		return;
	call = &load->calls[index];
	if (text->method == TEXT_INVITE && call->state == INVITED) {
		timer_stop(&call->again);
		if (text->status == 180)
			call->ring_seen_us = read_us;
		else if (text->status >= 300) {
			send_refusal_ack(call, text);
			call_failed(call, text->status);
		} else if (text->status >= 200)
			answered(call, text);
	} else if (text->method == TEXT_INVITE && text->status >= 300) {
		send_refusal_ack(call, text); /* the one before was lost */
	} else if (text->method == TEXT_INVITE && text->status >= 200) {
		send_ack(call, text);
	} else if (text->method == TEXT_BYE && call->state == LEAVING) {
		if (text->status >= 300) {
			call_failed(call, text->status);
		} else if (text->status >= 200) {
			load->result.completed++;
			if (load->result.begun < load->params.count)
				load->result.meanwhile++;
			call_over(call);
		}
	}
}

/* ---- the callee ---- */

static void callee_answers(
	struct load *load, struct link *link, const struct text *text, uint64_t read_us)
{
	const struct load_params *params = &load->params;
	struct buf *out = &load->out;
	char contact[160], tag[16], before[20];
	uint32_t index;

	snprintf(before, sizeof(before), ":%s", params->number);
	index = text_number(text->uri, before);
	if (index >= load->result.begun)
		return;
	load->result.callee_invites++;
	snprintf(tag, sizeof(tag), "g%u", index);
	snprintf(contact, sizeof(contact), "<sip:gw@%s;transport=%s>",
		params->callee_host, params->callee_transport);
	write_sdp(load, 20002 + index % 10000 * 4, find_crypto_tag(text->body));
	buf_clear(out);
	text_reply(out, text, "100 Trying", NULL, NULL, (struct span){0});
	link_send(link, out->data, out->len);
	buf_clear(out);
	text_reply(out, text, "180 Ringing", tag, contact, (struct span){0});
	link_send(link, out->data, out->len);
	if (!load->calls[index].invite_seen_us) {
		load->calls[index].invite_seen_us = read_us;
		link_stamp(link, &load->calls[index].ring_sent_us);
	}
	buf_clear(out);
	text_reply(out, text, "200 OK", tag, contact, buf_span(&load->sdp));
	link_send(link, out->data, out->len);
}

static void callee_receives(
	struct load *load, struct link *link, const struct text *text, uint64_t read_us)
{
	struct buf *out = &load->out;

	switch (text->method) {
	case TEXT_INVITE:
		callee_answers(load, link, text, read_us);
		return;
	case TEXT_ACK:
		load->result.callee_acks++;
		return;
	case TEXT_BYE:
		load->result.callee_byes++;
		break;
	case TEXT_OPTIONS:
	case TEXT_OTHER:
		break;
	}
	buf_clear(out);
	text_reply(out, text,
		text->method == TEXT_OTHER ? "501 Not Implemented" : "200 OK", "g", NULL,
		(struct span){0});
	link_send(link, out->data, out->len);
}

void load_message(void *arg, struct link *link, struct span message, uint64_t read_us)
{
	struct load *load = arg;
	struct text text;

	if (!text_read(&text, message))
		return;
	if (text.status)
		caller_receives(load, &text, read_us);
	else
		callee_receives(load, link, &text, read_us);
}

/* ---- pace ---- */

static void begin_call(struct load *load)
{
	struct call *call = &load->calls[load->result.begun++];

	load->last_us = now_us(load);
	load->active++;
	if (load->active > load->result.peak)
		load->result.peak = load->active;
	call->load = load;
	call->link = next_link(load);
	if (!call->link) {
		call_failed(call, LOAD_NO_LINK);
		return;
	}
	call->state = INVITED;
	send_invite(call);
	link_stamp(call->link, &call->invite_sent_us);
	send_again_in(call, T1_MS);
	await_answer(call);
}

static void pace_h(void *arg)
{
	struct load *load = arg;
	double rate = load->params.rate;
	double due = (double)(now_us(load) - load->start_us) / 1e6 * rate - load->debt;
	double burst = rate * BURST_MS / 1000 + 1;
	double behind = due - load->result.begun;
	uint64_t next_ms;

	if (behind > burst) {
		load->debt += behind - burst;
		due -= behind - burst;
	}
	while (load->result.begun < load->params.count && load->result.begun <= due)
		begin_call(load);
	if (load->result.begun == load->params.count)
		return;
	next_ms = (uint64_t)((load->result.begun - due) / rate * 1000);
	timer_start(load->timers, &load->pace, next_ms ? next_ms : 1, pace_h, load);
}

void load_start(struct load *load)
{
	load->start_us = now_us(load);
	load->last_us = load->start_us;
	if (load->params.count)
		pace_h(load);
	else
		load->params.done_h(load->params.arg);
}

/* ---- the result ---- */

static int compare(const void *left, const void *right)
{
	uint32_t a = *(const uint32_t *)left, b = *(const uint32_t *)right;

	return a < b ? -1 : a > b;
}

static void read_delays(struct load *load, struct load_delays *ret)
{
	uint32_t *delays = calloc(load->result.begun + 1, sizeof(*delays));
	size_t count = 0;

	memset(ret, 0, sizeof(*ret));
	for (unsigned i = 0; delays && i < load->result.begun; i++) {
		const struct call *call = &load->calls[i];

		if (!call->ring_seen_us || !call->ring_sent_us || !call->invite_sent_us)
			continue;
		delays[count++] = (uint32_t)(call->invite_seen_us - call->invite_sent_us +
					     call->ring_seen_us - call->ring_sent_us);
	}
	if (count) {
		qsort(delays, count, sizeof(*delays), compare);
		ret->p50_ms = delays[count / 2] / 1e3;
		ret->p90_ms = delays[count * 9 / 10] / 1e3;
		ret->p99_ms = delays[count * 99 / 100] / 1e3;
		ret->max_ms = delays[count - 1] / 1e3;
	}
	free(delays);
}

void load_result(struct load *load, struct load_result *ret)
{
	*ret = load->result;
	ret->seconds = (double)(load->last_us - load->start_us) / 1e6;
	if (ret->begun > 1 && ret->seconds > 0)
		ret->rate =
			ret->completed * (ret->begun - 1.0) / ret->begun / ret->seconds;
	if (ret->seconds > 0)
		ret->goodput = ret->meanwhile / ret->seconds;
	read_delays(load, &ret->delay);
}
