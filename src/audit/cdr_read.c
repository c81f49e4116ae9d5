/*
 * By hand, as the line is written: a report looks at ten of eighty members of a million
 * records while calls wait. Looking for a name in quotes is enough, since within a string
 * the quotes would be escaped.
 */
#include "audit/cdr_read.h"

#include "base/err.h"

#include <string.h>

/* What stands behind NEEDLE; p NULL when it is not in TEXT. */
static struct span behind(struct span text, const char *needle)
{
	size_t len = strlen(needle);
	const char *found = text.len > 0 ? memmem(text.p, text.len, needle, len) : NULL;

	if (!found)
		return (struct span){NULL, 0};
	found += len;
	return (struct span){found, (size_t)(text.p + text.len - found)};
}

/* REST begins within a string: up to the quote that ends it. */
static struct span string_of(struct span rest)
{
	size_t len = 0;

	while (len < rest.len && rest.p[len] != '"')
		len += rest.p[len] == '\\' ? 2 : 1;
	return len < rest.len ? (struct span){rest.p, len} : (struct span){NULL, 0};
}

static struct span member(struct span object, const char *needle)
{
	struct span rest = behind(object, needle);

	return rest.p ? string_of(rest) : rest;
}

static void read_leg(struct cdr_leg *ret, struct span leg)
{
	ret->party = member(leg, "\"party\":\"");
	ret->transport = member(leg, "\"transport\":\"");
	ret->tls_version = member(leg, "\"tls_version\":\"");
	ret->tls_cipher = member(leg, "\"tls_cipher\":\"");
	ret->peer_names = member(leg, "\"peer_names\":\"");
	ret->media = member(leg, "\"media\":\"");
	ret->signalling_required = member(leg, "\"signalling_required\":\"");
	ret->media_required = member(leg, "\"media_required\":\"");
}

int cdr_read(struct cdr *ret, struct span line)
{
	struct span internal = behind(line, "\"internal\":{");
	struct span external = behind(internal, "\"external\":{");
	struct span call;
	struct cdr cdr;

	if (!external.p || line.p[0] != '{' ||
		memcmp(line.p + line.len - 2, "}}", 2) != 0)
		return ERR_FORMAT;
	call = (struct span){line.p, (size_t)(internal.p - line.p)};
	internal.len = (size_t)(external.p - internal.p);
	cdr.id = member(call, "\"id\":\"");
	cdr.end = member(call, "\"end\":\"");
	cdr.answered = behind(call, "\"answer\":\"").p != NULL;
	read_leg(&cdr.internal, internal);
	read_leg(&cdr.external, external);
	if (!cdr.id.p || !cdr.end.p || !cdr.internal.party.p || !cdr.external.party.p)
		return ERR_FORMAT;
	*ret = cdr;
	return 0;
}
