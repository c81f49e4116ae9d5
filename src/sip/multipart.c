#include "sip/multipart.h"

#include <ctype.h>
#include <string.h>

static struct span cut(struct span s, size_t from)
{
	return (struct span){s.p + from, s.len - from};
}

/* The next line of *REST without its end. */
static bool next_line(struct span *rest, struct span *ret_line)
{
	const char *end;

	if (rest->len == 0)
		return false;
	end = memchr(rest->p, '\n', rest->len);
	*ret_line = (struct span){rest->p, end ? (size_t)(end - rest->p) : rest->len};
	*rest = end ? cut(*rest, ret_line->len + 1) : (struct span){0};
	if (ret_line->len > 0 && ret_line->p[ret_line->len - 1] == '\r')
		ret_line->len--;
	return true;
}

/* TEXT without the blanks and line ends around it: a header of a part may be folded. */
static struct span trim(struct span text)
{
	while (text.len > 0 && memchr(" \t\r\n", text.p[0], 4))
		text = cut(text, 1);
	while (text.len > 0 && memchr(" \t\r\n", text.p[text.len - 1], 4))
		text.len--;
	return text;
}

/* A value of NAME among PARAMS, without its quotes. */
static struct span param(struct span params, const char *name)
{
	struct span rest, word = {0};

	while (message_param_next(&params, &rest)) {
		if (!span_next(&rest, '=', &word) || !span_equal_nocase(trim(word), name))
			continue;
		rest = trim(rest);
		if (rest.len > 1 && rest.p[0] == '"' && rest.p[rest.len - 1] == '"')
			rest = (struct span){rest.p + 1, rest.len - 2};
		return rest;
	}
	return (struct span){0};
}

/* "TYPE; PARAMS" */
static struct span split_value(struct span value, struct span *ret_params)
{
	struct span word = {0};

	span_next(&value, ';', &word);
	*ret_params = value.p ? value : (struct span){0};
	return trim(word);
}

/* RFC 2046 5.1.1: bchars, the last one no blank. */
static bool boundary_valid(struct span boundary)
{
	if (boundary.len == 0 || boundary.len > MULTIPART_BOUNDARY_MAX ||
		boundary.p[boundary.len - 1] == ' ')
		return false;
	for (size_t i = 0; i < boundary.len; i++) {
		if (!isalnum((unsigned char)boundary.p[i]) &&
			!memchr("'()+_,-./:=? ", boundary.p[i], 13))
			return false;
	}
	return true;
}

enum delimiter { DELIMITER_NONE, DELIMITER_NEXT, DELIMITER_LAST };

/* Whether LINE is "--BOUNDARY", or "--BOUNDARY--", with blanks behind it. */
static enum delimiter delimiter_of(struct span line, struct span boundary)
{
	enum delimiter result = DELIMITER_NEXT;

	if (line.len < boundary.len + 2 || line.p[0] != '-' || line.p[1] != '-' ||
		memcmp(line.p + 2, boundary.p, boundary.len) != 0)
		return DELIMITER_NONE;
	line = cut(line, boundary.len + 2);
	if (span_starts(line, "--")) {
		result = DELIMITER_LAST;
		line = cut(line, 2);
	}
	return span_trim(line).len == 0 ? result : DELIMITER_NONE;
}

/* Takes the text up to the next delimiter off *REST. The line end before a delimiter is the
 * delimiter's. False: nothing was left. */
static bool take_part(struct span *rest, struct span boundary, struct span *ret_text,
	enum delimiter *ret_delimiter)
{
	const char *begin = rest->p;
	const char *end;
	struct span line;

	if (rest->len == 0)
		return false;
	end = begin + rest->len;
	*ret_delimiter = DELIMITER_LAST; /* where the body is cut off */
	while (next_line(rest, &line)) {
		enum delimiter delimiter = delimiter_of(line, boundary);

		if (delimiter == DELIMITER_NONE)
			continue;
		*ret_delimiter = delimiter;
		end = line.p;
		if (end > begin && end[-1] == '\n')
			end--;
		if (end > begin && end[-1] == '\r')
			end--;
		break;
	}
	*ret_text = (struct span){begin, (size_t)(end - begin)};
	return true;
}

static void read_part_header(struct multipart_part *part, struct span line)
{
	struct span value = line;
	struct span name = {0};

	span_next(&value, ':', &name);
	name = trim(name);
	value = trim(value);
	if (span_equal_nocase(name, "Content-Type") || span_equal_nocase(name, "c"))
		part->type_line = value;
	else if (span_equal_nocase(name, "Content-Disposition"))
		part->disposition = value;
	else if (span_equal_nocase(name, "Content-ID"))
		part->id = value;
	else if (span_equal_nocase(name, "Content-Transfer-Encoding"))
		part->encoding = value;
}

/* Lines that begin with a blank go on with the one before them. */
static bool goes_on(struct span rest)
{
	return rest.len > 0 && (rest.p[0] == ' ' || rest.p[0] == '\t');
}

static void read_part(struct multipart_part *part, struct span text)
{
	struct span ignored;
	struct span line, more;
	unsigned lines = 0;

	while (next_line(&text, &line) && line.len > 0) {
		while (goes_on(text) && next_line(&text, &more))
			line.len = (size_t)(more.p + more.len - line.p);
		if (lines++ < MULTIPART_PART_HEADERS_MAX)
			read_part_header(part, line);
	}
	part->body = text;
	part->type = split_value(part->type_line, &ignored);
	if (part->type.len == 0)
		part->type = span_of("text/plain"); /* RFC 2046 5.1 */
}

/* A multipart within its bounds. */
struct level {
	struct span params; /* of its Content-Type */
	unsigned alternative;
	unsigned depth;
};

static bool is_multipart(struct span type)
{
	return type.len > 10 &&
	       span_equal_nocase((struct span){type.p, 10}, "multipart/");
}

static int read_level(struct multipart *ret, struct span body, const struct level *level,
	struct err_text *text);

/* PART, or the parts within it. */
static int take(struct multipart *ret, const struct multipart_part *part,
	const struct level *above, struct err_text *text)
{
	struct level level = {
		.alternative = above->alternative, .depth = above->depth + 1};
	struct span type;

	if (!is_multipart(part->type)) {
		if (ret->count == MULTIPART_PARTS_MAX)
			return err_set(text, ERR_LIMIT, "the body has more than %d parts",
				MULTIPART_PARTS_MAX);
		ret->parts[ret->count] = *part;
		ret->parts[ret->count++].alternative = level.alternative;
		return 0;
	}
	if (level.depth > MULTIPART_DEPTH_MAX)
		return err_set(text, ERR_LIMIT,
			"more than %d multiparts within each other", MULTIPART_DEPTH_MAX);
	type = split_value(part->type_line, &level.params);
	if (!level.alternative && span_equal_nocase(type, "multipart/alternative"))
		level.alternative = ++ret->alternatives;
	return read_level(ret, part->body, &level, text);
}

static int read_level(struct multipart *ret, struct span body, const struct level *level,
	struct err_text *text)
{
	struct span boundary = param(level->params, "boundary");
	enum delimiter delimiter = DELIMITER_NEXT;
	struct span part_text;
	int err;

	if (!boundary_valid(boundary))
		return err_set(
			text, ERR_FORMAT, "a multipart body without a usable boundary");
	/* what is before the first delimiter means nothing */
	if (!take_part(&body, boundary, &part_text, &delimiter) ||
		delimiter != DELIMITER_NEXT)
		return err_set(text, ERR_FORMAT, "a multipart body without parts");
	while (delimiter == DELIMITER_NEXT &&
		take_part(&body, boundary, &part_text, &delimiter)) {
		struct multipart_part part = {0};

		read_part(&part, part_text);
		err = take(ret, &part, level, text);
		if (err)
			return err;
	}
	return 0;
}

/* A description whose sender forgot to say that it is one. */
static bool looks_like_sdp(struct span body)
{
	return span_starts(body, "v=0\r\n") || span_starts(body, "v=0\n");
}

int multipart_read(
	struct multipart *ret, const struct message *message, struct err_text *text)
{
	const struct level level = {0};
	struct multipart_part part = {.body = message_body(message)};
	struct message_body_lines lines;
	struct span ignored;

	ret->count = 0;
	ret->alternatives = 0;
	ret->multipart = false;
	if (part.body.len == 0)
		return 0;
	message_body_lines(message, &lines);
	if (lines.encoding.len > 0 && !span_equal_nocase(lines.encoding, "identity"))
		return err_set(text, ERR_SUPPORT, "the body has a Content-Encoding");
	part.type_line = lines.type;
	part.disposition = lines.disposition;
	part.id = lines.id;
	part.encoding = lines.transfer_encoding;
	part.type = split_value(part.type_line, &ignored);
	if (part.type.len == 0 && looks_like_sdp(part.body))
		part.type = span_of("application/sdp");
	ret->multipart = is_multipart(part.type);
	return take(ret, &part, &level, text);
}

bool multipart_is_optional(const struct multipart_part *part)
{
	struct span params;

	split_value(part->disposition, &params);
	return span_equal_nocase(param(params, "handling"), "optional");
}

/* RFC 2045 6.2: these mean that nothing was done to it. */
static bool is_encoded(const struct multipart_part *part)
{
	static const char *const plain[] = {"7bit", "8bit", "binary"};

	for (size_t i = 0; i < sizeof plain / sizeof plain[0]; i++) {
		if (span_equal_nocase(part->encoding, plain[i]))
			return false;
	}
	return part->encoding.len > 0;
}

/* "application/sdp", with blanks around the slash where somebody writes them (RFC 3261 25.1:
 * SLASH). */
static bool is_sdp(struct span type)
{
	struct span word;

	return span_next(&type, '/', &word) &&
	       span_equal_nocase(trim(word), "application") && type.p &&
	       span_equal_nocase(trim(type), "sdp");
}

static bool is_session(const struct multipart_part *part)
{
	struct span params;
	struct span type = split_value(part->disposition, &params);

	return is_sdp(part->type) && !is_encoded(part) &&
	       (type.len == 0 || span_equal_nocase(type, "session"));
}

const struct multipart_part *multipart_sdp(
	const struct multipart *multipart, unsigned nth)
{
	unsigned i = 0;

	while (i < multipart->count) {
		unsigned first = i;
		unsigned number = multipart->parts[i].alternative;

		/* the parts that are forms of one thing stand together */
		for (i++; number && i < multipart->count &&
			  multipart->parts[i].alternative == number;)
			i++;
		for (unsigned k = i; k > first; k--) {
			if (is_session(&multipart->parts[k - 1]) && nth-- == 0)
				return &multipart->parts[k - 1];
		}
	}
	return NULL;
}

/* "Name: value", its folds as blanks. */
static void add_header(struct buf *out, const char *name, struct span value)
{
	if (value.len == 0)
		return;
	buf_add_str(out, name);
	buf_add_str(out, ": ");
	for (size_t i = 0; i < value.len; i++) {
		bool end = value.p[i] == '\r' || value.p[i] == '\n';

		buf_add_char(out, end ? ' ' : value.p[i]);
	}
	buf_add_str(out, "\r\n");
}

void multipart_add(struct buf *out, const struct multipart_part *part)
{
	add_header(out, "Content-Type", part->type_line);
	add_header(out, "Content-Disposition", part->disposition);
	add_header(out, "Content-ID", part->id);
	add_header(out, "Content-Transfer-Encoding", part->encoding);
	buf_add_str(out, "\r\n");
	buf_add_span(out, part->body);
}
