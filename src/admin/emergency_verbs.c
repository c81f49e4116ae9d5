#include "admin/emergency_verbs.h"

#include "admin/verbs.h"
#include "bridge/drill.h"
#include "trunk/trunk.h"

#include <stdlib.h>

/* One who waits for a drill. */
struct waiter {
	struct testcall *drill;
	struct api_call *call; /* NULL: the handler has not returned yet */
	json_t *result;        /* of one that is over by then */
	bool failed;
	struct err_text text;
};

/* MS, or null where it did not happen. */
static json_t *ms_json(uint64_t us)
{
	return us ? json_integer((json_int_t)(us / 1000)) : json_null();
}

static const char *result_of(const struct record *record)
{
	if (record->answer_us)
		return "answered";
	return record->far_status ? "refused" : "failed";
}

static json_t *record_json(const struct record *record)
{
	const struct record_leg *leg = &record->legs[1];
	char remote[ADDR_TEXT_SIZE] = "";

	if (leg->remote.len)
		addr_text(&leg->remote, remote);
	return json_pack(
		"{s:s, s:s, s:s, s:i, s:s, s:o, s:o, s:o, s:s, s:s, s:s, s:s, s:I}", "id",
		record->id, "number", record->to, "result", result_of(record), "status",
		record->status, "cause", record->cause, "reason",
		api_text(record->detail), "ringing_ms", ms_json(record->ringing_us),
		"answer_ms", ms_json(record->answer_us), "remote", remote, "transport",
		leg->transport, "tls_version", leg->version, "media", leg->media,
		"received_packets", (json_int_t)leg->stats.rx_packets);
}

static void finish(struct waiter *waiter)
{
	api_finish(waiter->call, waiter->failed ? API_FAILED : API_OK, waiter->result,
		waiter->failed ? &waiter->text : NULL);
	free(waiter);
}

static void over_h(void *arg, const struct record *record)
{
	struct waiter *waiter = arg;

	waiter->drill = NULL;
	waiter->failed = !record->answer_us;
	waiter->result = record_json(record);
	err_set(&waiter->text, 0, "the drill failed: %s (record %s)",
		record->detail[0] ? record->detail : record->cause, record->id);
	if (waiter->call)
		finish(waiter);
}

static void cancel_h(void *arg)
{
	struct waiter *waiter = arg;

	testcall_forget(waiter->drill);
	free(waiter);
}

/* It was begun, and may be over. */
static enum api_code wait_for(struct verbs_context *context, struct waiter *waiter,
	json_t **ret_result, struct err_text *text)
{
	enum api_code code = API_PENDING;

	if (!waiter->drill) {
		code = waiter->failed ? API_FAILED : API_OK;
		*text = waiter->text;
		if (!waiter->failed)
			*ret_result = json_incref(waiter->result);
		json_decref(waiter->result);
		free(waiter);
		return code;
	}
	waiter->call = api_defer(context->api, cancel_h, waiter);
	if (waiter->call)
		return API_PENDING;
	testcall_forget(waiter->drill);
	free(waiter);
	err_set(text, 0,
		"the answer would come later than you can wait; the drill goes on");
	return API_FAILED;
}

enum api_code emergency_verb_test(void *arg, const char *const *args, size_t arg_count,
	json_t **ret_result, struct err_text *text)
{
	struct verbs_context *context = arg;
	struct trunk *trunk = trunks_find(context->trunks, TRUNK_GATEWAY, args[0]);
	struct waiter *waiter;
	struct testcall *drill = NULL;

	(void)arg_count;
	if (!trunk) {
		err_set(text, 0, "no such trunk: %.100s", args[0]);
		return API_NOT_FOUND;
	}
	waiter = calloc(1, sizeof(*waiter));
	if (!waiter) {
		err_set(text, 0, "out of memory");
		return API_FAILED;
	}
	waiter->drill = (void *)waiter; /* until it is known, or over */
	if (drill_start(context->bridge, trunk,
		    &(struct testcall_user){.over_h = over_h, .arg = waiter}, &drill,
		    text)) {
		free(waiter);
		return API_FAILED;
	}
	if (waiter->drill)
		waiter->drill = drill;
	return wait_for(context, waiter, ret_result, text);
}
