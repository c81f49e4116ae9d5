#include "sdp/lines.h"

#include "base/secret.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Room for the edits of a usual call, taken with the first of them: a description that is
 * only kept has no more than its text. */
#define CHUNK_SPARE 768
#define END_LEN ((size_t)2) /* CRLF */
/* Lines that are inserted into a description usually. */
#define ROOM_STEP 16

/* A chunk of the arena. */
struct sdp_text {
	struct sdp_text *next;
	unsigned size;
	unsigned used;
	char data[];
};

/* LEN bytes that live until lines_free(); NULL when out of memory. SPARE more are ready for
 * who comes next. */
static char *chunk_take(struct lines *lines, size_t len, size_t spare)
{
	struct sdp_text *chunk = lines->chunks;

	if (!chunk || chunk->size - chunk->used < len) {
		size_t size = len + spare;

		chunk = malloc(sizeof(*chunk) + size);
		if (!chunk)
			return NULL;
		chunk->next = lines->chunks;
		chunk->size = (unsigned)size;
		chunk->used = 0;
		lines->chunks = chunk;
	}
	char *p = chunk->data + chunk->used;

	chunk->used += (unsigned)len;
	return p;
}

/* Makes sure that one more line fits. */
static int grow(struct lines *lines)
{
	if (lines->count < lines->room)
		return 0;
	unsigned room = lines->room + lines->room / 2 + ROOM_STEP;
	struct line *line = realloc(lines->line, room * sizeof(*line));

	if (!line)
		return -ENOMEM;
	lines->line = line;
	lines->room = room;
	return 0;
}

/* Appends the line at the front of REST. */
static void load_line(struct lines *lines, struct span *rest)
{
	const char *newline = memchr(rest->p, '\n', rest->len);
	size_t len;

	assert(newline && newline[-1] == '\r');
	len = (size_t)(newline - rest->p) - 1;
	assert(len >= 2 && len <= SDP_MAX_LINE);
	assert(lines->count < lines->room);
	if (rest->p[0] == 'm')
		lines->start[lines->sections++] = lines->count;
	lines->line[lines->count++] =
		(struct line){.p = rest->p, .len = (uint16_t)len, .type = rest->p[0]};
	rest->p += len + END_LEN;
	rest->len -= len + END_LEN;
}

/* A table that has just as many lines as TEXT. */
static int make_table(struct lines *lines, struct span text)
{
	for (size_t i = 0; i < text.len; i++)
		lines->room += text.p[i] == '\n';
	lines->line = malloc(lines->room * sizeof(*lines->line));
	return lines->line ? 0 : -ENOMEM;
}

int lines_load(struct lines *ret, struct span text)
{
	struct lines lines = {.sections = 1, .bytes = text.len};
	char *copy = chunk_take(&lines, text.len, 0);

	if (!copy)
		return -ENOMEM;
	memcpy(copy, text.p, text.len);
	struct span rest = {copy, text.len};

	if (make_table(&lines, rest) != 0) {
		lines_free(&lines);
		return -ENOMEM;
	}
	while (rest.len > 0)
		load_line(&lines, &rest);
	lines.start[lines.sections] = lines.count;
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
		size_t len = line->len + END_LEN;

		copy.line[i] = *line;
		copy.line[i].p = p;
		memcpy(p, line->p, len);
		p += len;
	}
	*ret = copy;
	return 0;
}

void sdp_text_free(struct sdp_text *text)
{
	if (text)
		secret_free(text, sizeof(*text) + text->used);
}

struct span sdp_text_span(const struct sdp_text *text)
{
	return (struct span){text->data, text->used};
}

void lines_free(struct lines *lines)
{
	while (lines->chunks) {
		struct sdp_text *chunk = lines->chunks;

		lines->chunks = chunk->next;
		sdp_text_free(chunk);
	}
	free(lines->line);
	*lines = (struct lines){0};
}

/* Lines from *AT on that lie side by side, as those that nobody edited do: they are written in one
 * piece. False: there are none left. */
static bool next_run(const struct lines *lines, unsigned *at, struct span *ret)
{
	struct span run = {NULL, 0};

	for (; *at < lines->count; (*at)++) {
		const struct line *line = &lines->line[*at];

		if (run.len && run.p + run.len != line->p)
			break;
		if (!run.len)
			run.p = line->p;
		run.len += line->len + END_LEN;
	}
	*ret = run;
	return run.len > 0;
}

void lines_print(const struct lines *lines, struct buf *out)
{
	struct span run;

	for (unsigned at = 0; next_run(lines, &at, &run);)
		buf_add_span(out, run);
}

static bool copy_text(const struct lines *lines, struct lines *copy)
{
	char *p = chunk_take(copy, lines->bytes, 0);
	struct span run;

	if (!p)
		return false;
	for (unsigned at = 0; next_run(lines, &at, &run); p += run.len)
		memcpy(p, run.p, run.len);
	return true;
}

struct sdp_text *lines_take_text(struct lines *lines)
{
	struct sdp_text *text = lines->chunks;
	struct lines copy = {.chunks = NULL};

	if (!text->next && text->used == lines->bytes) {
		lines->chunks = NULL;
	} else {
		if (!copy_text(lines, &copy))
			return NULL;
		text = copy.chunks;
	}
	lines_free(lines);
	return text;
}

struct span line_value(const struct line *line)
{
	return (struct span){line->p + 2, line->len - 2u};
}

/* Writes TEXT with its line end into the arena. */
static int store(struct lines *lines, struct span text, size_t dropped, struct line *ret)
{
	assert(text.len >= 2);
	if (text.len > SDP_MAX_LINE ||
		lines->bytes - dropped + text.len + END_LEN > SDP_MAX_BYTES)
		return ERR_LIMIT;
	char *p = chunk_take(lines, text.len + END_LEN, CHUNK_SPARE);

	if (!p)
		return -ENOMEM;
	memcpy(p, text.p, text.len);
	memcpy(p + text.len, "\r\n", END_LEN);
	*ret = (struct line){.p = p, .len = (uint16_t)text.len, .type = p[0]};
	return 0;
}

int lines_replace(struct lines *lines, size_t index, struct span text)
{
	struct line *line = &lines->line[index];
	size_t old = line->len + END_LEN;
	struct line stored;
	int err = store(lines, text, old, &stored);

	if (err)
		return err;
	*line = stored;
	lines->bytes += stored.len + END_LEN;
	lines->bytes -= old;
	return 0;
}

int lines_insert(struct lines *lines, unsigned section, size_t index, struct span text)
{
	struct line stored;
	int err = grow(lines);

	assert(index > 0 && index >= lines->start[section] &&
		index <= lines->start[section + 1]);
	if (!err)
		err = store(lines, text, 0, &stored);
	if (err)
		return err;
	memmove(&lines->line[index + 1], &lines->line[index],
		(lines->count - index) * sizeof(lines->line[0]));
	lines->line[index] = stored;
	lines->count++;
	lines->bytes += text.len + END_LEN;
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
			lines->bytes -= line->len + END_LEN;
		else
			lines->line[kept++] = *line;
	}
	unsigned removed = (unsigned)(end - kept);

	if (removed == 0)
		return 0;
	memmove(&lines->line[kept], &lines->line[end],
		(lines->count - end) * sizeof(lines->line[0]));
	lines->count -= removed;
	for (unsigned i = section + 1; i <= lines->sections; i++)
		lines->start[i] -= removed;
	return removed;
}
