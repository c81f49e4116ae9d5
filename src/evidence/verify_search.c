/*
 * Finds the records that are not as they were signed. Which hash each should have is known from the tiles, as far as
 * these are what was signed: that is checked from the root down, tile by tile. So one record that was changed is one
 * fault, whatever it says its number is.
 */
#include "evidence/verify_priv.h"

#include "evidence/head.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

/* Ranges of missing records that are kept, for one of them may stand elsewhere. */
#define HOLES_MAX 1024
/* Lines in a row that are no records: their places are kept. */
#define STRANGE_MAX 64
#define PLACE_SIZE 96
/* Records that stand before their place. */
#define EARLY_MAX 1024

struct hole {
	uint64_t first, end;
};

struct search {
	struct verify *verify;
	struct tlog_hash rows[TILE_LEVELS][TILE_WIDTH]; /* the last tile of each level */
	bool rooted; /* they have the root that was signed */
	struct {
		struct tile tile; /* width 0: none; what was signed */
		struct tlog_hash hashes[TILE_WIDTH];
	} kept[TILE_LEVELS];
	uint64_t next; /* the record that should come now */
	uint64_t tail; /* likewise behind the checkpoint */
	/* Lines since the last good one. */
	uint64_t strange;
	char places[STRANGE_MAX][PLACE_SIZE];
	struct hole holes[HOLES_MAX];
	unsigned hole_count;
	/* A record behind a gap: whether those before it are missing, or it is too early, the next line tells. */
	struct {
		bool any;
		uint64_t index;
		char place[PLACE_SIZE];
	} held;
	uint64_t early[EARLY_MAX];
	unsigned early_count;
	uint64_t unjudged_first, unjudged_last,
		unjudged; /* of which the tiles do not tell */
};

/* What was signed */

static bool load_row(struct search *search, unsigned level, bool from_below)
{
	const uint64_t hashes = search->verify->result.size >> 8 * level;
	const struct tile last = {.level = level,
		.index = hashes / TILE_WIDTH,
		.width = hashes % TILE_WIDTH};
	struct tlog_hash full[TILE_WIDTH];
	const int dir_fd = search->verify->params->log_fd;

	if (last.width == 0)
		return true;
	if (level == 0 || !from_below)
		return tiles_load(dir_fd, &last, search->rows[level]) == 0;
	for (unsigned i = 0; i < last.width; i++) {
		const struct tile below = {.level = level - 1,
			.index = last.index * TILE_WIDTH + i,
			.width = TILE_WIDTH};

		if (tiles_load(dir_fd, &below, full) != 0)
			return false;
		tile_root(&search->rows[level][i], full, TILE_WIDTH);
	}
	return true;
}

/* Whether the last tiles, or what is below them, have the root that was signed. */
static bool load_rows(struct search *search, bool from_below)
{
	const uint64_t size = search->verify->result.size;
	struct tlog_tree tree = {.size = size};
	struct tlog_hash root;
	unsigned count = 0;

	for (unsigned level = TILE_LEVELS; level-- > 0;) {
		const unsigned width = (unsigned)(size >> 8 * level) % TILE_WIDTH;
		unsigned at = 0;

		if (!load_row(search, level, from_below))
			return false;
		for (unsigned part = TILE_WIDTH / 2; part > 0; part /= 2) {
			if (!(width & part))
				continue;
			tile_root(&tree.peaks[count++], &search->rows[level][at], part);
			at += part;
		}
	}
	tlog_tree_root(&tree, &root);
	return tlog_equal(&root, &search->verify->result.root);
}

/* Hash INDEX of LEVEL, as it was signed. False: that is not known. */
static bool signed_hash(
	struct search *search, unsigned level, uint64_t index, struct tlog_hash *ret)
{
	const uint64_t hashes = search->verify->result.size >> 8 * level;
	const struct tile tile = {
		.level = level, .index = index / TILE_WIDTH, .width = TILE_WIDTH};
	struct tlog_hash above, root;

	if (!search->rooted || index >= hashes)
		return false;
	if (tile.index == hashes / TILE_WIDTH) {
		*ret = search->rows[level][index % TILE_WIDTH];
		return true;
	}
	if (search->kept[level].tile.width == 0 ||
		search->kept[level].tile.index != tile.index) {
		search->kept[level].tile.width = 0;
		if (level + 1 == TILE_LEVELS ||
			!signed_hash(search, level + 1, tile.index, &above) ||
			tiles_load(search->verify->params->log_fd, &tile,
				search->kept[level].hashes) != 0)
			return false;
		tile_root(&root, search->kept[level].hashes, TILE_WIDTH);
		if (!tlog_equal(&root, &above))
			return false;
		search->kept[level].tile = tile;
	}
	*ret = search->kept[level].hashes[index % TILE_WIDTH];
	return true;
}

/* Whether LEAF is that of record INDEX. What cannot be judged is taken for it, and said at the end. */
static bool is_signed(struct search *search, uint64_t index, const struct tlog_hash *leaf,
	bool *ret_judged)
{
	struct tlog_hash hash;

	*ret_judged = signed_hash(search, 0, index, &hash);
	return !*ret_judged || tlog_equal(&hash, leaf);
}

/* Faults */

static bool is_asked_for(const struct search *search, uint64_t index)
{
	return index >= search->verify->params->from && index < search->verify->limit;
}

static void add_hole(struct search *search, uint64_t first, uint64_t end)
{
	const uint64_t from = search->verify->params->from, limit = search->verify->limit;

	first = first > from ? first : from;
	end = end < limit ? end : limit;
	if (first >= end)
		return;
	if (search->hole_count < HOLES_MAX)
		search->holes[search->hole_count++] = (struct hole){first, end};
	else
		verify_tell(search->verify, VERIFY_MISSING, first, end - 1,
			"records %" PRIu64 " to %" PRIu64 " are missing", first, end - 1);
}

/* Record INDEX was met behind later ones: then it is not missing. False: it was not. */
static bool fill_hole(struct search *search, uint64_t index)
{
	for (unsigned i = 0; i < search->hole_count; i++) {
		struct hole *hole = &search->holes[i];
		const uint64_t end = hole->end;

		if (index < hole->first || index >= end)
			continue;
		hole->end = index;
		if (index + 1 < end) {
			if (search->hole_count < HOLES_MAX)
				search->holes[search->hole_count++] =
					(struct hole){index + 1, end};
			else
				hole->end = end;
		}
		return true;
	}
	return false;
}

static void tell_holes(struct search *search)
{
	for (unsigned i = 0; i < search->early_count; i++)
		(void)fill_hole(search, search->early[i]);
	for (unsigned i = 0; i < search->hole_count; i++) {
		const struct hole *hole = &search->holes[i];

		if (hole->first + 1 == hole->end)
			verify_tell(search->verify, VERIFY_MISSING, hole->first,
				hole->first, "record %" PRIu64 " is missing",
				hole->first);
		else if (hole->first < hole->end)
			verify_tell(search->verify, VERIFY_MISSING, hole->first,
				hole->end - 1,
				"records %" PRIu64 " to %" PRIu64 " are missing",
				hole->first, hole->end - 1);
	}
}

/* Record INDEX is good, and between the last good one and it there were strange lines: each stands for a record that is
 * not there; what is left of them was added, what is left of the records is missing. */
static void settle(struct search *search, uint64_t index)
{
	const uint64_t gap = index - search->next;
	const uint64_t changed = search->strange < gap ? search->strange : gap;

	/* What is older than the log stands before its first record. */
	if (index == 0 && search->strange <= search->verify->result.before)
		search->strange = 0;
	for (uint64_t i = 0; i < search->strange; i++) {
		const char *place = i < STRANGE_MAX ? search->places[i] : "further on";
		const uint64_t about = search->next + i;

		if (i >= changed)
			verify_tell(search->verify, VERIFY_ADDED, index, index,
				"%s is no record of the log; it stands before record "
				"%" PRIu64,
				place, index);
		else if (is_asked_for(search, about))
			verify_tell(search->verify, VERIFY_CHANGED, about, about,
				"record %" PRIu64 " (%s) is not what was signed", about,
				place);
	}
	add_hole(search, search->next + changed, index);
	search->strange = 0;
	search->next = index;
}

static void note_unjudged(struct search *search, uint64_t index)
{
	if (!is_asked_for(search, index))
		return;
	if (search->unjudged++ == 0)
		search->unjudged_first = index;
	search->unjudged_last = index;
}

/* Lines */

/* Record INDEX is the next one, or those before it are missing. */
static void pass_to(struct search *search, uint64_t index)
{
	settle(search, index);
	search->next++;
}

static void commit_held(struct search *search)
{
	if (search->held.any)
		pass_to(search, search->held.index);
	search->held.any = false;
}

/* Record INDEX comes now: what does that say of the one that was held? */
static void judge_held(struct search *search, uint64_t index)
{
	const uint64_t held = search->held.index;

	if (!search->held.any)
		return;
	if (index < search->next || index >= held || search->early_count == EARLY_MAX) {
		commit_held(search);
		return;
	}
	verify_tell(search->verify, VERIFY_ORDER, held, held,
		"record %" PRIu64 " stands before record %" PRIu64 " (%s)", held, index,
		search->held.place);
	search->early[search->early_count++] = held;
	search->held.any = false;
}

static void hold(struct search *search, uint64_t index)
{
	search->held.any = true;
	search->held.index = index;
	snprintf(search->held.place, sizeof(search->held.place), "%s",
		records_place(search->verify->params->records));
}

static void add_strange(struct search *search)
{
	commit_held(search);
	if (search->strange < STRANGE_MAX)
		snprintf(search->places[search->strange], sizeof(search->places[0]), "%s",
			records_place(search->verify->params->records));
	search->strange++;
}

static void take_good(struct search *search, uint64_t index, bool judged)
{
	judge_held(search, index);
	if (index > search->next + search->strange) {
		hold(search, index);
	} else if (index >= search->next) {
		pass_to(search, index);
	} else if (fill_hole(search, index)) {
		verify_tell(search->verify, VERIFY_ORDER, index, index,
			"record %" PRIu64 " stands behind record %" PRIu64 " (%s)", index,
			search->next - 1, records_place(search->verify->params->records));
	} else {
		verify_tell(search->verify, VERIFY_ORDER, index, index,
			"record %" PRIu64 " is there twice (%s)", index,
			records_place(search->verify->params->records));
	}
	if (!judged)
		note_unjudged(search, index);
	else if (is_asked_for(search, index))
		search->verify->result.checked++;
}

/* A line without a head is known by its hash alone. */
static void take_headless(struct search *search, const struct tlog_hash *leaf)
{
	uint64_t index = search->next;
	bool judged;

	/* Behind a record that was removed, behind one that was changed. */
	if (is_signed(search, index, leaf, &judged) &&
		index < search->verify->result.size) {
		take_good(search, index, judged);
		return;
	}
	index += search->strange;
	if (search->strange > 0 && index < search->verify->result.size &&
		is_signed(search, index, leaf, &judged) && judged)
		take_good(search, index, true);
	else
		add_strange(search);
}

static void take_tail(struct search *search, uint64_t seq)
{
	if (seq == search->tail) {
		search->tail++;
		search->verify->result.unsigned_records++;
	} else {
		verify_tell(search->verify, VERIFY_ORDER, seq, seq,
			"record %" PRIu64 " stands where %" PRIu64 " should be (%s)", seq,
			search->tail, records_place(search->verify->params->records));
	}
}

static void take_line(
	struct search *search, struct span line, const struct tlog_hash *leaf)
{
	uint64_t seq = 0;
	int head = head_read(line, &seq);
	bool judged;

	if (head == -ENOENT)
		take_headless(search, leaf);
	else if (head)
		add_strange(search);
	else if (seq >= search->verify->result.size)
		take_tail(search, seq);
	else if (is_signed(search, seq, leaf, &judged))
		take_good(search, seq, judged);
	else
		add_strange(search);
}

static int take_lines(struct search *search, struct err_text *text)
{
	struct records *records = search->verify->params->records;
	struct tlog_hash leaf;
	struct span line;
	int err;

	for (;;) {
		err = records_next(records, &line, text);
		if (err == -ENOENT)
			return 0;
		if (err == ERR_LIMIT || err == ERR_FORMAT) {
			add_strange(search);
			continue;
		}
		if (err)
			return err;
		err = tlog_leaf(&leaf, line);
		if (err)
			return err_set(text, err, "out of memory");
		take_line(search, line, &leaf);
	}
}

static int run(struct search *search, struct err_text *text)
{
	struct verify *verify = search->verify;
	int err;

	search->rooted = load_rows(search, false) || load_rows(search, true);
	search->tail = verify->result.size;
	verify->result.checked = 0;
	verify->result.unsigned_records = 0;
	records_rewind(verify->params->records);
	err = take_lines(search, text);
	if (err)
		return err;
	commit_held(search);
	if (search->next <= verify->result.size)
		settle(search, verify->result.size);
	tell_holes(search);
	if (search->unjudged > 0)
		verify_tell(verify, VERIFY_ROOT, search->unjudged_first,
			search->unjudged_last,
			"the tiles of records %" PRIu64 " to %" PRIu64
			" are missing or damaged, so these records cannot be told to be "
			"good",
			search->unjudged_first, search->unjudged_last);
	return 0;
}

int verify_search(struct verify *verify, struct err_text *text)
{
	struct search *search = calloc(1, sizeof(*search));
	int err;

	if (!search)
		return err_set(text, -ENOMEM, "out of memory");
	search->verify = verify;
	err = run(search, text);
	free(search);
	return err;
}
