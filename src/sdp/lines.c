#include "sdp/lines.h"

#include "base/secret.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Room for the edits of a usual call, taken with the first of them: a description that is
 * only kept has no more than its text. */
#define CHUNK_SPARE 768
/* Lines that are inserted into a description usually. */
#define ROOM_STEP 16

struct lines_chunk {
	struct lines_chunk *next;
	size_t size;
	size_t used;
	char data[];
};

/* LEN bytes that live until lines_free(); NULL when out of memory. SPARE more are ready for
 * who comes next. */
static char *chunk_take(struct lines *lines, size_t len, size_t spare)
{
	struct lines_chunk *chunk = lines->chunks;

	if (!chunk || chunk->size - chunk->used < len) {
		size_t size = len + spare;

		chunk = malloc(sizeof(*chunk) + size);
		if (!chunk)
			return NULL;
		chunk->next = lines->chunks;
		chunk->size = size;
		chunk->used = 0;
		lines->chunks = chunk;
	}
	char *p = chunk->data + chunk->used;

	chunk->used += len;
	return p;
}

/* Makes sure that one more line fits. */
static int grow(struct lines *lines)
{
	if (lines->count < lines->room)
		return 0;
	size_t room = lines->room + lines->room / 2 + ROOM_STEP;
	struct line *line = realloc(lines->line, room * sizeof(*line));

	if (!line)
		return -ENOMEM;
	lines->line = line;
	lines->room = room;
	return 0;
}

/* Where the empty lines at the end of TEXT begin; LEN when there are none. */
static size_t body_length(const char *text, size_t len)
{
	while (len > 0 && text[len - 1] == '\n') {
		size_t end = len - 1;

		if (end > 0 && text[end - 1] == '\r')
			end--;
		if (end > 0 && text[end - 1] != '\n')
			break;
		len = end;
	}
	return len;
}

static int check_line(const struct line *line, size_t number, struct err_text *error)
{
	if (line->len < 2 || line->p[1] != '=' || line->type < 'a' || line->type > 'z')
		return err_set(error, ERR_FORMAT,
			"line %zu of the SDP does not begin with a small letter and '='",
			number);
	if (memchr(line->p, '\r', line->len))
		return err_set(error, ERR_FORMAT,
			"line %zu of the SDP has a carriage return that ends no line",
			number);
	return 0;
}

/* Appends the line at the front of REST, without looking at its section. */
static int load_line(struct lines *lines, struct span *rest, struct err_text *error)
{
	const char *newline = memchr(rest->p, '\n', rest->len);
	size_t len = newline ? (size_t)(newline - rest->p) : rest->len;
	uint8_t end_len = newline ? 1 : 0;

	if (newline && len > 0 && newline[-1] == '\r') {
		len--;
		end_len = 2;
	}
	if (len > SDP_MAX_LINE)
		return err_set(error, ERR_LIMIT,
			"line %zu of the SDP has %zu bytes, %d are allowed",
			lines->count + 1, len, SDP_MAX_LINE);
	struct line line = {.p = rest->p,
		.len = (uint16_t)len,
		.end_len = end_len,
		.type = rest->p[0]};
	int err = check_line(&line, lines->count + 1, error);

	if (err)
		return err;
	assert(lines->count < lines->room);
	lines->line[lines->count++] = line;
	rest->p += len + end_len;
	rest->len -= len + end_len;
	return 0;
}

static int load_all(struct lines *lines, struct span rest, struct err_text *error)
{
	unsigned attributes = 0;

	while (rest.len > 0) {
		char type = rest.p[0];
		int err = load_line(lines, &rest, error);

		if (err)
			return err;
		if (type == 'm') {
			if (lines->sections > SDP_MAX_MEDIA)
				return err_set(error, ERR_LIMIT,
					"the SDP has more than %d media lines",
					SDP_MAX_MEDIA);
			lines->start[lines->sections++] = lines->count - 1;
			attributes = 0;
		}
		if (type == 'a' && ++attributes > SDP_MAX_ATTRIBUTES)
			return err_set(error, ERR_LIMIT,
				"line %zu of the SDP: more than %d attributes in one "
				"section",
				lines->count, SDP_MAX_ATTRIBUTES);
	}
	lines->start[lines->sections] = lines->count;
	return 0;
}

/* A table that has just as many lines as TEXT. */
static int make_table(struct lines *lines, struct span text)
{
	const char *end = text.p + text.len;
	const char *p = text.p;

	while (p < end) {
		const char *newline = memchr(p, '\n', (size_t)(end - p));

		p = newline ? newline + 1 : end;
		lines->room++;
	}
	lines->line = malloc(lines->room * sizeof(*lines->line));
	return lines->line || !lines->room ? 0 : -ENOMEM;
}

int lines_load(struct lines *ret, const char *text, size_t len, struct err_text *error)
{
	if (len > SDP_MAX_BYTES)
		return err_set(error, ERR_LIMIT, "the SDP has %zu bytes, %d are allowed",
			len, SDP_MAX_BYTES);
	if (len == 0)
		return err_set(error, ERR_FORMAT, "the SDP is empty");
	if (memchr(text, '\0', len))
		return err_set(error, ERR_FORMAT, "the SDP has a NUL byte");

	struct lines lines = {.sections = 1, .bytes = len};
	char *copy = chunk_take(&lines, len, 0);

	if (!copy)
		return -ENOMEM;
	memcpy(copy, text, len);
	size_t body = body_length(copy, len);

	lines.tail = (struct span){copy + body, len - body};
	int err = make_table(&lines, (struct span){copy, body});

	if (!err)
		err = load_all(&lines, (struct span){copy, body}, error);
	if (err) {
		lines_free(&lines);
		return err;
	}
	*ret = lines;
	return 0;
}

int lines_copy(struct lines *ret, const struct lines *lines)
{
	struct lines copy = *lines;

	copy.chunks = NULL;
	copy.room = lines->count;
	copy.line = malloc(copy.room * sizeof(*copy.line));
	char *p = copy.line ? chunk_take(&copy, lines->bytes, 0) : NULL;

	if (!p) {
		free(copy.line);
		return -ENOMEM;
	}
	for (size_t i = 0; i < lines->count; i++) {
		const struct line *line = &lines->line[i];
		size_t len = (size_t)line->len + line->end_len;

		copy.line[i] = *line;
		copy.line[i].p = p;
		memcpy(p, line->p, len);
		p += len;
	}
	if (lines->tail.len)
		memcpy(p, lines->tail.p, lines->tail.len);
	copy.tail.p = p;
	*ret = copy;
	return 0;
}

void lines_free(struct lines *lines)
{
	while (lines->chunks) {
		struct lines_chunk *chunk = lines->chunks;

		lines->chunks = chunk->next;
		secret_wipe_bytes(chunk->data, chunk->used);
		free(chunk);
	}
	free(lines->line);
	*lines = (struct lines){0};
}

void lines_print(const struct lines *lines, struct buf *out)
{
	struct span run = {NULL, 0};

	/* Lines that nobody edited lie side by side: they leave in one piece. */
	for (size_t i = 0; i < lines->count; i++) {
		const struct line *line = &lines->line[i];
		size_t len = (size_t)line->len + line->end_len;

		if (run.len && run.p + run.len == line->p) {
			run.len += len;
			continue;
		}
		if (run.len)
			buf_add_span(out, run);
		run = (struct span){line->p, len};
	}
	buf_add_span(out, run);
	if (lines->tail.len)
		buf_add_span(out, lines->tail);
}

struct span line_value(const struct line *line)
{
	return (struct span){line->p + 2, line->len - 2u};
}

/* Writes TEXT with a line end of END_LEN bytes into the arena. */
static int store(struct lines *lines, struct span text, size_t end_len, size_t dropped,
	struct line *ret)
{
	assert(text.len >= 2 && end_len <= 2);
	if (text.len > SDP_MAX_LINE ||
		lines->bytes - dropped + text.len + end_len > SDP_MAX_BYTES)
		return ERR_LIMIT;
	char *p = chunk_take(lines, text.len + end_len, CHUNK_SPARE);

	if (!p)
		return -ENOMEM;
	memcpy(p, text.p, text.len);
	memcpy(p + text.len, end_len == 2 ? "\r\n" : "\n", end_len);
	*ret = (struct line){.p = p,
		.len = (uint16_t)text.len,
		.end_len = (uint8_t)end_len,
		.type = p[0]};
	return 0;
}

int lines_replace(struct lines *lines, size_t index, struct span text)
{
	struct line *line = &lines->line[index];
	size_t old = (size_t)line->len + line->end_len;
	struct line stored;
	int err = store(lines, text, line->end_len, old, &stored);

	if (err)
		return err;
	*line = stored;
	lines->bytes += (size_t)stored.len + stored.end_len;
	lines->bytes -= old;
	return 0;
}

/* A line may only be put behind another that has a line end: the last may lack it. */
static int end_last_line(struct lines *lines, size_t end_len)
{
	struct line *last = &lines->line[lines->count - 1];

	if (last->end_len)
		return 0;
	int err =
		store(lines, (struct span){last->p, last->len}, end_len, last->len, last);

	if (!err)
		lines->bytes += end_len;
	return err;
}

int lines_insert(struct lines *lines, unsigned section, size_t index, struct span text)
{
	/* New lines end as the first line does. */
	size_t end_len = lines->line[0].end_len;
	struct line stored;
	int err = grow(lines);

	assert(index > 0 && index >= lines->start[section] &&
		index <= lines->start[section + 1]);
	/* Room for the line end that the last line may lack is part of the bargain, so that
	 * nothing changes when the new line does not fit. */
	if (!err && lines->bytes + text.len + 2 * end_len > SDP_MAX_BYTES)
		err = ERR_LIMIT;
	if (!err)
		err = store(lines, text, end_len, 0, &stored);
	if (!err && index == lines->count)
		err = end_last_line(lines, end_len);
	if (err)
		return err;
	memmove(&lines->line[index + 1], &lines->line[index],
		(lines->count - index) * sizeof(lines->line[0]));
	lines->line[index] = stored;
	lines->count++;
	lines->bytes += text.len + end_len;
	for (unsigned i = section + 1; i <= lines->sections; i++)
		lines->start[i]++;
	return 0;
}

unsigned lines_remove(struct lines *lines, unsigned section, size_t from,
	lines_match_h *match, const void *arg)
{
	size_t end = lines->start[section + 1];
	size_t kept = from;

	for (size_t i = from; i < end; i++) {
		struct line *line = &lines->line[i];

		if (match(line, arg))
			lines->bytes -= (size_t)line->len + line->end_len;
		else
			lines->line[kept++] = *line;
	}
	size_t removed = end - kept;

	if (removed == 0)
		return 0;
	memmove(&lines->line[kept], &lines->line[end],
		(lines->count - end) * sizeof(lines->line[0]));
	lines->count -= removed;
	for (unsigned i = section + 1; i <= lines->sections; i++)
		lines->start[i] -= removed;
	return (unsigned)removed;
}
