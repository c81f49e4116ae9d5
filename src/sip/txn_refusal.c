/*
 * What was refused or dropped leaves a trace here, and only here: a line in the log, a
 * counter and, where it was an INVITE, a Warning that tells its sender (RFC 3261 20.43).
 */
#include "base/log.h"
#include "sip/compose.h"
#include "sip/txn_priv.h"

#include <stdio.h>
#include <string.h>

/* Of a Warning's text. */
#define WARNING_MAX 200

/* The words of the counters, by the status that was answered. 0: nothing was answered. The last
 * one is for every other status. */
static const struct {
	int status;
	const char *reason;
} reasons[TXN_REFUSAL_REASONS] = {
	{0, "dropped"},
	{400, "malformed"},
	{403, "forbidden"},
	{404, "no-route"},
	{405, "method"},
	{415, "body"},
	{416, "uri-scheme"},
	{420, "extension"},
	{481, "no-dialog"},
	{482, "merged"},
	{483, "too-many-hops"},
	{488, "session-description"},
	{491, "glare"},
	{501, "unknown-method"},
	{503, "unavailable"},
	{505, "version"},
	{-1, "other"},
};

static unsigned reason_of(int status)
{
	unsigned i = 0;

	while (i < TXN_REFUSAL_REASONS - 1 && reasons[i].status != status)
		i++;
	return i;
}

bool txn_refused(const struct txn_layer *layer, unsigned nth, const char **ret_reason,
	uint64_t *ret_count)
{
	if (nth >= TXN_REFUSAL_REASONS)
		return false;
	*ret_reason = reasons[nth].reason;
	*ret_count = layer->refused[nth];
	return true;
}

void txn_count_refusal(struct txn_layer *layer, int status)
{
	layer->refused[reason_of(status)]++;
}

static const char *words_of(const struct txn_refusal *refusal)
{
	if (refusal->why)
		return refusal->why;
	return refusal->phrase ? refusal->phrase : compose_reason(refusal->status);
}

void txn_trace(struct txn_layer *layer, const struct flow *flow,
	const struct message *message, const struct txn_refusal *refusal)
{
	bool request = message_is_request(message);
	/* A response that is dropped may cost a call whatever its CSeq says. */
	enum log_level level = !request || message_method(message) == MESSAGE_INVITE
				       ? LOG_LEVEL_INFO
				       : LOG_LEVEL_DEBUG;
	char remote[ADDR_TEXT_SIZE], method[LOG_TEXT_SIZE], id[LOG_TEXT_SIZE],
		words[LOG_TEXT_SIZE], peer[PEER_WORDS_SIZE], hidden_text[40] = "";
	struct span name = message_method_name(message);
	struct span call_id = message_call_id(message);
	const char *why = words_of(refusal);
	unsigned hidden;

	txn_count_refusal(layer, refusal->status);
	if (level > log_finest_level() || !log_limit_pass(&layer->log_limit, &hidden))
		return;
	if (hidden)
		snprintf(hidden_text, sizeof(hidden_text), " suppressed=%u", hidden);
	log_write(level, "txn",
		"event=%s remote=%s%s %s=%s status=%d%s%s reason=%s call-id=%s "
		"flow=%llu%s",
		refusal->status ? "refused" : "dropped", addr_text(&flow->remote, remote),
		peer_words(flow->peer ? flow->peer->id : NULL, peer),
		request ? "method" : "response-to", log_text(method, name.p, name.len),
		refusal->status ? refusal->status : message_status(message),
		refusal->where ? " header=" : "", refusal->where ? refusal->where : "",
		log_said(words, why, strlen(why)), log_text(id, call_id.p, call_id.len),
		(unsigned long long)flow->id, hidden_text);
}

/* How we name ourselves to who is at the other end of FLOW. */
static void add_name(
	const struct txn_layer *layer, const struct flow *flow, struct buf *out)
{
	char text[TXN_NAME_SIZE];

	if (layer->handlers.name_h)
		buf_add_str(out, layer->handlers.name_h(layer->handlers.arg, flow, text));
	else
		buf_add_str(out, addr_uri_text(&flow->local, text));
}

void txn_add_warning(const struct txn_layer *layer, const struct flow *flow,
	const struct txn_refusal *refusal, struct buf *out)
{
	struct span text = span_of(words_of(refusal));

	buf_add_str(out, "Warning: 399 ");
	add_name(layer, flow, out);
	buf_add_str(out, " \"");
	for (size_t i = 0; i < text.len && i < WARNING_MAX; i++) {
		char c = text.p[i];

		buf_add_char(out, c < ' ' || c > '~'      ? '?'
				  : c == '"' || c == '\\' ? '\''
							  : c);
	}
	if (refusal->where)
		buf_printf(out, " (header %s)", refusal->where);
	buf_add_str(out, "\"\r\n");
}
