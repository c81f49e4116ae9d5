/*
 * By hand, as the line is written: a report looks at ten of eighty members of a million
 * records while calls wait. Looking for a name in quotes is enough, since within a string
 * the quotes would be escaped.
 */
#include "audit/cdr_read.h"

#include "base/err.h"
#include "evidence/head.h"

#include <errno.h>
#include <string.h>

/* What stands behind NEEDLE; p NULL when it is not in TEXT. */
static struct span behind(struct span text, const char *needle)
{
	const char *found = span_find(text, span_of(needle));

	if (!found)
		return (struct span){NULL, 0};
	found += strlen(needle);
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

/* Where the legs begin, the second one behind the first. False: it has not both. */
static bool find_legs(struct span line, struct span ret[static 2])
{
	static const char *const names[][2] = {
		{"\"internal\":{", "\"external\":{"},
		{"\"internal\":{", "\"internal_b\":{"},
		{"\"external\":{", "\"external_b\":{"},
	};

	for (unsigned i = 0; i < 3; i++) {
		ret[0] = behind(line, names[i][0]);
		ret[1] = behind(ret[0], names[i][1]);
		if (ret[1].p)
			return true;
	}
	return false;
}

/* Of a record with a kind: the members in front, where what peers sent cannot stand. */
static struct span kind_of(struct span line)
{
	uint64_t seq;

	if (head_read(line, &seq) != 0)
		return (struct span){NULL, 0};
	return member(line, "\"kind\":\"");
}

/* A record of no call. */
static int read_other(struct cdr *ret, struct span line)
{
	const struct cdr cdr = {.line = line, .end = member(line, "\"time\":\"")};

	if (!cdr.end.p)
		return ERR_FORMAT;
	*ret = cdr;
	return -ENOMSG;
}

int cdr_read(struct cdr *ret, struct span line)
{
	const struct span kind = kind_of(line);
	struct span legs[2];
	struct span call, method;
	struct cdr cdr;

	if (kind.p && !span_equal_str(kind, "call"))
		return read_other(ret, line);
	if (!find_legs(line, legs) || line.p[0] != '{' ||
		memcmp(line.p + line.len - 2, "}}", 2) != 0)
		return ERR_FORMAT;
	call = (struct span){line.p, (size_t)(legs[0].p - line.p)};
	legs[0].len = (size_t)(legs[1].p - legs[0].p);
	cdr.line = line;
	cdr.id = member(call, "\"id\":\"");
	cdr.end = member(call, "\"end\":\"");
	method = member(call, "\"method\":\""); /* not in records of old */
	cdr.message = method.len > 0 && !span_equal_str(method, "INVITE");
	cdr.answered = behind(call, "\"answer\":\"").p != NULL;
	for (unsigned i = 0; i < 2; i++)
		read_leg(&cdr.legs[i], legs[i]);
	if (!cdr.id.p || !cdr.end.p || !cdr.legs[0].party.p || !cdr.legs[1].party.p)
		return ERR_FORMAT;
	*ret = cdr;
	return 0;
}
