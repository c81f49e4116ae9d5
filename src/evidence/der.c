#include "evidence/der.h"

uint8_t der_tag(struct span rest)
{
	return rest.len > 0 ? (uint8_t)rest.p[0] : 0;
}

/* The length of the head and of the contents. */
static bool read_head(struct span rest, size_t *ret_head, size_t *ret_len)
{
	const unsigned char *p = (const unsigned char *)rest.p;
	size_t len, count;

	/* No long tags, no indefinite lengths, nothing beyond 4 GiB. */
	if (rest.len < 2 || (p[0] & 0x1f) == 0x1f)
		return false;
	*ret_head = 2;
	*ret_len = p[1];
	if (p[1] < 0x80)
		return true;
	count = p[1] & 0x7f;
	if (count == 0 || count > 4 || rest.len < 2 + count)
		return false;
	len = 0;
	for (size_t i = 0; i < count; i++)
		len = len << 8 | p[2 + i];
	/* In as few bytes as it can be: 10.1. */
	if (len < 0x80 || p[2] == 0)
		return false;
	*ret_head = 2 + count;
	*ret_len = len;
	return true;
}

bool der_take_any(struct span *rest, struct span *ret)
{
	size_t head, len;

	if (!read_head(*rest, &head, &len) || len > rest->len - head)
		return false;
	*ret = (struct span){rest->p, head + len};
	rest->p += head + len;
	rest->len -= head + len;
	return true;
}

bool der_take(struct span *rest, uint8_t tag, struct span *ret)
{
	size_t head, len;

	if (der_tag(*rest) != tag || !read_head(*rest, &head, &len) ||
		len > rest->len - head)
		return false;
	*ret = (struct span){rest->p + head, len};
	rest->p += head + len;
	rest->len -= head + len;
	return true;
}
