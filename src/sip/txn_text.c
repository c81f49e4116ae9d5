#include "sip/txn_text.h"

#include "base/secret.h"
#include "sip/compose.h"

#include <string.h>

bool txn_text_line(struct span *rest, struct span *ret_line)
{
	const char *end = rest->len ? memchr(rest->p, '\n', rest->len) : NULL;

	if (!end || rest->p[0] == '\r')
		return false;
	*ret_line = (struct span){rest->p, (size_t)(end + 1 - rest->p)};
	*rest = (struct span){end + 1, rest->len - ret_line->len};
	return true;
}

/* The first line of REQUEST that begins with NAME; an empty one where there is none. */
static struct span find_line(struct span request, const char *name)
{
	struct span line;

	while (txn_text_line(&request, &line))
		if (span_starts(line, name))
			return line;
	return (struct span){NULL, 0};
}

static void copy_line(struct buf *out, struct span request, const char *name)
{
	buf_add_span(out, find_line(request, name));
}

static void copy_lines(struct buf *out, struct span request, const char *name)
{
	struct span line;

	while (txn_text_line(&request, &line))
		if (span_starts(line, name))
			buf_add_span(out, line);
}

/* "CSeq: 2 INVITE" gives 2. */
static void add_cseq(struct buf *out, struct span request, const char *method)
{
	struct span cseq = find_line(request, "CSeq:"), number = {NULL, 0};

	span_next(&cseq, ' ', &number);
	span_next(&cseq, ' ', &number);
	buf_printf(out, "CSeq: %.*s %s\r\n", SPAN_ARG(number), method);
}

void txn_text_sibling(
	struct buf *out, struct span request, const char *method, const char *to_line)
{
	struct span first = {NULL, 0}, rest = request, word = {NULL, 0};

	txn_text_line(&rest, &first);
	span_next(&first, ' ', &word);
	span_next(&first, ' ', &word);
	compose_request(out, span_of(method), word);
	copy_line(out, request, "Via:");
	copy_line(out, request, "Max-Forwards:");
	copy_lines(out, request, "Route:");
	copy_line(out, request, "From:");
	if (to_line)
		compose_header_str(out, "To", to_line);
	else
		copy_line(out, request, "To:");
	copy_line(out, request, "Call-ID:");
	add_cseq(out, request, method);
}

bool txn_text_branch(struct span request, struct span *ret)
{
	static const char name[] = ";branch=";
	const char *at = span_find(request, span_of("\r\nVia: ")), *end;

	if (!at)
		return false;
	end = request.p + request.len;
	/* a URI may have such a parameter too */
	at = span_find((struct span){at, (size_t)(end - at)}, span_of(name));
	if (!at)
		return false;
	at += sizeof(name) - 1;
	*ret = (struct span){at, 0};
	while (at + ret->len < end && !memchr(";\r\n", at[ret->len], 3))
		ret->len++;
	return at + ret->len < end;
}

size_t txn_text_branch_end(struct span request, const char *branch)
{
	const char *at = span_find(request, span_of(branch));

	return at ? (size_t)(at - request.p) + strlen(branch) : SIZE_MAX;
}

/* It is the second line. */
void txn_text_renew_via(char **text, size_t *len, const char *via)
{
	struct span rest = {*text, *len};
	struct span line = {NULL, 0};
	struct buf out;

	buf_init(&out, 0);
	txn_text_line(&rest, &line);
	buf_add_span(&out, line);
	compose_header_str(&out, "Via", via);
	txn_text_line(&rest, &line);
	buf_add_span(&out, rest);
	if (!out.err) {
		secret_free(*text, *len);
		*text = buf_steal(&out, len);
	}
	buf_free(&out);
}
