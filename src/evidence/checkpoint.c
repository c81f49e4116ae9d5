#include "evidence/checkpoint.h"

#include "base/err.h"
#include "evidence/radix64.h"

#define PROOF_LINE "c2sp.org/tlog-proof@v1"

static void add_hash(struct buf *out, const struct tlog_hash *hash)
{
	radix64_add(out, hash->bytes, TLOG_HASH_LEN);
	buf_add_char(out, '\n');
}

static int read_hash(struct tlog_hash *ret, struct span line)
{
	struct tlog_hash hash = {{0}};
	size_t len;

	if (radix64_read(line, hash.bytes, sizeof(hash.bytes), &len) != 0 ||
		len != TLOG_HASH_LEN)
		return ERR_FORMAT;
	*ret = hash;
	return 0;
}

/* Decimal, without leading zeros. */
static int read_number(uint64_t *ret, struct span text)
{
	if (text.len > 1 && text.p[0] == '0')
		return ERR_FORMAT;
	return span_uint(text, TLOG_SIZE_MAX, ret);
}

/* A line with its line end, which is taken off. */
static bool take_line(struct span *rest, struct span *ret)
{
	return rest->len > 0 && memchr(rest->p, '\n', rest->len) &&
	       span_next(rest, '\n', ret);
}

void checkpoint_write(struct buf *out, const struct checkpoint *checkpoint)
{
	buf_add_span(out, checkpoint->origin);
	buf_add_char(out, '\n');
	buf_add_uint(out, checkpoint->size);
	buf_add_char(out, '\n');
	add_hash(out, &checkpoint->root);
}

int checkpoint_read(struct checkpoint *ret, struct span text)
{
	struct checkpoint checkpoint;
	struct span size, root, line;

	if (!take_line(&text, &checkpoint.origin) || checkpoint.origin.len == 0 ||
		!take_line(&text, &size) || read_number(&checkpoint.size, size) != 0 ||
		!take_line(&text, &root) || read_hash(&checkpoint.root, root) != 0)
		return ERR_FORMAT;
	while (text.len > 0)
		if (!take_line(&text, &line) || line.len == 0)
			return ERR_FORMAT;
	*ret = checkpoint;
	return 0;
}

void proof_write(struct buf *out, struct span extra, uint64_t index,
	const struct tlog_proof *hashes, struct span note)
{
	buf_add_str(out, PROOF_LINE "\n");
	if (extra.p) {
		buf_add_str(out, "extra ");
		radix64_add(out, extra.p, extra.len);
		buf_add_char(out, '\n');
	}
	buf_add_str(out, "index ");
	buf_add_uint(out, index);
	buf_add_char(out, '\n');
	for (unsigned i = 0; i < hashes->count; i++)
		add_hash(out, &hashes->path[i]);
	buf_add_char(out, '\n');
	buf_add_span(out, note);
}

/* Takes WORD and a space off the front of LINE. */
static bool take_word(struct span *line, const char *word)
{
	size_t len = strlen(word);

	if (!span_starts(*line, word))
		return false;
	line->p += len;
	line->len -= len;
	return true;
}

int proof_read(struct proof *ret, struct span text)
{
	struct proof proof = {.index = 0};
	struct span line;

	if (text.len > PROOF_MAX)
		return ERR_LIMIT;
	if (!take_line(&text, &line) || !span_equal_str(line, PROOF_LINE) ||
		!take_line(&text, &line))
		return ERR_FORMAT;
	if (take_word(&line, "extra ")) {
		proof.extra = line;
		if (!take_line(&text, &line))
			return ERR_FORMAT;
	}
	if (!take_word(&line, "index ") || read_number(&proof.index, line) != 0)
		return ERR_FORMAT;
	for (;;) {
		if (!take_line(&text, &line))
			return ERR_FORMAT;
		if (line.len == 0)
			break;
		if (proof.hashes.count == TLOG_PROOF_MAX)
			return ERR_LIMIT;
		if (read_hash(&proof.hashes.path[proof.hashes.count++], line) != 0)
			return ERR_FORMAT;
	}
	proof.note = text;
	*ret = proof;
	return 0;
}
