/*
 * 1,000 copies of a log, each changed once, as a seed says: each is found, and the right place is named.
 */
#include "../unit.h"

#include "evidence/tiles.h"
#include "evidence/verify.h"
#include "evidence_fixture.h"

#include <dirent.h>

#define MUTATIONS 1000
#define SIZE 700
#define ROTATED 400 /* records in cdr.jsonl.1 */

struct lines {
	struct span list[SIZE + 2];
	unsigned count;
};

struct world {
	char *folder;
	struct ed25519 *key;
	struct note_key verifier;
	struct lines good;
	struct buf text, checkpoint, older;
	uint64_t seed;
	/* what is expected: records FIRST to LAST, or a fault whose text has WORD, or either */
	uint64_t first, last;
	char word[64];
	/* what was found */
	unsigned faults;
	bool named;
	char said[4096];
};

/* splitmix64 */
static uint64_t draw(struct world *world, uint64_t below)
{
	uint64_t z = world->seed += 0x9e3779b97f4a7c15;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
	z = (z ^ z >> 27) * 0x94d049bb133111eb;
	return (z ^ z >> 31) % below;
}

static void write_lines(struct world *world, const struct lines *lines)
{
	struct buf file;
	unsigned cut = lines->count < ROTATED ? lines->count : ROTATED;

	buf_init(&file, 0);
	for (unsigned i = 0; i < lines->count; i++) {
		buf_add_span(&file, lines->list[i]);
		buf_add_char(&file, '\n');
		if (i + 1 == cut || i + 1 == lines->count) {
			fixture_write(world->folder,
				i + 1 == cut ? "cdr.jsonl.1" : "cdr.jsonl", file.data,
				file.len);
			buf_clear(&file);
		}
	}
	buf_free(&file);
}

/* The log of LINES, signed by KEY. */
static void write_log(struct world *world, const struct lines *lines, struct ed25519 *key)
{
	struct err_text text = {""};
	struct logbook *logbook;
	struct tlog_hash leaf;

	assert_int_equal(logbook_new(&logbook, fixture_log_fd(world->folder), key,
				 FIXTURE_NAME, &text),
		0);
	for (unsigned i = 0; i < lines->count; i++) {
		assert_int_equal(tlog_leaf(&leaf, lines->list[i]), 0);
		assert_int_equal(logbook_add(logbook, &leaf), 0);
		if (i == 499) {
			assert_int_equal(logbook_publish(logbook), 0);
			buf_free(&world->older);
			fixture_read(world->folder, "log/checkpoint", &world->older);
		}
	}
	assert_int_equal(logbook_publish(logbook), 0);
	world->verifier = *logbook_key(logbook);
	logbook_free(logbook);
	write_lines(world, lines);
}

static void begin(struct world *world)
{
	size_t at[SIZE + 1];

	world->folder = fixture_folder();
	world->key = fixture_key(world->folder);
	buf_init(&world->text, 0);
	for (unsigned i = 0; i < SIZE; i++) {
		at[i] = world->text.len;
		fixture_line(&world->text, i);
	}
	at[SIZE] = world->text.len;
	for (unsigned i = 0; i < SIZE; i++)
		world->good.list[i] =
			(struct span){world->text.data + at[i], at[i + 1] - at[i]};
	world->good.count = SIZE;
	write_log(world, &world->good, world->key);
	fixture_read(world->folder, "log/checkpoint", &world->checkpoint);
}

static void end(struct world *world)
{
	ed25519_free(world->key);
	buf_free(&world->text);
	buf_free(&world->checkpoint);
	buf_free(&world->older);
	fixture_remove(world->folder);
}

static void expect_records(struct world *world, uint64_t first, uint64_t last)
{
	world->first = first;
	world->last = last;
}

static void expect_word(struct world *world, const char *word)
{
	snprintf(world->word, sizeof(world->word), "%s", word);
}

/* Mutations */

static unsigned insert(struct lines *lines, unsigned at, struct span line)
{
	memmove(&lines->list[at + 1], &lines->list[at],
		(lines->count - at) * sizeof(lines->list[0]));
	lines->list[at] = line;
	return lines->count++;
}

static struct span take_out(struct lines *lines, unsigned at)
{
	struct span line = lines->list[at];

	lines->count--;
	memmove(&lines->list[at], &lines->list[at + 1],
		(lines->count - at) * sizeof(lines->list[0]));
	return line;
}

/* A byte of a file of records. */
struct place {
	const char *name; /* of the file */
	struct buf file;
	size_t at;
	unsigned index; /* of the record that it is in */
};

static struct place draw_place(struct world *world)
{
	const bool rotated = draw(world, 2) == 0;
	struct place place = {.name = rotated ? "cdr.jsonl.1" : "cdr.jsonl",
		.index = rotated ? 0 : ROTATED};

	fixture_read(world->folder, place.name, &place.file);
	place.at = draw(world, place.file.len);
	for (size_t i = 0; i < place.at; i++)
		place.index += place.file.data[i] == '\n';
	return place;
}

/* One bit of a file of records, ends of lines among them. */
static void flip_record(struct world *world)
{
	struct place place = draw_place(world);
	char *byte = &place.file.data[place.at];

	expect_records(world, place.index, place.index + (*byte == '\n'));
	*byte ^= (char)(1 << draw(world, 8));
	fixture_write(world->folder, place.name, place.file.data, place.file.len);
	buf_free(&place.file);
}

/* A file of records is cut anywhere. */
static void cut_records(struct world *world)
{
	struct place place = draw_place(world);

	fixture_write(world->folder, place.name, place.file.data, place.at);
	expect_records(world, place.index, place.index);
	buf_free(&place.file);
}

static void swap_records(struct world *world)
{
	struct lines lines = world->good;
	unsigned a = (unsigned)draw(world, SIZE - 1);
	unsigned b = a + 1 + (unsigned)draw(world, SIZE - 1 - a);

	lines.list[a] = world->good.list[b];
	lines.list[b] = world->good.list[a];
	write_lines(world, &lines);
	/* Of neighbours nobody can say which one moved. */
	expect_records(world, a, b == a + 1 ? b : a);
}

static void remove_record(struct world *world)
{
	struct lines lines = world->good;
	unsigned at = (unsigned)draw(world, SIZE);

	take_out(&lines, at);
	write_lines(world, &lines);
	expect_records(world, at, at);
}

static void move_record(struct world *world)
{
	struct lines lines = world->good;
	unsigned from = (unsigned)draw(world, SIZE);
	unsigned to = (from + 1 + (unsigned)draw(world, SIZE - 2)) % SIZE;
	struct span line = take_out(&lines, from);

	insert(&lines, to, line);
	write_lines(world, &lines);
	/* To the next place: which of the two moved nobody can say. */
	expect_records(
		world, from - (from > 0 && to + 1 == from), from + (to == from + 1));
}

static void double_record(struct world *world)
{
	struct lines lines = world->good;
	unsigned at = (unsigned)draw(world, SIZE);

	insert(&lines, (unsigned)draw(world, SIZE + 1), world->good.list[at]);
	write_lines(world, &lines);
	expect_records(world, at, at);
}

static void add_line(struct world *world)
{
	struct lines lines = world->good;
	unsigned at = (unsigned)draw(world, SIZE + 1);

	insert(&lines, at, span_of("{\"id\":\"none\"}"));
	write_lines(world, &lines);
	expect_records(world, at, at);
}

static void remove_file(struct world *world)
{
	static const struct {
		const char *name, *word;
		uint64_t first, last;
	} files[] = {
		{"cdr.jsonl", NULL, ROTATED, SIZE - 1},
		{"cdr.jsonl.1", NULL, 0, ROTATED - 1},
		{"log/checkpoint", "checkpoint", 0, 0},
		{"log/tile/0/000", "tile/0/000 ", 0, 0},
		{"log/tile/0/001", "tile/0/001 ", 0, 0},
		{"log/tile/0/002.p/188", "tile/0/002.p/188 ", 0, 0},
		{"log/tile/1/000.p/2", "tile/1/000.p/2 ", 0, 0},
	};
	const size_t which = draw(world, sizeof(files) / sizeof(files[0]));
	char *path = fixture_path(world->folder, files[which].name);

	assert_int_equal(unlink(path), 0);
	free(path);
	if (files[which].word)
		expect_word(world, files[which].word);
	else
		expect_records(world, files[which].first, files[which].last);
}

static void flip_tile(struct world *world)
{
	static const char *const tiles[] = {
		"tile/0/000", "tile/0/001", "tile/0/002.p/188", "tile/1/000.p/2"};
	const char *const tile = tiles[draw(world, sizeof(tiles) / sizeof(tiles[0]))];
	char name[64];
	struct buf file;

	snprintf(name, sizeof(name), "log/%s", tile);
	fixture_read(world->folder, name, &file);
	file.data[draw(world, file.len)] ^= (char)(1 << draw(world, 8));
	fixture_write(world->folder, name, file.data, file.len);
	buf_free(&file);
	expect_word(world, tile);
}

static void flip_checkpoint(struct world *world)
{
	struct buf file;

	fixture_read(world->folder, "log/checkpoint", &file);
	file.data[draw(world, file.len)] ^= (char)(1 << draw(world, 8));
	fixture_write(world->folder, "log/checkpoint", file.data, file.len);
	buf_free(&file);
	expect_word(world, "checkpoint is not good");
}

static void clear_log(struct world *world)
{
	char command[5000];

	snprintf(command, sizeof(command), "rm -rf '%s/log' '%s'/cdr.jsonl*",
		world->folder, world->folder);
	assert_int_equal(system(command), 0);
}

/* From one record on all are others, with all hashes made anew; signed by another key, or with the old signature. */
static void rewrite_tail(struct world *world)
{
	unsigned from = (unsigned)draw(world, SIZE);
	char *path = fixture_path(world->folder, "thief.key");
	struct note_key own = world->verifier;
	struct lines lines = world->good;
	struct err_text text = {""};
	struct ed25519 *thief;
	struct buf others, made, note, older;
	size_t begin_at;

	if (access(path, F_OK) != 0)
		assert_int_equal(ed25519_create(path, &text), 0);
	assert_int_equal(ed25519_load(&thief, path, &text), 0);
	buf_init(&others, 0);
	buf_reserve(&others, SIZE * 200);
	for (unsigned i = from; i < SIZE; i++) {
		begin_at = others.len;
		fixture_line(&others, i);
		others.data[others.len - 2] = '!';
		lines.list[i] =
			(struct span){others.data + begin_at, others.len - begin_at};
	}
	older = world->older;
	buf_init(&world->older, 0);
	clear_log(world);
	write_log(world, &lines, thief);
	buf_free(&world->older);
	world->older = older;
	world->verifier = own;
	if (draw(world, 2) == 0) {
		/* The body of the new one, the signature of the old one. */
		const char *blank;

		fixture_read(world->folder, "log/checkpoint", &made);
		buf_init(&note, 0);
		blank = memmem(made.data, made.len, "\n\n", 2);
		buf_add(&note, made.data, (size_t)(blank - made.data));
		blank = memmem(world->checkpoint.data, world->checkpoint.len, "\n\n", 2);
		buf_add(&note, blank,
			world->checkpoint.len - (size_t)(blank - world->checkpoint.data));
		fixture_write(world->folder, "log/checkpoint", note.data, note.len);
		buf_free(&made);
		buf_free(&note);
	}
	expect_word(world,
		from < 500 ? "the log did not grow from" : "checkpoint is not good");
	ed25519_free(thief);
	buf_free(&others);
	free(path);
}

/* An older state as it was signed: known by a checkpoint that was kept. */
static void shrink(struct world *world)
{
	struct lines lines = world->good;

	lines.count = 1 + (unsigned)draw(world, 499);
	clear_log(world);
	write_log(world, &lines, world->key);
	expect_word(world, "the log shrank");
}

static void (*const mutations[])(struct world *) = {flip_record, flip_record, flip_record,
	flip_record, cut_records, swap_records, remove_record, move_record, double_record,
	add_line, remove_file, flip_tile, flip_checkpoint, rewrite_tail, shrink};

/* Checking */

static void fault_h(void *arg, const struct verify_fault *fault)
{
	struct world *world = arg;
	size_t len = strlen(world->said);

	world->faults++;
	snprintf(world->said + len, sizeof(world->said) - len, "  %s: %s\n",
		verify_kind_name(fault->kind), fault->text);
	if (world->word[0] ? strstr(fault->text, world->word) != NULL
			   : fault->has_records && fault->first <= world->last &&
				     fault->last >= world->first)
		world->named = true;
}

static void verify(struct world *world)
{
	struct verify_older older = {"friday", buf_span(&world->older)};
	struct verify_params params = {.key = &world->verifier,
		.to = UINT64_MAX,
		.older = &older,
		.older_count = 1,
		.h = fault_h,
		.arg = world};
	struct verify_result result;
	struct err_text text = {""};

	world->said[0] = '\0';
	world->faults = 0;
	world->named = false;
	assert_int_equal(records_open(&params.records, world->folder, &text), 0);
	params.log_fd = fixture_log_fd(world->folder);
	if (verify_log(&result, &params, &text) != 0)
		fail_msg("%s", text.text);
	assert_int_equal(
		result.faults, world->faults > 100 ? result.faults : world->faults);
	close(params.log_fd);
	records_free(params.records);
}

static void restore(struct world *world)
{
	clear_log(world);
	write_log(world, &world->good, world->key);
}

static void each_is_found_and_its_place_is_named(void **state)
{
	struct world world = {.seed = 1};

	(void)state;
	begin(&world);
	verify(&world);
	assert_int_equal(world.faults, 0);
	for (unsigned i = 0; i < MUTATIONS; i++) {
		world.seed = i * UINT64_C(0x5851f42d4c957f2d) + 1;
		world.word[0] = '\0';
		mutations[draw(&world, sizeof(mutations) / sizeof(mutations[0]))](&world);
		verify(&world);
		if (!world.named)
			fail_msg("seed %u: expected %s %" PRIu64 "-%" PRIu64
				 ", found:\n%s",
				i, world.word, world.first, world.last, world.said);
		restore(&world);
	}
	verify(&world);
	assert_int_equal(world.faults, 0);
	end(&world);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_is_found_and_its_place_is_named),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
