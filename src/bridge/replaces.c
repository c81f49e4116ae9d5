#include "bridge/replaces.h"

#include <ctype.h>

/* More of a dialog's identifier than this is nobody's. */
#define MAX_BYTES 512

static bool has_control(struct span text)
{
	for (size_t i = 0; i < text.len; i++)
		if (iscntrl((unsigned char)text.p[i]))
			return true;
	return false;
}

/* The one parameter of NAME, a token. False: there is none, or a second one. */
static bool read_tag(struct span params, const char *name, struct span *ret)
{
	struct span param, word, first = {NULL, 0};
	unsigned count = 0;

	while (message_param_next(&params, &param)) {
		struct span rest = param;

		if (span_next(&rest, '=', &word) &&
			span_equal_nocase(span_trim(word), name) && !count++)
			first = span_trim(rest);
	}
	*ret = first;
	return count == 1 && message_token_valid(first);
}

/* RFC 3891 6.1 */
bool replaces_read(struct replaces *ret, struct span value)
{
	struct span rest = value, call_id, unused;

	*ret = (struct replaces){.early_only = false};
	if (value.len > MAX_BYTES || has_control(value) ||
		!span_next(&rest, ';', &call_id) ||
		!read_tag(rest, "to-tag", &ret->to_tag) ||
		!read_tag(rest, "from-tag", &ret->from_tag))
		return false;
	ret->early_only = message_param(rest, "early-only", &unused);
	ret->call_id = span_trim(call_id);
	return ret->call_id.len > 0;
}

int replaces_of(struct replaces *ret, const struct message *invite, const char **why)
{
	struct span line, more;

	*ret = (struct replaces){.early_only = false};
	if (!message_line(invite, "Replaces", 0, &line))
		return 0;
	if (message_line(invite, "Replaces", 1, &more))
		*why = "Replaces stands there twice";
	else if (message_line(invite, "Join", 0, &more))
		*why = "Replaces and Join contradict one another";
	else if (!replaces_read(ret, line))
		*why = "Replaces cannot be read";
	else
		return 0;
	*ret = (struct replaces){.early_only = false};
	return 400;
}
