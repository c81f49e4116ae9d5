#include "../unit.h"

#include "evidence/tiles.h"
#include "evidence/verify.h"
#include "evidence_fixture.h"

#include <stdarg.h>

/* A log of records 0 to SIZE - 1, signed, in two files. */
#define SIZE 700
#define ROTATED 400

struct fixture {
	char *folder;
	struct ed25519 *key;
	struct note_key verifier;
	/* what was found */
	struct verify_result result;
	char said[32768];
};

static void write_log(struct fixture *fixture, uint64_t size, uint64_t headless)
{
	struct err_text text = {""};
	struct logbook *logbook;
	struct buf lines, line;
	struct tlog_hash leaf;

	assert_int_equal(logbook_new(&logbook, fixture_log_fd(fixture->folder),
				 fixture->key, FIXTURE_NAME, &text),
		0);
	fixture->verifier = *logbook_key(logbook);
	buf_init(&lines, 0);
	buf_init(&line, 0);
	for (uint64_t i = 0; i < size; i++) {
		buf_clear(&line);
		if (i < headless)
			buf_printf(&line, "{\"id\":\"old-%d\"}", (int)i);
		else
			fixture_line(&line, i);
		assert_int_equal(tlog_leaf(&leaf, buf_span(&line)), 0);
		assert_int_equal(logbook_add(logbook, &leaf), 0);
		buf_add_span(&lines, buf_span(&line));
		buf_add_char(&lines, '\n');
		if (size == SIZE && (i + 1 == ROTATED || i + 1 == SIZE)) {
			fixture_write(fixture->folder,
				i + 1 == ROTATED ? "cdr.jsonl.1" : "cdr.jsonl",
				lines.data, lines.len);
			buf_clear(&lines);
		}
		if (i + 1 == 500)
			assert_int_equal(logbook_publish(logbook), 0);
	}
	if (lines.len > 0)
		fixture_write(fixture->folder, "cdr.jsonl", lines.data, lines.len);
	assert_int_equal(logbook_publish(logbook), 0);
	logbook_free(logbook);
	buf_free(&lines);
	buf_free(&line);
}

static int setup(void **state)
{
	struct fixture *fixture = calloc(1, sizeof(*fixture));

	fixture->folder = fixture_folder();
	fixture->key = fixture_key(fixture->folder);
	write_log(fixture, SIZE, 0);
	*state = fixture;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *fixture = *state;

	ed25519_free(fixture->key);
	fixture_remove(fixture->folder);
	free(fixture);
	return 0;
}

static void fault_h(void *arg, const struct verify_fault *fault)
{
	struct fixture *fixture = arg;
	size_t len = strlen(fixture->said), room = sizeof(fixture->said) - len;

	if (fault->has_records)
		snprintf(fixture->said + len, room, "%s %" PRIu64 "-%" PRIu64 "\n",
			verify_kind_name(fault->kind), fault->first, fault->last);
	else
		snprintf(fixture->said + len, room, "%s: %s\n",
			verify_kind_name(fault->kind), fault->text);
}

static struct verify_params params_of(struct fixture *fixture)
{
	return (struct verify_params){.key = &fixture->verifier,
		.to = UINT64_MAX,
		.h = fault_h,
		.arg = fixture};
}

static int verify_with(struct fixture *fixture, struct verify_params params)
{
	struct err_text text = {""};
	int err;

	fixture->said[0] = '\0';
	memset(&fixture->result, 0, sizeof(fixture->result));
	assert_int_equal(records_open(&params.records, fixture->folder, &text), 0);
	params.log_fd = fixture_log_fd(fixture->folder);
	err = verify_log(&fixture->result, &params, &text);
	close(params.log_fd);
	records_free(params.records);
	return err;
}

static void verify(struct fixture *fixture)
{
	assert_int_equal(verify_with(fixture, params_of(fixture)), 0);
}

static void expect(struct fixture *fixture, const char *said)
{
	assert_string_equal(fixture->said, said);
	assert_int_equal(fixture->result.faults == 0, said[0] == '\0');
}

/* Runs COMMAND in the folder. */
__attribute__((format(printf, 2, 3))) static void run(
	struct fixture *fixture, const char *format, ...)
{
	char command[1000], line[5000];
	va_list args;

	va_start(args, format);
	vsnprintf(command, sizeof(command), format, args);
	va_end(args);
	snprintf(line, sizeof(line), "cd '%s' && %s", fixture->folder, command);
	assert_int_equal(system(line), 0);
}

static void a_log_that_is_whole_is_verified(void **state)
{
	struct fixture *fixture = *state;

	verify(fixture);
	expect(fixture, "");
	assert_int_equal(fixture->result.size, SIZE);
	assert_int_equal(fixture->result.checked, SIZE);
	assert_int_equal(fixture->result.unsigned_records, 0);
	assert_int_equal(fixture->result.before, 0);
}

static void a_large_log_is_verified(void **state)
{
	struct fixture *fixture = *state;

	run(fixture, "rm -r log cdr.jsonl.1");
	write_log(fixture, 66000, 0);
	verify(fixture);
	expect(fixture, "");
	assert_int_equal(fixture->result.checked, 66000);
	run(fixture, "sed -i '60001s/c-60000/c-60009/' cdr.jsonl");
	verify(fixture);
	expect(fixture, "changed 60000-60000\n");
	assert_int_equal(fixture->result.checked, 65999);
	/* The hash over that tile tells of a change that it has too. */
	run(fixture, "printf x | dd of=log/tile/0/234 bs=1 conv=notrunc 2>/dev/null");
	verify(fixture);
	expect(fixture, "root 59904-60159\n");
	run(fixture, "rm log/tile/1/000");
	verify(fixture);
	expect(fixture, "root 0-65535\n");
}

static void a_record_that_was_changed_is_named(void **state)
{
	struct fixture *fixture = *state;

	run(fixture, "sed -i '58s/c-57/c-75/' cdr.jsonl.1");
	verify(fixture);
	expect(fixture, "changed 57-57\n");
	assert_int_equal(fixture->result.checked, SIZE - 1);
	/* In the last tile, which is not full; its number too. */
	run(fixture, "sed -i '291s/\"seq\":690/\"seq\":691/' cdr.jsonl");
	verify(fixture);
	expect(fixture, "changed 57-57\nchanged 690-690\n");
	/* Two in a row; the last one of all. */
	run(fixture, "sed -i '100s/c-/d-/; 101s/c-/d-/' cdr.jsonl.1");
	run(fixture, "sed -i '$s/c-/d-/' cdr.jsonl");
	verify(fixture);
	expect(fixture, "changed 57-57\nchanged 99-99\nchanged 100-100\nchanged 690-690\n"
			"changed 699-699\n");
}

static void a_head_that_was_changed_is_named(void **state)
{
	static const char *const edits[] = {"s/\"v\":1/\"v\":2/", "s/{\"v\":1,/{/",
		"s/\"seq\":57/\"seq\":5700/", "s/\"seq\":57/\"seq\":3/",
		"s/\"salt\"/\"pepr\"/", "s/.*//", "s/.*/x/", "s/$/ /", "s/^/ /",
		"s/seq/s\\x00q/"};
	struct fixture *fixture = *state;

	run(fixture, "cp cdr.jsonl.1 good");
	for (size_t i = 0; i < sizeof(edits) / sizeof(edits[0]); i++) {
		run(fixture, "cp good cdr.jsonl.1 && sed -i '58%s' cdr.jsonl.1",
			edits[i]);
		verify(fixture);
		if (i == 2)
			expect(fixture, "order 5700-5700\nmissing 57-57\n");
		else
			expect(fixture, "changed 57-57\n");
	}
}

static void records_that_are_missing_are_named(void **state)
{
	struct fixture *fixture = *state;

	run(fixture, "cp cdr.jsonl good && cp cdr.jsonl.1 good.1");
	run(fixture, "sed -i '58d' cdr.jsonl.1");
	verify(fixture);
	expect(fixture, "missing 57-57\n");
	run(fixture, "cp good.1 cdr.jsonl.1 && sed -i '1,10d' cdr.jsonl.1");
	verify(fixture);
	expect(fixture, "missing 0-9\n");
	run(fixture, "cp good.1 cdr.jsonl.1 && sed -i '291,300d' cdr.jsonl");
	verify(fixture);
	expect(fixture, "missing 690-699\n");
	run(fixture, "rm cdr.jsonl.1");
	verify(fixture);
	expect(fixture, "missing 0-399\nmissing 690-699\n");
	run(fixture, "rm cdr.jsonl");
	verify(fixture);
	expect(fixture, "missing 0-699\n");
	assert_int_equal(fixture->result.checked, 0);
}

static void records_out_of_order_are_named(void **state)
{
	struct fixture *fixture = *state;

	/* Two that changed places. */
	run(fixture, "sed -i '58{h;d}; 59G' cdr.jsonl.1");
	verify(fixture);
	expect(fixture, "order 58-58\n");
	assert_int_equal(fixture->result.checked, SIZE);
	/* Far apart. */
	run(fixture,
		"sed -i '31{h;d}; 41{G;s/\\(.*\\)\\n\\(.*\\)/\\2\\n\\1/}' cdr.jsonl.1");
	verify(fixture);
	expect(fixture, "order 30-30\norder 58-58\n");
	/* One that moved, out of a hole of two. */
	run(fixture, "sed -i '50{h;d}; 51d; 70G' cdr.jsonl.1");
	verify(fixture);
	expect(fixture, "order 30-30\norder 58-58\norder 49-49\nmissing 50-50\n");
	/* Out of the middle of a hole. */
	run(fixture, "sed -i '99d; 100{h;d}; 101d; 200G' cdr.jsonl.1");
	run(fixture, "sed -n '20p' cdr.jsonl.1 >> cdr.jsonl");
	verify(fixture);
	assert_non_null(strstr(fixture->said, "order 58-58\norder 49-49\norder 100-100\n"
					      "order 19-19\n"));
	assert_non_null(strstr(fixture->said, "missing 99-99\n"));
	assert_non_null(strstr(fixture->said, "missing 101-101\n"));
	assert_non_null(strstr(fixture->said, "missing 50-50\n"));
	assert_int_equal(fixture->result.faults, 8);
}

static void lines_that_were_added_are_named(void **state)
{
	struct fixture *fixture = *state;

	run(fixture, "cp cdr.jsonl.1 good.1 && sed -i '58i x' cdr.jsonl.1");
	verify(fixture);
	expect(fixture, "added 57-57\n");
	run(fixture, "cp good.1 cdr.jsonl.1 && sed -i '58{p;s/c-57/c-58/}' cdr.jsonl.1");
	verify(fixture);
	expect(fixture, "added 58-58\n");
	run(fixture, "cp good.1 cdr.jsonl.1 && sed -i '58p' cdr.jsonl.1");
	verify(fixture);
	expect(fixture, "order 57-57\n");
	run(fixture, "cp good.1 cdr.jsonl.1 && printf x >> cdr.jsonl");
	verify(fixture);
	expect(fixture, "added 700-700\n");
	/* Longer than any record, which is not even read. */
	run(fixture, "head -c 3000000 /dev/zero | tr '\\0' 'x' >> cdr.jsonl.1; echo >> "
		     "cdr.jsonl.1");
	verify(fixture);
	expect(fixture, "added 400-400\nadded 700-700\n");
}

static void records_that_are_not_signed_are_named(void **state)
{
	struct fixture *fixture = *state;
	struct verify_params params = params_of(fixture);
	struct buf line;
	char *path = fixture_path(fixture->folder, "cdr.jsonl");
	FILE *file = fopen(path, "ae");

	for (uint64_t i = SIZE; i < SIZE + 3; i++) {
		buf_init(&line, 0);
		fixture_line(&line, i);
		fprintf(file, "%s\n", buf_str(&line));
		buf_free(&line);
	}
	fclose(file);
	verify(fixture);
	expect(fixture, "unsigned 700-702\n");
	assert_int_equal(fixture->result.unsigned_records, 3);
	/* While the server runs that is as it should be. */
	params.live = true;
	assert_int_equal(verify_with(fixture, params), 0);
	expect(fixture, "");
	assert_int_equal(fixture->result.unsigned_records, 3);
	run(fixture, "sed -i '302d' cdr.jsonl");
	assert_int_equal(verify_with(fixture, params), 0);
	expect(fixture, "order 702-702\n");
	free(path);
}

static void a_tile_that_is_missing_or_damaged_is_named(void **state)
{
	static const char *const tiles[] = {"0/000", "0/001", "0/002.p/188", "1/000.p/2"};
	struct fixture *fixture = *state;
	char expected[200];

	for (size_t i = 0; i < sizeof(tiles) / sizeof(tiles[0]); i++) {
		run(fixture, "cp log/tile/%s good && rm log/tile/%s", tiles[i], tiles[i]);
		verify(fixture);
		snprintf(expected, sizeof(expected), "tile: tile/%s is missing\n",
			tiles[i]);
		expect(fixture, expected);
		assert_int_equal(fixture->result.checked, SIZE);
		snprintf(expected, sizeof(expected), "tile: tile/%s is damaged\n",
			tiles[i]);
		run(fixture, "head -c 31 good > log/tile/%s", tiles[i]);
		verify(fixture);
		expect(fixture, expected);
		run(fixture,
			"cp good log/tile/%s; printf '\\1\\2\\3' | dd of=log/tile/%s "
			"bs=1 seek=33 conv=notrunc 2>/dev/null",
			tiles[i], tiles[i]);
		verify(fixture);
		expect(fixture, expected);
		run(fixture, "cp good log/tile/%s", tiles[i]);
	}
	verify(fixture);
	expect(fixture, "");
}

/* Which one of the records is not known without their tile, but these are named. */
static void records_without_a_tile_are_not_told_to_be_good(void **state)
{
	struct fixture *fixture = *state;

	run(fixture, "sed -i '58s/c-57/c-75/' cdr.jsonl.1; rm log/tile/0/000");
	verify(fixture);
	expect(fixture, "root 0-255\n");
	/* What stands above them is made of them. */
	run(fixture, "sed -i '10d' cdr.jsonl; rm -r log/tile/1");
	verify(fixture);
	expect(fixture, "missing 409-409\nroot 0-699\n");
}

static void a_checkpoint_that_is_not_good_is_said(void **state)
{
	struct fixture *fixture = *state;
	struct verify_params params = params_of(fixture);
	struct note_key other = fixture->verifier;

	run(fixture, "cp log/checkpoint good && rm log/checkpoint");
	verify(fixture);
	expect(fixture, "checkpoint: the file `checkpoint` is missing\n");
	run(fixture, "head -c 100000 /dev/zero > log/checkpoint");
	verify(fixture);
	expect(fixture, "checkpoint: the checkpoint is not good: it is no signed note\n");
	run(fixture, "head -c 300000 /dev/zero > log/checkpoint");
	verify(fixture);
	expect(fixture, "checkpoint: the checkpoint is not good: it is no signed note\n");
	run(fixture, "sed '2s/700/699/' good > log/checkpoint");
	verify(fixture);
	assert_memory_equal(fixture->said,
		"checkpoint: the checkpoint is not good: its signature is wrong\n", 62);
	run(fixture, "sed '5s/\\(.*\\).$/\\1A/' good > log/checkpoint");
	verify(fixture);
	assert_non_null(strstr(fixture->said, "its signature is wrong"));
	run(fixture, "cp good log/checkpoint");
	/* By somebody else's key, or as another log. */
	other.id++;
	params.key = &other;
	assert_int_equal(verify_with(fixture, params), 0);
	expect(fixture,
		"checkpoint: the checkpoint is not good: it is not signed by that key\n");
	/* What differs is named nevertheless. */
	run(fixture, "sed -i '58s/c-57/c-75/' cdr.jsonl.1");
	assert_int_equal(verify_with(fixture, params), 0);
	expect(fixture,
		"checkpoint: the checkpoint is not good: it is not signed by that key\n"
		"changed 57-57\n");
}

/* All of it anew, by somebody who has no key: his own does not do. */
static void a_log_that_was_made_anew_is_refused(void **state)
{
	struct fixture *fixture = *state;
	struct note_key own = fixture->verifier;

	run(fixture, "rm -r log cdr.jsonl.1 cdr.jsonl log.key");
	ed25519_free(fixture->key);
	fixture->key = fixture_key(fixture->folder);
	write_log(fixture, SIZE, 0);
	fixture->verifier = own;
	verify(fixture);
	expect(fixture,
		"checkpoint: the checkpoint is not good: it is not signed by that key\n");
}

static void a_log_that_shrank_is_known_by_an_older_checkpoint(void **state)
{
	struct fixture *fixture = *state;
	struct verify_params params = params_of(fixture);
	struct verify_older older[2];
	struct buf whole, wrong;

	fixture_read(fixture->folder, "log/checkpoint", &whole);
	older[0] = (struct verify_older){"monday", buf_span(&whole)};
	params.older = older;
	params.older_count = 1;
	assert_int_equal(verify_with(fixture, params), 0);
	expect(fixture, "");
	/* Cut, and signed with its key. */
	run(fixture, "rm -r log cdr.jsonl.1 cdr.jsonl");
	write_log(fixture, 650, 0);
	verify(fixture);
	expect(fixture, "");
	assert_int_equal(verify_with(fixture, params), 0);
	expect(fixture, "shrunk 650-699\n");
	/* Longer, but with another history. */
	run(fixture, "rm -r log cdr.jsonl");
	write_log(fixture, 800, 5);
	assert_int_equal(verify_with(fixture, params), 0);
	expect(fixture, "shrunk: the log did not grow from monday: its first 700 records "
			"are others\n");
	/* One that grew is a good one. */
	run(fixture, "rm -r log cdr.jsonl");
	write_log(fixture, 801, 0);
	assert_int_equal(verify_with(fixture, params), 0);
	expect(fixture, "");
	buf_init(&wrong, 0);
	buf_add(&wrong, whole.data, whole.len);
	wrong.data[whole.len - 10] ^= 1;
	older[1] = (struct verify_older){"tuesday", buf_span(&wrong)};
	params.older_count = 2;
	assert_int_equal(verify_with(fixture, params), 0);
	expect(fixture, "checkpoint: tuesday is not good: its signature is wrong\n");
	buf_free(&whole);
	buf_free(&wrong);
}

static void a_range_is_verified_by_itself(void **state)
{
	struct fixture *fixture = *state;
	struct verify_params params = params_of(fixture);

	run(fixture, "sed -i '11s/c-10/x-10/' cdr.jsonl.1; sed -i '291s/c-690/x-690/' "
		     "cdr.jsonl");
	params.from = 11;
	params.to = 690;
	assert_int_equal(verify_with(fixture, params), 0);
	expect(fixture, "");
	assert_int_equal(fixture->result.checked, 679);
	params.from = 10;
	assert_int_equal(verify_with(fixture, params), 0);
	expect(fixture, "changed 10-10\n");
	params.from = 11;
	params.to = 691;
	assert_int_equal(verify_with(fixture, params), 0);
	expect(fixture, "changed 690-690\n");
	/* What retention took is not asked for. */
	run(fixture, "rm cdr.jsonl.1");
	params.from = 400;
	params.to = 690;
	assert_int_equal(verify_with(fixture, params), 0);
	expect(fixture, "");
	assert_int_equal(fixture->result.checked, 290);
	params.from = 399;
	assert_int_equal(verify_with(fixture, params), 0);
	expect(fixture, "missing 399-399\n");
	params.from = 5000;
	params.to = UINT64_MAX;
	assert_int_equal(verify_with(fixture, params), 0);
	expect(fixture, "");
	assert_int_equal(fixture->result.checked, 0);
}

/* A log that begins with lines of older versions. */
static void lines_without_a_head_are_records_too(void **state)
{
	struct fixture *fixture = *state;

	run(fixture, "rm -r log cdr.jsonl.1 cdr.jsonl");
	write_log(fixture, 300, 20);
	verify(fixture);
	expect(fixture, "");
	assert_int_equal(fixture->result.checked, 300);
	run(fixture, "cp cdr.jsonl good");
	run(fixture, "sed -i '8s/old-7/old-8/' cdr.jsonl");
	verify(fixture);
	expect(fixture, "changed 7-7\n");
	run(fixture,
		"cp good cdr.jsonl; sed -i '1s/old-0/old-8/; 20s/old/odd/' cdr.jsonl");
	verify(fixture);
	expect(fixture, "changed 0-0\nchanged 19-19\n");
	run(fixture, "cp good cdr.jsonl; sed -i '8i x' cdr.jsonl");
	verify(fixture);
	expect(fixture, "added 7-7\n");
	/* What was rotated before the log began is none of it. */
	run(fixture, "cp good cdr.jsonl; printf 'a\\nb\\nc\\n' > cdr.jsonl.1");
	verify(fixture);
	expect(fixture, "");
	assert_int_equal(fixture->result.before, 3);
	run(fixture, "sed -i '8s/old-7/old-8/' cdr.jsonl");
	verify(fixture);
	expect(fixture, "changed 7-7\n");
	/* None has a head. */
	run(fixture, "rm -r log cdr.jsonl cdr.jsonl.1");
	write_log(fixture, 20, 20);
	verify(fixture);
	expect(fixture, "");
	assert_int_equal(fixture->result.checked, 20);
}

static void faults_without_end_are_counted(void **state)
{
	struct fixture *fixture = *state;

	run(fixture, "sed -i 's/c-/d-/' cdr.jsonl.1");
	verify(fixture);
	assert_int_equal(fixture->result.faults, 400);
	assert_non_null(strstr(fixture->said, "changed 99-99\n"));
	assert_null(strstr(fixture->said, "changed 100-100\n"));
}

static void what_cannot_be_read_is_no_verdict(void **state)
{
	struct fixture *fixture = *state;

	run(fixture, "rm cdr.jsonl.1; printf 'no archive' > cdr.jsonl.1.gz");
	assert_int_equal(verify_with(fixture, params_of(fixture)), -EIO);
	run(fixture, "rm log/checkpoint cdr.jsonl.1.gz; mkdir log/checkpoint");
	assert_int_equal(verify_with(fixture, params_of(fixture)), -EPERM);
}

/* One proof */

static void make_proof(
	struct fixture *fixture, uint64_t index, bool extra, struct buf *ret)
{
	struct tiles *tiles = malloc(sizeof(*tiles));
	int fd = fixture_log_fd(fixture->folder);
	struct tlog_proof proof;
	struct buf note, line;

	fixture_read(fixture->folder, "log/checkpoint", &note);
	tiles_init(tiles, fd, SIZE);
	assert_int_equal(tlog_prove_entry(&proof, index, SIZE, tiles_read, tiles), 0);
	buf_init(&line, 0);
	fixture_line(&line, index);
	buf_init(ret, 0);
	proof_write(ret, extra ? buf_span(&line) : (struct span){NULL, 0}, index, &proof,
		buf_span(&note));
	close(fd);
	free(tiles);
	buf_free(&note);
	buf_free(&line);
}

static void a_record_is_proved_by_itself(void **state)
{
	struct fixture *fixture = *state;
	struct err_text text = {""};
	struct buf proof, line, got;
	struct keychain keys;
	uint64_t index;

	keychain_init(&keys, &fixture->verifier);
	buf_init(&line, 0);
	fixture_line(&line, 333);
	buf_init(&got, 0);
	make_proof(fixture, 333, false, &proof);
	assert_int_equal(verify_proof(buf_span(&proof), buf_span(&line), &keys, &index,
				 &got, &text),
		0);
	assert_int_equal(index, 333);
	assert_true(span_equal(buf_span(&got), buf_span(&line)));
	assert_int_equal(verify_proof(buf_span(&proof), (struct span){NULL, 0}, &keys,
				 &index, &got, &text),
		ERR_FORMAT);
	buf_free(&proof);
	buf_free(&got);
	make_proof(fixture, 333, true, &proof);
	assert_int_equal(verify_proof(buf_span(&proof), (struct span){NULL, 0}, &keys,
				 &index, &got, &text),
		0);
	assert_true(span_equal(buf_span(&got), buf_span(&line)));
	buf_free(&got);
	/* Each letter that is changed spoils it. */
	for (size_t i = 0; i < proof.len; i++) {
		const char letter = proof.data[i];

		proof.data[i] = letter == 'B' ? 'C' : 'B';
		if (verify_proof(buf_span(&proof), (struct span){NULL, 0}, &keys, &index,
			    &got, &text) == 0)
			fail_msg("%zu was changed", i);
		proof.data[i] = letter;
	}
	assert_int_equal(got.len, 0);
	line.data[line.len - 3] ^= 1;
	assert_int_equal(verify_proof(buf_span(&proof), buf_span(&line), &keys, &index,
				 &got, &text),
		ERR_TRUST);
	assert_non_null(strstr(text.text, "333"));
	buf_free(&proof);
	buf_free(&line);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(a_log_that_is_whole_is_verified),
		CASE(a_large_log_is_verified),
		CASE(a_record_that_was_changed_is_named),
		CASE(a_head_that_was_changed_is_named),
		CASE(records_that_are_missing_are_named),
		CASE(records_out_of_order_are_named),
		CASE(lines_that_were_added_are_named),
		CASE(records_that_are_not_signed_are_named),
		CASE(a_tile_that_is_missing_or_damaged_is_named),
		CASE(records_without_a_tile_are_not_told_to_be_good),
		CASE(a_checkpoint_that_is_not_good_is_said),
		CASE(a_log_that_was_made_anew_is_refused),
		CASE(a_log_that_shrank_is_known_by_an_older_checkpoint),
		CASE(a_range_is_verified_by_itself),
		CASE(lines_without_a_head_are_records_too),
		CASE(faults_without_end_are_counted),
		CASE(what_cannot_be_read_is_no_verdict),
		CASE(a_record_is_proved_by_itself),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
