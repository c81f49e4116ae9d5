#include "ctl/ladder_svg.h"

#include "ctl/ladder_parties.h"
#include "ctl/ladder_words.h"
#include "ctl/report_html.h"
#include "ctl/show_value.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* In units of the drawing, which are about pixels. */
#define LEFT 90
#define PITCH 260
#define RIGHT 170
#define TOP 34
#define ROW 26
#define NOTE 15
#define HEAD 7
#define LABEL_MAX 60

static unsigned place_of(unsigned lane)
{
	return LEFT + lane * PITCH;
}

static void add_text(
	struct buf *out, const char *kind, unsigned x, unsigned y, const char *text)
{
	buf_printf(out, "<text class=\"%s\" x=\"%u\" y=\"%u\">", kind, x, y);
	report_html_text(out, text);
	buf_add_str(out, "</text>\n");
}

/* A line from X1 to X2 with a head there. */
static void add_arrow(struct buf *out, unsigned x1, unsigned x2, unsigned y)
{
	const int back = x2 > x1 ? -HEAD : HEAD;

	buf_printf(out,
		"<path class=\"arrow\" d=\"M%u %uH%u\"/><path class=\"head\" "
		"d=\"M%u %ul%d -4v8z\"/>\n",
		x1, y, x2, x2, y, back);
}

static unsigned count_notes(const json_t *message)
{
	char note[LADDER_NOTE_SIZE];
	unsigned count = 0;

	while (ladder_note(message, count, note))
		count++;
	return count;
}

/* One message at Y. Returns where the next one is. */
static unsigned add_message(const struct ladder_parties *parties, const json_t *message,
	unsigned repeats, unsigned y, struct buf *out)
{
	const bool sent = json_is_true(json_object_get(message, "sent"));
	const unsigned us = place_of(parties->left);
	const unsigned at = place_of(ladder_parties_lane(parties, message));
	const unsigned low = at < us ? at : us;
	const json_t *after = json_object_get(message, "after_us");
	char text[LADDER_LABEL_SIZE], note[LADDER_NOTE_SIZE];

	if (json_is_integer(after)) {
		snprintf(text, sizeof(text), "%.3f",
			(double)json_integer_value(after) / 1e6);
		add_text(out, "time", LEFT - 14, y, text);
	}
	if (at == us || !ladder_is_message(message)) {
		add_text(out, "note", low + 8, y, ladder_remark(message));
	} else {
		add_text(out, "label", low + (at > us ? at - us : us - at) / 2, y - 5,
			ladder_label(message, repeats, LABEL_MAX, text));
		add_arrow(out, sent ? us : at, sent ? at : us, y);
	}
	for (unsigned i = 0; ladder_note(message, i, note); i++) {
		y += NOTE;
		add_text(out, "note", low + 8, y, note);
	}
	return y + ROW;
}

static unsigned find_height(const struct ladder_parties *parties, const json_t *messages)
{
	const json_t *message;
	unsigned height = TOP + ROW;
	size_t i;

	json_array_foreach(messages, i, message)
	{
		if (i < LADDER_ROWS_MAX && parties->repeats[i] > 0)
			height += ROW + NOTE * count_notes(message);
	}
	return height;
}

static void add_lane(struct buf *out, unsigned lane, const char *name, unsigned height)
{
	const unsigned x = place_of(lane);

	add_text(out, "name", x, TOP - 16, name);
	buf_printf(out, "<path class=\"lane\" d=\"M%u %uV%u\"/>\n", x, TOP - 8, height);
}

static void draw(
	const struct ladder_parties *parties, const json_t *messages, struct buf *out)
{
	const unsigned height = find_height(parties, messages);
	const unsigned width = place_of(parties->count) + RIGHT;
	const json_t *message;
	unsigned y = TOP + ROW;
	size_t i;

	buf_printf(out,
		"<svg xmlns=\"http://www.w3.org/2000/svg\" role=\"img\" "
		"aria-label=\"ladder\" viewBox=\"0 0 %u %u\" width=\"%u\" "
		"height=\"%u\">\n",
		width, height, width, height);
	add_lane(out, parties->left, "tandem", height);
	for (unsigned index = 0; index < parties->count; index++)
		add_lane(out, parties->lane_of[index],
			show_word(json_array_get(parties->list, index), "name"), height);
	json_array_foreach(messages, i, message)
	{
		if (i < LADDER_ROWS_MAX && parties->repeats[i] > 0)
			y = add_message(parties, message, parties->repeats[i], y, out);
	}
	buf_add_str(out, "</svg>\n");
}

void ladder_svg(const json_t *ladder, struct buf *out)
{
	struct ladder_parties *parties = calloc(1, sizeof(*parties));

	if (!parties) {
		out->err = -ENOMEM;
		return;
	}
	ladder_parties_read(parties, ladder);
	if (parties->count < LADDER_LANES_MAX)
		draw(parties, json_object_get(ladder, "messages"), out);
	free(parties);
}
