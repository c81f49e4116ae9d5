#include "evidence/submit.h"

#include "base/err.h"
#include "evidence/radix64.h"

#define OLD "old "

void submit_write(struct buf *out, const struct submission *submission)
{
	buf_add_str(out, OLD);
	buf_add_uint(out, submission->old);
	buf_add_char(out, '\n');
	for (unsigned i = 0; i < submission->proof.count; i++) {
		radix64_add(out, submission->proof.path[i].bytes, TLOG_HASH_LEN);
		buf_add_char(out, '\n');
	}
	buf_add_char(out, '\n');
	buf_add_span(out, submission->note);
}

static bool take_line(struct span *rest, struct span *ret)
{
	return rest->len > 0 && memchr(rest->p, '\n', rest->len) &&
	       span_next(rest, '\n', ret);
}

/* Decimal, without leading zeros. */
static bool read_number(struct span text, uint64_t *ret)
{
	return !(text.len > 1 && text.p[0] == '0') &&
	       span_uint(text, TLOG_SIZE_MAX, ret) == 0;
}

int submit_read(struct submission *ret, struct span body)
{
	struct submission submission = {.old = 0};
	struct tlog_hash *hash;
	struct span line;
	size_t len;

	if (body.len > SUBMIT_MAX || !take_line(&body, &line) || !span_starts(line, OLD))
		return ERR_FORMAT;
	line.p += strlen(OLD);
	line.len -= strlen(OLD);
	if (!read_number(line, &submission.old))
		return ERR_FORMAT;
	for (;;) {
		if (!take_line(&body, &line))
			return ERR_FORMAT;
		if (line.len == 0)
			break;
		if (submission.proof.count == SUBMIT_PROOF_MAX)
			return ERR_FORMAT;
		hash = &submission.proof.path[submission.proof.count++];
		if (radix64_read(line, hash->bytes, TLOG_HASH_LEN, &len) != 0 ||
			len != TLOG_HASH_LEN)
			return ERR_FORMAT;
	}
	submission.note = body;
	*ret = submission;
	return 0;
}

int submit_read_size(uint64_t *ret, struct span body)
{
	struct span line;

	return take_line(&body, &line) && body.len == 0 && read_number(line, ret)
		       ? 0
		       : ERR_FORMAT;
}
