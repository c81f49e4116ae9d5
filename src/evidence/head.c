#include "evidence/head.h"

#include "base/err.h"

#include <errno.h>

#define BEGIN "{\"v\":1,\"seq\":"
#define SALT ",\"salt\":\""

_Static_assert(HEAD_VERSION == 1, "BEGIN has it as text");

void head_write(struct buf *out, uint64_t seq, const char salt[static HEAD_SALT_SIZE])
{
	buf_add_str(out, BEGIN);
	buf_add_uint(out, seq);
	buf_add_str(out, SALT);
	buf_add(out, salt, HEAD_SALT_SIZE - 1);
	buf_add_char(out, '"');
}

static bool is_salt(struct span rest)
{
	if (rest.len < sizeof(SALT) - 1 + HEAD_SALT_SIZE || !span_starts(rest, SALT))
		return false;
	rest.p += sizeof(SALT) - 1;
	for (unsigned i = 0; i < HEAD_SALT_SIZE - 1; i++)
		if (!((rest.p[i] >= '0' && rest.p[i] <= '9') ||
			    (rest.p[i] >= 'a' && rest.p[i] <= 'f')))
			return false;
	return rest.p[HEAD_SALT_SIZE - 1] == '"';
}

int head_split(struct span line, uint64_t *ret_seq, struct span *ret_rest)
{
	size_t digits = 0, len;
	struct span rest;

	if (!span_starts(line, "{\"v\":"))
		return -ENOENT;
	if (!span_starts(line, BEGIN))
		return ERR_FORMAT;
	rest = (struct span){line.p + sizeof(BEGIN) - 1, line.len - (sizeof(BEGIN) - 1)};
	while (digits < rest.len && rest.p[digits] >= '0' && rest.p[digits] <= '9')
		digits++;
	if (digits == 0 || (digits > 1 && rest.p[0] == '0') ||
		!is_salt((struct span){rest.p + digits, rest.len - digits}))
		return ERR_FORMAT;
	len = digits + sizeof(SALT) - 1 + HEAD_SALT_SIZE;
	*ret_rest = (struct span){rest.p + len, rest.len - len};
	return span_uint((struct span){rest.p, digits}, INT64_MAX, ret_seq);
}

int head_read(struct span line, uint64_t *ret_seq)
{
	struct span rest;

	return head_split(line, ret_seq, &rest);
}
