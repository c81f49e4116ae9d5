#include "ctl/ladder_text.h"

#include "ctl/ladder_words.h"
#include "ctl/show_value.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TIMES 11
/* Between two columns: least, and most, which the longest labels need. */
#define PITCH_MIN 16
#define PITCH_MAX 36
#define WIDTH_MAX 512
#define WIDTH_PLAIN 100 /* where there is no terminal */
/* A label has so much before and behind it at least: "- " and " >". */
#define LABEL_MARGIN 4

/* ---- one line ---- */

struct line {
	char cells[WIDTH_MAX + 1];
	unsigned width;
};

static void line_begin(
	struct line *line, const struct ladder_lanes *lanes, const char *time)
{
	line->width = lanes->width < WIDTH_MAX ? lanes->width : WIDTH_MAX;
	memset(line->cells, ' ', sizeof(line->cells));
	for (unsigned i = 0; i < lanes->count; i++)
		if (lanes->at[i] < line->width)
			line->cells[lanes->at[i]] = '|';
	for (unsigned i = 0; i < line->width && time[i]; i++)
		line->cells[i] = time[i];
}

/* TEXT, ASCII, at column AT; what is longer than ROOM ends in '~'. */
static void line_put(struct line *line, unsigned at, unsigned room, const char *text)
{
	const size_t len = strlen(text);

	if (at >= line->width)
		return;
	if (room > line->width - at)
		room = line->width - at;
	for (unsigned i = 0; i < room && i < len; i++)
		line->cells[at + i] = i + 1 == room && len > room ? '~' : text[i];
}

static void line_end(struct line *line, struct buf *out)
{
	unsigned len = line->width;

	while (len > 0 && line->cells[len - 1] == ' ')
		len--;
	buf_add(out, line->cells, len);
	buf_add_char(out, '\n');
}

/* ---- columns ---- */

bool ladder_lanes_make(struct ladder_lanes *ret, unsigned left, unsigned right,
	unsigned width, unsigned times, unsigned tail)
{
	const unsigned count = left + 1 + right;
	unsigned pitch = PITCH_MAX;

	*ret = (struct ladder_lanes){.count = 0};
	if (count > LADDER_LANES_MAX ||
		(width && times + 2 + tail + (count - 1) * PITCH_MIN > width))
		return false;
	if (width && count > 1 && (width - times - 2 - tail) / (count - 1) < PITCH_MAX)
		pitch = (width - times - 2 - tail) / (count - 1);
	if (times + 1 + (count - 1) * pitch >= WIDTH_MAX)
		return false;
	for (unsigned i = 0; i < count; i++)
		ret->at[i] = times + 1 + i * pitch;
	ret->count = count;
	ret->us = left;
	ret->width = width ? width : ret->at[count - 1] + 2 + (tail ? tail : PITCH_MAX);
	return true;
}

/* ---- an arrow ---- */

/* Between columns A and B, from the one that FROM says. */
static void draw_arrow(struct line *line, unsigned a, unsigned b, bool rightward,
	const json_t *message, unsigned repeats)
{
	char label[LADDER_LABEL_SIZE];
	const unsigned span = b - a - 1;
	unsigned room, at, len;

	for (unsigned i = a + 1; i < b && i < line->width; i++)
		line->cells[i] = '-';
	if (rightward && b - 1 < line->width)
		line->cells[b - 1] = '>';
	if (!rightward && a + 1 < line->width)
		line->cells[a + 1] = '<';
	room = span > LABEL_MARGIN ? span - LABEL_MARGIN : 0;
	len = (unsigned)strlen(ladder_label(message, repeats, room, label));
	if (len > room)
		len = room;
	if (len == 0)
		return;
	at = a + 1 + (span - len) / 2;
	line->cells[at - 1] = ' ';
	line->cells[at + len] = ' ';
	line_put(line, at, len, label);
}

/* TEXT between column US and the one that it is about, as near to that as it can be. */
static void put_remark(struct line *line, unsigned us, unsigned at, const char *text)
{
	const unsigned len = (unsigned)strlen(text);

	if (at > us)
		at = at > us + len + 3 ? at - len - 3 : us;
	line_put(line, at + 2, line->width, text);
}

/* NOTE at column AT, in as many lines as it takes; a word that is longer than a line is cut. */
static void add_note(
	const struct ladder_lanes *lanes, const char *note, unsigned at, struct buf *out)
{
	const size_t room = lanes->width > at + 8 ? lanes->width - at : 8;
	struct line line;
	char part[LADDER_NOTE_SIZE];
	size_t len;

	while (*note) {
		len = strlen(note);
		if (len > room) {
			for (len = room;
				len > 0 && note[len] != ' ' && note[len - 1] != ',';
				len--)
				;
			if (len == 0)
				len = strcspn(note, " ");
		}
		snprintf(part, sizeof(part), "%.*s", (int)len, note);
		line_begin(&line, lanes, "");
		line_put(&line, at, (unsigned)room, part);
		line_end(&line, out);
		note += len;
		note += strspn(note, " ");
	}
}

/* What stands below the arrow, beside column AT. */
static void add_notes(const struct ladder_lanes *lanes, const json_t *message,
	unsigned at, struct buf *out)
{
	char note[LADDER_NOTE_SIZE];

	for (unsigned i = 0; ladder_note(message, i, note); i++)
		add_note(lanes, note, at, out);
}

void ladder_arrow(const struct ladder_lanes *lanes, const struct ladder_arrow *arrow,
	struct buf *out)
{
	const bool sent = json_is_true(json_object_get(arrow->message, "sent"));
	const unsigned us = lanes->at[lanes->us];
	const unsigned lane = arrow->lane < lanes->count ? arrow->lane : lanes->us;
	const unsigned at = lanes->at[lane];
	struct line line;

	line_begin(&line, lanes, arrow->time);
	if (at == us || !ladder_is_message(arrow->message))
		put_remark(&line, us, at, ladder_remark(arrow->message));
	else if (at < us)
		draw_arrow(&line, at, us, !sent, arrow->message, arrow->repeats);
	else
		draw_arrow(&line, us, at, sent, arrow->message, arrow->repeats);
	if (arrow->tail[0])
		line_put(&line, lanes->at[lanes->count - 1] + 2, line.width, arrow->tail);
	line_end(&line, out);
	add_notes(lanes, arrow->message, (at < us ? at : us) + 3, out);
}

/* ---- all of it ---- */

struct drawing {
	struct ladder_parties parties;
	struct ladder_lanes lanes;
};

static void add_parties(
	const struct ladder_parties *parties, unsigned width, struct buf *out)
{
	const json_t *party;
	struct buf line;
	char key[LADDER_KEY_SIZE];
	size_t i;

	json_array_foreach(parties->list, i, party)
	{
		buf_init(&line, 0);
		buf_printf(&line, "%-4s", ladder_parties_key(parties, (unsigned)i, key));
		ladder_add_ascii(&line, show_word(party, "name"));
		buf_add_str(&line, "  ");
		ladder_add_ascii(&line, show_word(party, "address"));
		buf_add_str(&line, "  ");
		ladder_add_ascii(&line, show_word(party, "how"));
		while (line.len > 0 && line.data[line.len - 1] == ' ')
			line.len--;
		if (width && line.len > width) {
			line.len = width;
			line.data[width - 1] = '~';
		}
		buf_add_span(out, buf_span(&line));
		buf_add_char(out, '\n');
		buf_free(&line);
	}
	buf_add_char(out, '\n');
}

/* The name of party INDEX at its column, or its key where that would not fit. */
static void add_title(const struct drawing *drawing, struct line *line, unsigned index)
{
	const struct ladder_lanes *lanes = &drawing->lanes;
	const struct ladder_parties *parties = &drawing->parties;
	const unsigned lane = parties->lane_of[index], at = lanes->at[lane];
	const unsigned pitch = lanes->at[1] - lanes->at[0];
	char key[LADDER_KEY_SIZE];
	const char *text = ladder_parties_key(parties, index, key);
	struct buf name;
	unsigned len;

	buf_init(&name, 0);
	ladder_add_ascii(&name, show_word(json_array_get(parties->list, index), "name"));
	if (buf_str(&name) && name.len > 0 && name.len + 2 <= pitch)
		text = name.data;
	len = (unsigned)strlen(text);
	/* the first one begins at its column, the last one ends there, the others stand across */
	if (lane == 0)
		line_put(line, at, len, text);
	else
		line_put(line, at - (lane + 1 < lanes->count ? len / 2 : len - 1), len,
			text);
	buf_free(&name);
}

static void add_titles(const struct drawing *drawing, struct buf *out)
{
	static const char us[] = "tandem";
	const struct ladder_lanes *lanes = &drawing->lanes;
	const struct ladder_lanes none = {.width = lanes->width};
	const unsigned at = lanes->at[lanes->us], len = sizeof(us) - 1;
	struct line line;

	line_begin(&line, &none, "");
	if (lanes->us == 0)
		line_put(&line, at, len, us);
	else
		line_put(&line, at - (lanes->us + 1 < lanes->count ? len / 2 : len - 1),
			len, us);
	for (unsigned i = 0; i < drawing->parties.count; i++)
		add_title(drawing, &line, i);
	line_end(&line, out);
}

/* Where there is no room for columns. */
static void add_plainly(const struct ladder_parties *parties,
	const struct ladder_arrow *arrow, unsigned width, struct buf *out)
{
	const unsigned index = ladder_parties_of(parties, arrow->message);
	const bool sent = json_is_true(json_object_get(arrow->message, "sent"));
	struct ladder_lanes lanes = {.width = width};
	char key[LADDER_KEY_SIZE], label[LADDER_LABEL_SIZE], note[LADDER_NOTE_SIZE];
	struct line line;

	snprintf(note, sizeof(note), "%s %s %s", sent ? "->" : "<-",
		index < parties->count ? ladder_parties_key(parties, index, key) : "?",
		ladder_is_message(arrow->message)
			? ladder_label(arrow->message, arrow->repeats, width, label)
			: ladder_remark(arrow->message));
	line_begin(&line, &lanes, arrow->time);
	line_put(&line, TIMES, width, note);
	line_end(&line, out);
	add_notes(&lanes, arrow->message, TIMES + 3, out);
}

static void time_of(const json_t *message, char ret[static 32])
{
	const json_t *after = json_object_get(message, "after_us");
	const long long us = (long long)json_integer_value(after);

	if (json_is_integer(after))
		snprintf(ret, 32, "%6lld.%03lld", us / 1000000, us / 1000 % 1000);
	else
		snprintf(ret, 32, "%s", "");
}

static void add_messages(const struct drawing *drawing, const json_t *messages,
	unsigned width, struct buf *out)
{
	const json_t *message;
	char time[32];
	size_t i;

	json_array_foreach(messages, i, message)
	{
		const struct ladder_arrow arrow = {.message = message,
			.lane = ladder_parties_lane(&drawing->parties, message),
			.time = time,
			.tail = "",
			.repeats = i < LADDER_ROWS_MAX ? drawing->parties.repeats[i] : 0};

		/* it was shown where it came first */
		if (arrow.repeats == 0)
			continue;
		time_of(message, time);
		if (drawing->lanes.count > 0)
			ladder_arrow(&drawing->lanes, &arrow, out);
		else
			add_plainly(&drawing->parties, &arrow, width, out);
	}
}

void ladder_text(const json_t *ladder, unsigned width, struct buf *out)
{
	struct drawing *drawing = calloc(1, sizeof(*drawing));
	struct ladder_parties *parties;

	if (!drawing) {
		out->err = -ENOMEM;
		return;
	}
	parties = &drawing->parties;
	ladder_parties_read(parties, ladder);
	add_parties(parties, width, out);
	if (ladder_lanes_make(&drawing->lanes, parties->left,
		    parties->count - parties->left, width, TIMES, 0))
		add_titles(drawing, out);
	add_messages(drawing, json_object_get(ladder, "messages"),
		width ? width : WIDTH_PLAIN, out);
	free(drawing);
}
