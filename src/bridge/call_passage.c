/* What of a call's requests beside the session crosses, and what is told of it. */
#include "bridge/call_priv.h"

#include "bridge/allow.h"
#include "bridge/body.h"
#include "bridge/call_log.h"
#include "bridge/dtmf_sdp.h"
#include "bridge/packages.h"
#include "bridge/passage.h"
#include "bridge/registry.h"
#include "config/words.h"

#include <errno.h>

/* A request of leg FROM has its final response. FAR: what the other leg said; 0: it was not asked. */
static void tell(struct call *call, struct leg *from, const struct passage_end *end)
{
	struct leg *to = call_other(call, from);
	struct registry_scratch scratch;
	struct record record;

	messages_ended(&from->trunk->messages, end->method, LIMIT_IN, end->status);
	if (end->far)
		messages_ended(&to->trunk->messages, end->method, LIMIT_OUT, end->status);
	registry_fill(call, &record, &scratch);
	record.method = message_method_str(end->method);
	record.status = end->status;
	record.cause = end->status < 300 ? "accepted" : "rejected";
	record.ended_by =
		end->far ? side_party(to->home->which, from->home->which, to == call->a)
			 : "tandem";
	record.detail = end->why ? end->why : "";
	record.far_status = end->far >= 300 ? end->far : 0;
	record.far_reason = "";
	call_log_message(&record);
}

static void passed_h(const struct passage_end *end, struct buf *extra)
{
	struct call *call = end->to->arg;
	struct leg *from = call_other(call, end->to);

	tell(call, from, end);
	if (end->status == 469)
		packages_add(from, extra);
}

/* ---- what comes ---- */

/* Why a request does not cross. */
struct verdict {
	int status; /* 0: it does */
	const char *why;
};

/* A description of media would lead around us. */
static bool is_harmless(struct span type)
{
	return !span_equal_nocase(type, "application/sdp") &&
	       !span_starts(type, "multipart/");
}

static struct verdict judge_body(const struct leg *to, const struct message *request)
{
	const bool is_info = message_method(request) == MESSAGE_INFO;
	const struct span type = message_content_type(request);
	struct verdict verdict = {0, NULL};

	verdict.status = body_fault(request, &verdict.why);
	if (!verdict.status && message_body(request).len &&
		!(is_info ? is_harmless(type)
			  : words_have_nocase(&to->settings->messages.types, type)))
		return (struct verdict){415, "the type of its body does not cross"};
	return verdict;
}

static struct verdict judge(const struct call *call, const struct leg *from,
	const struct leg *to, const struct message *request)
{
	const bool is_info = message_method(request) == MESSAGE_INFO;
	const unsigned bit = messages_bit(message_method(request));

	if (is_info && !packages_are_named(from, request))
		return (struct verdict){
			469, "its Info-Package is not in `info-packages` of its sender"};
	if (!to->home || !call_reaches(call, to))
		return (struct verdict){480, "the other side is not there yet"};
	if (is_info && !packages_are_taken(to, request))
		return (struct verdict){
			469, "its Info-Package is not taken on the other side"};
	if (!is_info && bit & ~to->settings->messages.methods)
		return (struct verdict){
			403, "the other side does not have it in `methods`"};
	return judge_body(to, request);
}

static struct verdict of_error(int err)
{
	switch (err) {
	case 0:
		return (struct verdict){0, NULL};
	case ERR_LIMIT:
		return (struct verdict){500, "too many wait for an answer"};
	case ERR_SUPPORT:
		return (struct verdict){513, "it is too large for UDP"};
	case ERR_TRUST:
		return (struct verdict){488, "a key was to leave in plain"};
	default:
		return (struct verdict){503, "it could not be sent"};
	}
}

static void refuse(struct call *call, struct leg *from, struct txn_server *txn,
	enum message_method method, const struct verdict *verdict)
{
	const struct passage_end end = {
		.method = method, .status = verdict->status, .why = verdict->why};
	struct buf extra;

	tell(call, from, &end);
	buf_init(&extra, 0);
	if (verdict->status == 469)
		packages_add(from, &extra);
	if (verdict->status == 415 && method != MESSAGE_INFO)
		allow_add_types(
			&call_other(call, from)->settings->messages.types, &extra);
	if (verdict->status == 500)
		buf_add_str(&extra, "Retry-After: 1\r\n");
	txn_server_refuse(txn, NULL,
		&(struct txn_refusal){.status = verdict->status,
			.why = verdict->why,
			.extra = extra.err || !extra.len ? NULL : buf_str(&extra)});
	buf_free(&extra);
}

/* Where its sender has packages, what is none of a package is of digits alone where he has those too. */
static bool is_beside_digits(const struct leg *leg, const struct message *request)
{
	struct span line;

	if (message_method(request) != MESSAGE_INFO)
		return true;
	return leg->settings->messages.info_packages.count &&
	       (message_line(request, "Info-Package", 0, &line) ||
		       !dtmf_sdp_is_signalled(leg));
}

bool call_pass(struct call *call, struct leg *from, struct txn_server *txn,
	struct message *request)
{
	const enum message_method method = message_method(request);
	struct leg *to = call_other(call, from);
	struct verdict verdict;

	if (!is_beside_digits(from, request))
		return false;
	verdict = judge(call, from, to, request);
	if (!verdict.status)
		verdict = of_error(passage_begin(to, txn, request, passed_h));
	if (verdict.status)
		refuse(call, from, txn, method, &verdict);
	return true;
}
