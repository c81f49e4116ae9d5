#include "live_calls.h"

#include <stdlib.h>
#include <string.h>

/* As endpoint.c writes them: "+4930100" or "+4930200", and then the caller's own digits. */
#define LIVE_NUMBER_BEGINS "+4930"
#define LIVE_NUMBER_LEN 8

static unsigned number_in(struct span user)
{
	unsigned number = 0;

	if (user.len <= LIVE_NUMBER_LEN || !span_starts(user, LIVE_NUMBER_BEGINS))
		return 0;
	for (size_t i = LIVE_NUMBER_LEN; i < user.len && number < 1000000; i++) {
		if (user.p[i] < '0' || user.p[i] > '9')
			return 0;
		number = 10 * number + (unsigned)(user.p[i] - '0');
	}
	return number;
}

static unsigned call_of_number(const struct live_calls *calls, unsigned number)
{
	for (unsigned i = 0; number && i < calls->call_count; i++)
		if (calls->numbers[i] == number)
			return i + 1;
	return 0;
}

static unsigned call_of_dialog(const struct live_calls *calls, struct span call_id)
{
	for (unsigned i = 0; i < calls->dialog_count; i++)
		if (span_equal_str(call_id, calls->dialogs[i].call_id))
			return calls->dialogs[i].call;
	return 0;
}

unsigned live_calls_find(
	struct live_calls *calls, const struct message *message, bool *ret_begins)
{
	struct span call_id = message_call_id(message);
	unsigned call = call_of_dialog(calls, call_id);
	unsigned number;

	if (ret_begins)
		*ret_begins = false;
	if (call || !message_is_request(message) ||
		message_method(message) != MESSAGE_INVITE ||
		calls->dialog_count == LIVE_CALLS_MAX)
		return call;
	number = number_in(message_from(message)->uri.user);
	call = call_of_number(calls, number);
	if (!call && ret_begins && number) {
		calls->numbers[calls->call_count++] = number;
		call = calls->call_count;
		*ret_begins = true;
	}
	if (!call)
		return 0;
	calls->dialogs[calls->dialog_count].call_id = span_dup(call_id);
	calls->dialogs[calls->dialog_count++].call = call;
	return call;
}

bool live_calls_record(struct live_calls *calls, const json_t *record, unsigned *ret_call)
{
	const char *from = json_string_value(json_object_get(record, "from"));
	const char *id = json_string_value(json_object_get(record, "id"));

	unsigned call = call_of_number(calls, number_in(span_of(from ? from : "")));

	*ret_call = call && !calls->over[call - 1] ? call : 0;
	if (call)
		calls->over[call - 1] = true;
	for (unsigned i = 0; i < calls->record_count && i < LIVE_CALLS_MAX; i++)
		if (!id || !strcmp(calls->recorded[i], id))
			return false;
	if (calls->record_count < LIVE_CALLS_MAX)
		calls->recorded[calls->record_count] = strdup(id ? id : "");
	calls->record_count++;
	return true;
}

void live_calls_free(struct live_calls *calls)
{
	for (unsigned i = 0; i < calls->dialog_count; i++)
		free(calls->dialogs[i].call_id);
	for (unsigned i = 0; i < calls->record_count && i < LIVE_CALLS_MAX; i++)
		free(calls->recorded[i]);
}
