#include "sip/event.h"

#include "sip/compose.h"

/* The seconds of NAME among PARAMS. */
static bool read_seconds(struct span params, const char *name, uint32_t *ret)
{
	struct span value;

	return message_param(params, name, &value) && message_seconds(value, ret);
}

/* The token of NAME among PARAMS; what is none is left out. */
static struct span read_token(struct span params, const char *name)
{
	struct span value;

	if (message_param(params, name, &value) && message_token_valid(value))
		return value;
	return (struct span){0};
}

bool event_read(struct event *ret, const struct message *message)
{
	struct span rest, package;

	if (!message_line(message, "Event", 0, &rest) ||
		!message_param_next(&rest, &package) || !message_token_valid(package))
		return false;
	ret->package = package;
	ret->id = read_token(rest, "id");
	return true;
}

bool event_state_read(struct event_state *ret, const struct message *message)
{
	struct span rest, word;

	if (!message_line(message, "Subscription-State", 0, &rest) ||
		!message_param_next(&rest, &word) || !message_token_valid(word))
		return false;
	*ret = (struct event_state){
		.word = word, .is_terminated = span_equal_nocase(word, "terminated")};
	if (ret->is_terminated) {
		ret->reason = read_token(rest, "reason");
		ret->has_retry_after =
			read_seconds(rest, "retry-after", &ret->retry_after_s);
	} else {
		ret->has_expires = read_seconds(rest, "expires", &ret->expires_s);
	}
	return true;
}

void event_state_add(const struct event_state *state, struct buf *out)
{
	buf_printf(out, "Subscription-State: %.*s", SPAN_ARG(state->word));
	if (state->has_expires)
		buf_printf(out, ";expires=%u", (unsigned)state->expires_s);
	if (state->reason.len)
		buf_printf(out, ";reason=%.*s", SPAN_ARG(state->reason));
	if (state->has_retry_after)
		buf_printf(out, ";retry-after=%u", (unsigned)state->retry_after_s);
	buf_add_str(out, "\r\n");
}

bool event_is_over_by(int status)
{
	switch (status) {
	case 404:
	case 405:
	case 408:
	case 410:
	case 416:
	case 480:
	case 481:
	case 482:
	case 483:
	case 484:
	case 485:
	case 489:
	case 501:
	case 604:
		return true;
	default:
		return false;
	}
}
