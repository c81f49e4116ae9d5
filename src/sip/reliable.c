#include "sip/reliable.h"

#include <string.h>

/* The next word of *REST, a decimal number of 32 bits. */
static bool take_number(struct span *rest, uint32_t *ret)
{
	struct span word;
	uint64_t number;

	*rest = span_trim(*rest);
	if (!span_next(rest, ' ', &word) || span_uint(word, UINT32_MAX, &number))
		return false;
	*ret = (uint32_t)number;
	return true;
}

bool reliable_is_asked(const struct message *response, uint32_t *ret_rseq)
{
	struct span value;
	uint32_t rseq;

	if (message_status(response) <= 100 || message_status(response) >= 200 ||
		!message_lists(response, "Require", "100rel") ||
		!message_header(response, "RSeq", 0, &value) ||
		!take_number(&value, &rseq) || span_trim(value).len || rseq == 0)
		return false;
	*ret_rseq = rseq;
	return true;
}

bool reliable_read_ack(const struct message *prack, struct reliable_ack *ret)
{
	struct span value;
	struct reliable_ack ack;

	if (!message_header(prack, "RAck", 0, &value) ||
		!take_number(&value, &ack.rseq) || !take_number(&value, &ack.cseq))
		return false;
	value = span_trim(value);
	ack.method = span_equal_str(value, "INVITE") ? MESSAGE_INVITE : MESSAGE_OTHER;
	if (!value.len)
		return false;
	*ret = ack;
	return true;
}
