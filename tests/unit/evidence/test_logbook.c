#include "../unit.h"

#include "evidence/tiles.h"
#include "evidence_fixture.h"

struct fixture {
	char *folder;
	struct ed25519 *key;
	struct logbook *logbook;
	struct tlog_tree tree; /* what it should be */
};

static void open_it(struct fixture *fixture)
{
	struct err_text text = {""};

	if (logbook_new(&fixture->logbook, fixture_log_fd(fixture->folder), fixture->key,
		    FIXTURE_NAME, &text) != 0)
		fail_msg("%s", text.text);
}

static void close_it(struct fixture *fixture)
{
	logbook_free(fixture->logbook);
	fixture->logbook = NULL;
}

static int setup(void **state)
{
	struct fixture *fixture = calloc(1, sizeof(*fixture));

	fixture->folder = fixture_folder();
	fixture->key = fixture_key(fixture->folder);
	open_it(fixture);
	*state = fixture;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *fixture = *state;

	close_it(fixture);
	ed25519_free(fixture->key);
	fixture_remove(fixture->folder);
	free(fixture);
	return 0;
}

static struct tlog_hash leaf_of(uint64_t index)
{
	struct tlog_hash leaf;

	assert_int_equal(
		tlog_leaf(&leaf, (struct span){(char *)&index, sizeof(index)}), 0);
	return leaf;
}

static void grow(struct fixture *fixture, uint64_t size)
{
	while (fixture->tree.size < size) {
		struct tlog_hash leaf = leaf_of(fixture->tree.size);

		tlog_tree_add(&fixture->tree, &leaf);
		assert_int_equal(logbook_add(fixture->logbook, &leaf), 0);
	}
	assert_true(logbook_size(fixture->logbook) == size);
}

/* The checkpoint in the folder says what the tree is, and is signed. */
static void expect_checkpoint(struct fixture *fixture, uint64_t size)
{
	struct checkpoint checkpoint;
	struct tlog_hash root;
	struct note note;
	struct buf whole;

	fixture_read(fixture->folder, "log/checkpoint", &whole);
	assert_int_equal(note_read(&note, buf_span(&whole)), 0);
	assert_int_equal(note_verify(&note, logbook_key(fixture->logbook)), 0);
	assert_int_equal(checkpoint_read(&checkpoint, note.text), 0);
	assert_true(span_equal_str(checkpoint.origin, FIXTURE_NAME));
	assert_true(checkpoint.size == size);
	assert_true(logbook_published(fixture->logbook) == size);
	tlog_tree_root(&fixture->tree, &root);
	assert_true(tlog_equal(&checkpoint.root, &root));
	buf_free(&whole);
}

/* From the tiles alone each of these entries is proved. */
static void expect_proofs(struct fixture *fixture)
{
	const uint64_t size = fixture->tree.size;
	struct tiles *tiles = malloc(sizeof(*tiles));
	int fd = fixture_log_fd(fixture->folder);
	struct tlog_proof proof;
	struct tlog_hash root, leaf;

	tlog_tree_root(&fixture->tree, &root);
	tiles_init(tiles, fd, size);
	for (uint64_t i = 0; i < size; i += size / 7 + 1) {
		leaf = leaf_of(i);
		assert_int_equal(tlog_prove_entry(&proof, i, size, tiles_read, tiles), 0);
		assert_true(tlog_check_entry(&proof, &leaf, i, size, &root));
	}
	close(fd);
	free(tiles);
}

static bool is_there(struct fixture *fixture, const char *name)
{
	char *path = fixture_path(fixture->folder, name);
	bool there = access(path, F_OK) == 0;

	free(path);
	return there;
}

static void a_log_that_is_published_can_be_proved(void **state)
{
	static const unsigned sizes[] = {
		1, 2, 3, 255, 256, 257, 511, 512, 600, 65535, 65536, 65537, 66000};
	struct fixture *fixture = *state;

	assert_int_equal(logbook_publish(fixture->logbook), 0);
	assert_false(is_there(fixture, "log/checkpoint")); /* there is nothing to sign */
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		grow(fixture, sizes[i]);
		assert_int_equal(logbook_publish(fixture->logbook), 0);
		expect_checkpoint(fixture, sizes[i]);
		expect_proofs(fixture);
	}
	/* tlog-tiles: what a checkpoint needs is there until the full tile is. */
	assert_false(is_there(fixture, "log/tile/0/000.p"));
	assert_true(is_there(fixture, "log/tile/0/001"));
	assert_true(is_there(fixture, "log/tile/0/256"));
	assert_false(is_there(fixture, "log/tile/0/256.p"));
	assert_true(is_there(fixture, "log/tile/0/257.p/208"));
	assert_true(is_there(fixture, "log/tile/1/000"));
	assert_false(is_there(fixture, "log/tile/1/000.p"));
	assert_true(is_there(fixture, "log/tile/1/001.p/1"));
	assert_true(is_there(fixture, "log/tile/2/000.p/1"));
}

static void a_log_goes_on_after_a_restart(void **state)
{
	static const unsigned sizes[] = {
		0, 4, 200, 256, 300, 511, 515, 2000, 65535, 65600};
	struct fixture *fixture = *state;

	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		grow(fixture, sizes[i]);
		assert_int_equal(logbook_publish(fixture->logbook), 0);
		close_it(fixture);
		open_it(fixture);
		assert_true(logbook_size(fixture->logbook) == sizes[i]);
		grow(fixture, sizes[i] + 3);
		assert_int_equal(logbook_publish(fixture->logbook), 0);
		expect_checkpoint(fixture, sizes[i] + 3);
		expect_proofs(fixture);
	}
}

/* What was added and not published is to be added again: killed at any moment it is as before. */
static void what_was_not_published_is_added_again(void **state)
{
	struct fixture *fixture = *state;
	struct tlog_tree published;

	grow(fixture, 250);
	assert_int_equal(logbook_publish(fixture->logbook), 0);
	published = fixture->tree;
	grow(fixture, 600); /* writes full tiles */
	close_it(fixture);
	open_it(fixture);
	assert_int_equal(logbook_size(fixture->logbook), 250);
	fixture->tree = published;
	grow(fixture, 601);
	assert_int_equal(logbook_publish(fixture->logbook), 0);
	expect_checkpoint(fixture, 601);
	expect_proofs(fixture);
}

static void a_last_tile_that_is_lost_is_made_again(void **state)
{
	struct fixture *fixture = *state;
	struct tlog_tree begin;

	grow(fixture, 512);
	begin = fixture->tree;
	grow(fixture, 600);
	assert_int_equal(logbook_publish(fixture->logbook), 0);
	close_it(fixture);
	/* as a machine that lost power leaves it */
	fixture_write(fixture->folder, "log/tile/0/002.p/88", "", 0);
	open_it(fixture);
	assert_int_equal(logbook_size(fixture->logbook), 512);
	assert_int_equal(logbook_published(fixture->logbook), 600);
	fixture->tree = begin;
	grow(fixture, 550);
	/* Nothing is signed that has fewer entries than what was. */
	assert_int_equal(logbook_publish(fixture->logbook), 0);
	assert_int_equal(logbook_published(fixture->logbook), 600);
	grow(fixture, 601);
	assert_int_equal(logbook_publish(fixture->logbook), 0);
	expect_checkpoint(fixture, 601);
	expect_proofs(fixture);
}

/* Full ones too, which are not synced one by one: empty, of zeros, or not there. */
static void tiles_that_are_lost_are_made_again(void **state)
{
	static const char zeros[TILE_BYTES];
	struct fixture *fixture = *state;
	char *path = fixture_path(fixture->folder, "log/tile/0/260");
	struct tlog_tree begin;

	grow(fixture, 258 * 256);
	begin = fixture->tree;
	grow(fixture, 263 * 256 + 70);
	assert_int_equal(logbook_publish(fixture->logbook), 0);
	close_it(fixture);
	fixture_write(fixture->folder, "log/tile/0/262", "", 0);
	fixture_write(fixture->folder, "log/tile/0/258", zeros, sizeof(zeros));
	fixture_write(fixture->folder, "log/tile/0/263.p/70", "", 0);
	assert_int_equal(unlink(path), 0);
	free(path);
	open_it(fixture);
	assert_int_equal(logbook_size(fixture->logbook), 258 * 256);
	fixture->tree = begin;
	grow(fixture, 263 * 256 + 71);
	assert_int_equal(logbook_publish(fixture->logbook), 0);
	expect_checkpoint(fixture, 263 * 256 + 71);
	expect_proofs(fixture);
	/* Of a level above. */
	close_it(fixture);
	fixture_write(fixture->folder, "log/tile/1/000", "", 0);
	open_it(fixture);
	assert_int_equal(logbook_size(fixture->logbook), 0);
}

static void other_entries_than_were_signed_are_refused(void **state)
{
	struct fixture *fixture = *state;
	struct tlog_hash wrong = leaf_of(4711);

	grow(fixture, 300);
	assert_int_equal(logbook_publish(fixture->logbook), 0);
	close_it(fixture);
	fixture_write(fixture->folder, "log/tile/0/001.p/44", "", 0);
	open_it(fixture);
	assert_int_equal(logbook_size(fixture->logbook), 256);
	for (unsigned i = 256; i < 299; i++)
		assert_int_equal(logbook_add(fixture->logbook, &wrong), 0);
	assert_int_equal(logbook_add(fixture->logbook, &wrong), ERR_TRUST);
	assert_int_equal(logbook_size(fixture->logbook), 299);
	assert_int_equal(logbook_add(fixture->logbook, &wrong), ERR_TRUST);
	assert_int_equal(logbook_publish(fixture->logbook), ERR_TRUST);
	assert_int_equal(logbook_published(fixture->logbook), 300);
}

static void expect_refused(struct fixture *fixture, int expected)
{
	struct err_text text = {""};

	assert_int_equal(logbook_new(&fixture->logbook, fixture_log_fd(fixture->folder),
				 fixture->key, FIXTURE_NAME, &text),
		expected);
	assert_true(text.text[0] != '\0');
	assert_null(fixture->logbook);
}

static void a_log_that_is_not_what_was_signed_is_refused(void **state)
{
	struct fixture *fixture = *state;
	struct ed25519 *own = fixture->key;
	struct err_text text = {""};
	struct buf whole;
	char *path;

	grow(fixture, 512);
	assert_int_equal(logbook_publish(fixture->logbook), 0);
	close_it(fixture);
	fixture_read(fixture->folder, "log/tile/0/001", &whole);
	whole.data[100] ^= 1;
	fixture_write(fixture->folder, "log/tile/0/001", whole.data, whole.len);
	expect_refused(fixture, ERR_TRUST);
	/* What is not whole is made again, if it can be. */
	fixture_write(fixture->folder, "log/tile/0/001", whole.data, whole.len - 1);
	open_it(fixture);
	assert_int_equal(logbook_size(fixture->logbook), 256);
	close_it(fixture);
	whole.data[100] ^= 1;
	fixture_write(fixture->folder, "log/tile/0/001", whole.data, whole.len);
	buf_free(&whole);
	open_it(fixture);
	close_it(fixture);

	fixture_read(fixture->folder, "log/checkpoint", &whole);
	fixture_write(fixture->folder, "log/checkpoint", whole.data, whole.len - 1);
	expect_refused(fixture, ERR_TRUST);
	fixture_write(fixture->folder, "log/checkpoint", "", 0);
	expect_refused(fixture, ERR_TRUST);
	fixture_write(fixture->folder, "log/checkpoint", whole.data, whole.len);
	buf_free(&whole);
	/* No other key goes on with it. */
	path = fixture_path(fixture->folder, "other.key");
	assert_int_equal(ed25519_create(path, &text), 0);
	assert_int_equal(ed25519_load(&fixture->key, path, &text), 0);
	free(path);
	expect_refused(fixture, ERR_TRUST);
	ed25519_free(fixture->key);
	fixture->key = own;
	open_it(fixture);
}

static void what_cannot_be_written_is_tried_again(void **state)
{
	struct fixture *fixture = *state;
	char *tiles = fixture_path(fixture->folder, "log/tile");
	char *checkpoint = fixture_path(fixture->folder, "log/.checkpoint.new");
	struct tlog_hash leaf;

	grow(fixture, 255);
	fixture_write(fixture->folder, "log/tile", "", 0); /* where a folder should be */
	leaf = leaf_of(255);
	assert_int_equal(logbook_add(fixture->logbook, &leaf), -ENOTDIR);
	assert_int_equal(logbook_publish(fixture->logbook), -ENOTDIR);
	assert_int_equal(logbook_size(fixture->logbook), 255);
	assert_int_equal(logbook_published(fixture->logbook), 0);
	assert_int_equal(unlink(tiles), 0);
	grow(fixture, 256);
	assert_int_equal(mkdir(checkpoint, 0700), 0);
	assert_int_equal(logbook_publish(fixture->logbook), -EISDIR);
	assert_int_equal(rmdir(checkpoint), 0);
	assert_int_equal(logbook_publish(fixture->logbook), 0);
	expect_checkpoint(fixture, 256);
	expect_proofs(fixture);
	free(tiles);
	free(checkpoint);
}

static void what_is_planted_is_not_written_to(void **state)
{
	static const char *const names[] = {
		"log/.checkpoint.new", "log/checkpoint", "log/tile/0/000.p/4"};
	struct fixture *fixture = *state;
	char *other = fixture_path(fixture->folder, "other");
	struct stat st;

	grow(fixture, 3);
	assert_int_equal(logbook_publish(fixture->logbook), 0);
	fixture_write(fixture->folder, "other", "others'", 7);
	for (unsigned i = 0; i < 3; i++) {
		char *path = fixture_path(fixture->folder, names[i]);

		unlink(path);
		/* by its name, or by another one of the same file */
		assert_int_equal(i % 2 ? symlink(other, path) : link(other, path), 0);
		free(path);
	}
	grow(fixture, 4);
	assert_int_equal(logbook_publish(fixture->logbook), 0);
	expect_checkpoint(fixture, 4);
	expect_proofs(fixture);
	assert_int_equal(stat(other, &st), 0);
	assert_int_equal(st.st_size, 7);
	assert_int_equal(st.st_nlink, 1);
	free(other);
}

/* Another folder stands in its place, with nothing in it. */
static void empty_log(struct fixture *fixture)
{
	char command[5000];

	snprintf(command, sizeof(command), "cd '%s' && rm -r log && mkdir log",
		fixture->folder);
	assert_int_equal(system(command), 0);
	memset(&fixture->tree, 0, sizeof(fixture->tree));
}

static void a_log_goes_on_with_what_it_had(void **state)
{
	struct fixture *fixture = *state;
	struct logbook *before = fixture->logbook;
	struct tlog_hash leaf = leaf_of(77);
	char *path = fixture_path(fixture->folder, "log");

	grow(fixture, 5);
	assert_int_equal(logbook_publish(before), 0);
	assert_true(logbook_is_in(before, path));
	empty_log(fixture);
	assert_false(logbook_is_in(before, path));
	/* anew, and the same */
	fixture->logbook = NULL;
	open_it(fixture);
	assert_int_equal(logbook_go_on(fixture->logbook, before), 0);
	assert_int_equal(logbook_known(fixture->logbook), 5);
	grow(fixture, 5);
	assert_int_equal(logbook_publish(fixture->logbook), 0);
	expect_checkpoint(fixture, 5);
	/* another one */
	logbook_free(fixture->logbook);
	fixture->logbook = NULL;
	empty_log(fixture);
	open_it(fixture);
	assert_int_equal(logbook_go_on(fixture->logbook, before), 0);
	grow(fixture, 4);
	assert_int_equal(logbook_add(fixture->logbook, &leaf), ERR_TRUST);
	logbook_free(fixture->logbook);
	fixture->logbook = NULL;
	/* one that has more than was known */
	empty_log(fixture);
	open_it(fixture);
	grow(fixture, 6);
	assert_int_equal(logbook_go_on(fixture->logbook, before), ERR_TRUST);
	assert_int_equal(logbook_publish(fixture->logbook), ERR_TRUST);
	logbook_free(before);
	free(path);
}

static void a_name_must_be_one(void **state)
{
	struct fixture *fixture = *state;
	struct err_text text = {""};

	close_it(fixture);
	assert_int_equal(logbook_new(&fixture->logbook, fixture_log_fd(fixture->folder),
				 fixture->key, "a b", &text),
		ERR_FORMAT);
	assert_non_null(strstr(text.text, "a b"));
}

static void tiles_are_read_as_far_as_they_are_whole(void **state)
{
	struct fixture *fixture = *state;
	struct tiles *tiles = malloc(sizeof(*tiles));
	struct tlog_hash hash, leaf;
	int fd = fixture_log_fd(fixture->folder);
	char *path = fixture_path(fixture->folder, "log/tile/0/001");

	grow(fixture, 600);
	assert_int_equal(logbook_publish(fixture->logbook), 0);
	tiles_init(tiles, fd, 600);
	leaf = leaf_of(599);
	assert_int_equal(tiles_read(tiles, 0, 599, &hash), 0);
	assert_true(tlog_equal(&hash, &leaf));
	assert_int_equal(tiles_read(tiles, 0, 600, &hash), ERR_LIMIT);
	assert_int_equal(tiles_read(tiles, 9, 1, &hash), ERR_LIMIT);
	assert_int_equal(tiles_read(tiles, 9, 0, &hash), 0);
	assert_int_equal(tiles_read(tiles, 62, 0, &hash), ERR_LIMIT);
	assert_int_equal(tiles_read(tiles, 64, 0, &hash), ERR_LIMIT);
	assert_int_equal(tiles_read(tiles, 0, UINT64_MAX, &hash), ERR_LIMIT);
	/* Of a tree of before, the beginning of what is full now. */
	tiles_init(tiles, fd, 300);
	leaf = leaf_of(299);
	assert_int_equal(tiles_read(tiles, 0, 299, &hash), 0);
	assert_true(tlog_equal(&hash, &leaf));
	assert_int_equal(unlink(path), 0);
	tiles_init(tiles, fd, 600);
	assert_int_equal(tiles_read(tiles, 0, 300, &hash), -ENOENT);
	assert_int_equal(symlink("000", path), 0);
	assert_int_equal(tiles_read(tiles, 0, 300, &hash), -ELOOP);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(mkdir(path, 0700), 0);
	assert_int_equal(tiles_read(tiles, 0, 300, &hash), -EPERM);
	close(fd);
	free(path);
	free(tiles);
}

/* One who signs when he likes. */
struct slow {
	struct ed25519 *key;
	int err; /* instead */
};

static int slow_h(void *arg, struct span data, uint8_t ret[static ED25519_SIGNATURE_LEN])
{
	struct slow *slow = arg;

	return slow->err ? slow->err : ed25519_sign(slow->key, data, ret);
}

static void a_signer_may_take_longer_than_entries_take_to_come(void **state)
{
	struct fixture *fixture = *state;
	struct slow slow = {.key = fixture->key};
	uint8_t public[ED25519_PUBLIC_LEN];

	close_it(fixture);
	ed25519_public(slow.key, public);
	assert_int_equal(ed25519_make(&fixture->key, public, slow_h, &slow), 0);
	open_it(fixture);
	grow(fixture, 250);
	slow.err = -EAGAIN;
	assert_int_equal(logbook_publish(fixture->logbook), -EAGAIN);
	/* past the end of a tile, whose beginnings are removed */
	grow(fixture, 300);
	assert_int_equal(logbook_publish(fixture->logbook), -EAGAIN);
	assert_int_equal(logbook_published(fixture->logbook), 0);
	slow.err = 0;
	assert_int_equal(logbook_publish(fixture->logbook), 0);
	assert_int_equal(logbook_published(fixture->logbook), 250);
	/* whoever opens it now finds what was signed, and adds the others again */
	close_it(fixture);
	open_it(fixture);
	assert_int_equal(logbook_published(fixture->logbook), 250);
	while (logbook_size(fixture->logbook) < 310) {
		const struct tlog_hash leaf = leaf_of(logbook_size(fixture->logbook));

		assert_int_equal(logbook_add(fixture->logbook, &leaf), 0);
	}
	assert_int_equal(logbook_publish(fixture->logbook), 0);
	assert_int_equal(logbook_published(fixture->logbook), 310);
	/* What fails is begun anew, with all that there is. */
	slow.err = ERR_LIBRARY;
	assert_int_equal(logbook_add(fixture->logbook, &(struct tlog_hash){{1}}), 0);
	assert_int_equal(logbook_publish(fixture->logbook), ERR_LIBRARY);
	assert_int_equal(logbook_add(fixture->logbook, &(struct tlog_hash){{2}}), 0);
	slow.err = 0;
	assert_int_equal(logbook_publish(fixture->logbook), 0);
	assert_int_equal(logbook_published(fixture->logbook), 312);
	close_it(fixture);
	ed25519_free(fixture->key);
	fixture->key = slow.key;
	open_it(fixture);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(a_signer_may_take_longer_than_entries_take_to_come),
		CASE(a_log_that_is_published_can_be_proved),
		CASE(a_log_goes_on_after_a_restart),
		CASE(what_was_not_published_is_added_again),
		CASE(a_last_tile_that_is_lost_is_made_again),
		CASE(tiles_that_are_lost_are_made_again),
		CASE(other_entries_than_were_signed_are_refused),
		CASE(a_log_that_is_not_what_was_signed_is_refused),
		CASE(what_cannot_be_written_is_tried_again),
		CASE(what_is_planted_is_not_written_to),
		CASE(a_log_goes_on_with_what_it_had),
		CASE(a_name_must_be_one),
		CASE(tiles_are_read_as_far_as_they_are_whole),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
