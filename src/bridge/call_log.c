#include "bridge/call_log.h"

#include "base/log.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define MODULE "call"

static struct span text_span(const char *text)
{
	return span_of(text ? text : "");
}

/* ---- the beginning ---- */

void call_log_begin(const struct call *call)
{
	const struct trunk *trunk = call->a.trunk;
	const struct span id = text_span(call->a.dialog.call_id);
	char caller[LOG_TEXT_SIZE], called[LOG_TEXT_SIZE], call_id[LOG_TEXT_SIZE];
	char targets[PICK_MAX * (sizeof("trunk-with-a-long-id") + 44)] = "none";
	size_t len = 0;

	if (log_finest_level() < LOG_LEVEL_INFO)
		return;
	for (unsigned i = 0; i < call->hunt->count && len < sizeof(targets); i++)
		len += (size_t)snprintf(targets + len, sizeof(targets) - len, "%s%s",
			i > 0 ? "," : "", call->hunt->targets[i]->trunk->id);
	log_info(MODULE,
		"call=%s event=begin %s=%s side=%s flow=%llu caller=%s called=%s "
		"targets=%s call-id=%s",
		call->id, trunk_word(trunk->kind), trunk->id,
		side_name(call->a.home->which), (unsigned long long)call->a.flow->id,
		log_number(caller, call->from, strlen(call->from)),
		log_number(called, call->to, strlen(call->to)), targets,
		log_text(call_id, id.p, id.len));
}

/* ---- an attempt ---- */

/* A response that says more about the way to the callee than about him. */
static bool is_fault(const struct record_attempt *attempt, const char *result)
{
	return !strcmp(result, "failed") || attempt->status == 408 ||
	       attempt->status / 100 == 5;
}

/* " reason=..." in our words, or " far-reason=..." in those of the far end; "" where there is nothing to
 * say. */
static void add_reason(const struct call *call, const struct record_attempt *attempt,
	char out[static LOG_TEXT_SIZE + 16])
{
	const struct span far = text_span(call->history.far_reason);
	char text[LOG_TEXT_SIZE];

	out[0] = '\0';
	if (attempt->status == 0)
		snprintf(out, LOG_TEXT_SIZE + 16, " reason=%s",
			log_said(text, attempt->reason, strlen(attempt->reason)));
	else if (attempt->status >= 300 && attempt->status == call->history.far_status)
		snprintf(out, LOG_TEXT_SIZE + 16, " far-reason=%s",
			log_said(text, far.p, far.len));
}

/* How it was asked, " transport=... remote=... flow=... call-id=..."; "" where it was not. */
static void add_way(const struct call *call, const struct record_attempt *attempt,
	char *out, size_t size)
{
	const struct span id = text_span(call->b.dialog.call_id);
	char remote[ADDR_TEXT_SIZE], call_id[LOG_TEXT_SIZE];

	out[0] = '\0';
	if (attempt->transport)
		snprintf(out, size, " transport=%s remote=%s flow=%llu%s%s",
			attempt->transport, addr_text(&attempt->address, remote),
			(unsigned long long)attempt->flow, id.len ? " call-id=" : "",
			id.len ? log_text(call_id, id.p, id.len) : "");
}

void call_log_attempt(
	const struct call *call, const struct record_attempt *attempt, const char *result)
{
	const bool to_server = call->callee->which == SIDE_INTERNAL;
	char reason[LOG_TEXT_SIZE + 16];
	char way[LOG_TEXT_SIZE + ADDR_TEXT_SIZE + 80];
	enum log_level level;

	if (!attempt)
		return;
	level = is_fault(attempt, result) ? LOG_LEVEL_WARNING : LOG_LEVEL_INFO;
	if (level > log_finest_level())
		return;
	add_reason(call, attempt, reason);
	add_way(call, attempt, way, sizeof(way));
	log_write(level, MODULE,
		"call=%s event=attempt %s=%s side=%s result=%s status=%d%s%s "
		"after-ms=%llu",
		call->id, trunk_word(to_server ? TRUNK_SERVER : TRUNK_GATEWAY),
		attempt->target, side_name(call->callee->which), result, attempt->status,
		reason, way, (unsigned long long)attempt->after_us / 1000);
}

/* ---- the end ---- */

/* Appends to a line; what does not fit is cut, and the line says so by its want of an end. */
struct words {
	char text[1600];
	size_t len;
};

static void __attribute__((format(printf, 2, 3)))
add(struct words *words, const char *format, ...)
{
	const size_t room = sizeof(words->text) - words->len;
	va_list args;
	int len;

	va_start(args, format);
	len = vsnprintf(words->text + words->len, room, format, args);
	va_end(args);
	if (len > 0)
		words->len += (size_t)len < room ? (size_t)len : room - 1;
}

/* Whom it was with, how that leg was protected, and what became of its media. */
static void add_leg(struct words *words, const struct record *record, unsigned index)
{
	const struct record_leg *leg = &record->legs[index];
	const char *name = record_leg_name(record, index);
	const char *signalling = leg->version[0] ? leg->version : leg->transport;

	add(words, " %s=%s/%s", name, signalling[0] ? signalling : "none",
		leg->media[0] ? leg->media : "none");
	if (leg->media_verdict[0])
		add(words, " from-%s=%s", name, leg->media_verdict);
}

static void add_text(struct words *words, const char *key, const char *value)
{
	char text[LOG_TEXT_SIZE];

	if (value[0])
		add(words, " %s=%s", key, log_said(text, value, strlen(value)));
}

static uint64_t rang_us(const struct record *record)
{
	const uint64_t until = record->answer_us ? record->answer_us : record->end_us;

	return record->ringing_us && until > record->ringing_us
		       ? until - record->ringing_us
		       : 0;
}

static bool is_silent(const struct record *record, unsigned index)
{
	return !strcmp(record->legs[index].media_verdict, "silent");
}

void call_log_end(const struct record *record)
{
	const enum log_level level = is_silent(record, 0) || is_silent(record, 1)
					     ? LOG_LEVEL_WARNING
					     : LOG_LEVEL_INFO;
	const uint64_t rang = rang_us(record) / 1000;
	const uint64_t talked =
		record->answer_us ? (record->end_us - record->answer_us) / 1000 : 0;
	struct words words = {.len = 0};
	char peer[PEER_WORDS_SIZE];

	if (level > log_finest_level())
		return;
	for (unsigned i = 0; i < 2; i++)
		if (record->legs[i].party[0])
			add(&words, "%s", peer_words(record->legs[i].party, peer));
	add(&words, " by=%s cause=%s status=%d rang-s=%llu.%03llu talked-s=%llu.%03llu",
		record->ended_by, record->cause, record->status,
		(unsigned long long)rang / 1000, (unsigned long long)rang % 1000,
		(unsigned long long)talked / 1000, (unsigned long long)talked % 1000);
	add_text(&words, "reason", record->detail);
	if (record->far_status)
		add(&words, " far-status=%d", record->far_status);
	add_text(&words, "far-reason", record->far_reason);
	add_leg(&words, record, 0);
	add_leg(&words, record, 1);
	add_text(&words, "media-note", record->media_note);
	log_write(level, MODULE, "call=%s event=end%s", record->id, words.text);
}
