#include "evidence/note.h"

#include "evidence/radix64.h"
#include "evidence/tlog.h"

#include <errno.h>
#include <gnutls/crypto.h>
#include <stdio.h>
#include <stdlib.h>

#define DASH "\xe2\x80\x94 " /* an em dash and a space */
#define ID_LEN 4
/* Bytes behind the id, of a line of ours. */
#define LINE_MAX 128

/* Text */

/* The length of the well-formed sequence at P, of LEFT bytes, or 0. */
static size_t utf8_len(const unsigned char *p, size_t left)
{
	/* Unicode table 3-7: what may begin, up to where, what the second byte may be. */
	static const struct {
		unsigned char first, last, low, high, len;
	} rows[] = {
		{0x00, 0x7f, 0, 0, 1},
		{0xc2, 0xdf, 0x80, 0xbf, 2},
		{0xe0, 0xe0, 0xa0, 0xbf, 3},
		{0xe1, 0xec, 0x80, 0xbf, 3},
		{0xed, 0xed, 0x80, 0x9f, 3},
		{0xee, 0xef, 0x80, 0xbf, 3},
		{0xf0, 0xf0, 0x90, 0xbf, 4},
		{0xf1, 0xf3, 0x80, 0xbf, 4},
		{0xf4, 0xf4, 0x80, 0x8f, 4},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		if (*p < rows[i].first || *p > rows[i].last)
			continue;
		if (rows[i].len > left)
			return 0;
		if (rows[i].len > 1 && (p[1] < rows[i].low || p[1] > rows[i].high))
			return 0;
		for (size_t k = 2; k < rows[i].len; k++)
			if ((p[k] & 0xc0) != 0x80)
				return 0;
		return rows[i].len;
	}
	return 0;
}

bool note_text_ok(struct span text)
{
	const unsigned char *p = (const unsigned char *)text.p;
	size_t len;

	for (size_t i = 0; i < text.len; i += len) {
		if (p[i] < 0x20 && p[i] != '\n')
			return false;
		len = utf8_len(p + i, text.len - i);
		if (len == 0)
			return false;
	}
	return true;
}

/* Whether a character of White_Space (Unicode PropList) stands at P. */
static bool is_space(const char *p, size_t left)
{
	/* Those beyond ASCII; of U+2000..U+200A, which differ in their last byte, the first one. */
	static const char *const wide[] = {"\xc2\x85", "\xc2\xa0", "\xe1\x9a\x80",
		"\xe2\x80\xa8", "\xe2\x80\xa9", "\xe2\x80\xaf", "\xe2\x81\x9f",
		"\xe3\x80\x80"};
	const struct span rest = {p, left};

	if (*p == ' ' || (*p >= '\t' && *p <= '\r'))
		return true;
	for (size_t i = 0; i < sizeof(wide) / sizeof(wide[0]); i++)
		if (span_starts(rest, wide[i]))
			return true;
	return left >= 3 && memcmp(p, "\xe2\x80", 2) == 0 &&
	       (unsigned char)p[2] >= 0x80 && (unsigned char)p[2] <= 0x8a;
}

static bool name_ok(struct span name)
{
	if (name.len == 0 || name.len > NOTE_NAME_MAX || !note_text_ok(name))
		return false;
	for (size_t i = 0; i < name.len; i++)
		if (name.p[i] == '+' || name.p[i] == 0x7f ||
			is_space(name.p + i, name.len - i))
			return false;
	return true;
}

/* Keys */

static uint32_t number_of(const uint8_t bytes[static ID_LEN])
{
	return (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 |
	       (uint32_t)bytes[2] << 8 | bytes[3];
}

int note_key_make_typed(struct note_key *ret, struct span name, uint8_t type,
	const uint8_t key[static ED25519_PUBLIC_LEN])
{
	uint8_t data[NOTE_NAME_MAX + 2 + ED25519_PUBLIC_LEN], sum[TLOG_HASH_LEN];
	struct note_key made = {.type = type};

	if (!name_ok(name))
		return ERR_FORMAT;
	memcpy(data, name.p, name.len);
	data[name.len] = '\n';
	data[name.len + 1] = type;
	memcpy(data + name.len + 2, key, ED25519_PUBLIC_LEN);
	if (gnutls_hash_fast(
		    GNUTLS_DIG_SHA256, data, name.len + 2 + ED25519_PUBLIC_LEN, sum) != 0)
		abort();
	made.id = number_of(sum);
	(void)span_copy(name, made.name, sizeof(made.name));
	memcpy(made.key, key, ED25519_PUBLIC_LEN);
	*ret = made;
	return 0;
}

int note_key_make(struct note_key *ret, struct span name,
	const uint8_t key[static ED25519_PUBLIC_LEN])
{
	return note_key_make_typed(ret, name, NOTE_ED25519, key);
}

const char *note_key_text(const struct note_key *key, char out[static NOTE_KEY_TEXT_SIZE])
{
	uint8_t typed[1 + ED25519_PUBLIC_LEN] = {key->type};
	struct buf text;

	memcpy(typed + 1, key->key, ED25519_PUBLIC_LEN);
	buf_init(&text, 0);
	radix64_add(&text, typed, sizeof(typed));
	snprintf(out, NOTE_KEY_TEXT_SIZE, "%s+%08x+%.*s", key->name, key->id,
		(int)text.len, text.data ? text.data : "");
	buf_free(&text);
	return out;
}

/* 8 small hex digits. */
static bool read_id(struct span text, uint32_t *ret)
{
	uint32_t id = 0;

	if (text.len != 8)
		return false;
	for (size_t i = 0; i < text.len; i++) {
		char c = text.p[i];

		if (c >= '0' && c <= '9')
			id = id << 4 | (uint32_t)(c - '0');
		else if (c >= 'a' && c <= 'f')
			id = id << 4 | (uint32_t)(c - 'a' + 10);
		else
			return false;
	}
	*ret = id;
	return true;
}

int note_key_read_typed(struct note_key *ret, struct span text, uint8_t type)
{
	uint8_t typed[1 + ED25519_PUBLIC_LEN];
	struct span name, id_text;
	struct note_key key;
	uint32_t id;
	size_t len;

	if (!span_next(&text, '+', &name) || !span_next(&text, '+', &id_text) ||
		!read_id(id_text, &id) || !text.p)
		return ERR_FORMAT;
	if (radix64_read(text, typed, sizeof(typed), &len) != 0 || len == 0)
		return ERR_FORMAT;
	if (typed[0] != type)
		return ERR_SUPPORT;
	if (len != sizeof(typed) ||
		note_key_make_typed(&key, name, type, typed + 1) != 0 || key.id != id)
		return ERR_FORMAT;
	*ret = key;
	return 0;
}

int note_key_read(struct note_key *ret, struct span text)
{
	return note_key_read_typed(ret, text, NOTE_ED25519);
}

bool note_key_equal(const struct note_key *a, const struct note_key *b)
{
	return a->id == b->id && strcmp(a->name, b->name) == 0 &&
	       memcmp(a->key, b->key, sizeof(a->key)) == 0;
}

/* Notes */

/* LINE is without its line end. */
static int read_signature(struct note_signature *ret, struct span line)
{
	struct note_signature signature;
	uint8_t id[6];
	size_t len;

	if (!span_starts(line, DASH))
		return ERR_FORMAT;
	line.p += strlen(DASH);
	line.len -= strlen(DASH);
	if (!span_next(&line, ' ', &signature.name) || !name_ok(signature.name) ||
		!line.p || line.len < 8)
		return ERR_FORMAT;
	signature.base64 = line;
	/* Four bytes of the id are within the first 8 letters; whoever knows its kind reads the rest. */
	if (radix64_read((struct span){line.p, 8}, id, sizeof(id), &len) != 0 ||
		len <= ID_LEN)
		return ERR_FORMAT;
	signature.id = number_of(id);
	*ret = signature;
	return 0;
}

/* Where the last empty line begins. NULL: there is none. */
static const char *last_blank(struct span whole)
{
	for (size_t i = whole.len; i >= 2; i--)
		if (whole.p[i - 1] == '\n' && whole.p[i - 2] == '\n')
			return whole.p + i - 1;
	return NULL;
}

int note_read(struct note *ret, struct span whole)
{
	struct note note = {.count = 0};
	const char *blank;
	struct span rest, line;
	int err;

	if (whole.len > NOTE_MAX)
		return ERR_LIMIT;
	if (!note_text_ok(whole) || whole.len == 0 || whole.p[whole.len - 1] != '\n')
		return ERR_FORMAT;
	blank = last_blank(whole);
	if (!blank)
		return ERR_FORMAT;
	note.text = (struct span){whole.p, (size_t)(blank - whole.p)};
	rest = (struct span){blank + 1, whole.len - note.text.len - 1};
	while (rest.len > 0) {
		(void)span_next(&rest, '\n', &line);
		if (note.count == NOTE_SIGNATURES)
			return ERR_LIMIT;
		err = read_signature(&note.signatures[note.count++], line);
		if (err)
			return err;
	}
	if (note.count == 0)
		return ERR_FORMAT;
	*ret = note;
	return 0;
}

int note_verify(const struct note *note, const struct note_key *key)
{
	uint8_t bytes[ID_LEN + ED25519_SIGNATURE_LEN];
	int err = -ENOENT;
	size_t len;

	for (unsigned i = 0; i < note->count; i++) {
		const struct note_signature *signature = &note->signatures[i];

		if (signature->id != key->id ||
			!span_equal_str(signature->name, key->name))
			continue;
		if (radix64_read(signature->base64, bytes, sizeof(bytes), &len) != 0 ||
			len != sizeof(bytes) ||
			!ed25519_verify(key->key, note->text, bytes + ID_LEN,
				ED25519_SIGNATURE_LEN))
			return ERR_TRUST;
		err = 0;
	}
	return err;
}

void note_add_line(
	struct buf *note, const struct note_key *key, const void *bytes, size_t len)
{
	uint8_t whole[ID_LEN + LINE_MAX] = {(uint8_t)(key->id >> 24),
		(uint8_t)(key->id >> 16), (uint8_t)(key->id >> 8), (uint8_t)key->id};

	memcpy(whole + ID_LEN, bytes, len);
	buf_add_str(note, DASH);
	buf_add_str(note, key->name);
	buf_add_char(note, ' ');
	radix64_add(note, whole, ID_LEN + len);
	buf_add_char(note, '\n');
}

void note_add_signature(struct buf *note, const struct note_key *key,
	const uint8_t signature[static ED25519_SIGNATURE_LEN])
{
	note_add_line(note, key, signature, ED25519_SIGNATURE_LEN);
}
