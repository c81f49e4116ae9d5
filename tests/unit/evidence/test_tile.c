#include "../unit.h"

#include "evidence/tile.h"
#include "evidence_fixture.h"

static void paths_are_as_they_are_specified(void **state)
{
	/* tlog-tiles, Merkle Tree */
	static const struct {
		struct tile tile;
		const char *path;
	} cases[] = {
		{{0, 1234067, 256}, "tile/0/x001/x234/067"},
		{{0, 0, 256}, "tile/0/000"},
		{{1, 7, 256}, "tile/1/007"},
		{{2, 999, 17}, "tile/2/999.p/17"},
		{{0, 1000, 1}, "tile/0/x001/000.p/1"},
		{{7, 999999, 255}, "tile/7/x999/999.p/255"},
		{{0, UINT64_C(999999999999999999), 255},
			"tile/0/x999/x999/x999/x999/x999/999.p/255"},
	};
	char path[TILE_PATH_SIZE];

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_string_equal(tile_path(&cases[i].tile, path), cases[i].path);
	assert_string_equal(
		tile_partial_folder(&cases[4].tile, path), "tile/0/x001/000.p");
}

/* tlog-tiles, Partial Tiles: trees of 70,000 and of 256 entries. */
static void widths_are_as_they_are_specified(void **state)
{
	(void)state;
	assert_int_equal(tile_width(0, 0, 70000), 256);
	assert_int_equal(tile_width(0, 272, 70000), 256);
	assert_int_equal(tile_width(0, 273, 70000), 112);
	assert_int_equal(tile_width(0, 274, 70000), 0);
	assert_int_equal(tile_width(1, 0, 70000), 256);
	assert_int_equal(tile_width(1, 1, 70000), 17);
	assert_int_equal(tile_width(1, 2, 70000), 0);
	assert_int_equal(tile_width(2, 0, 70000), 1);
	assert_int_equal(tile_width(3, 0, 70000), 0);
	assert_int_equal(tile_width(0, 0, 256), 256);
	assert_int_equal(tile_width(0, 1, 256), 0);
	assert_int_equal(tile_width(1, 0, 256), 1);
	assert_int_equal(tile_width(0, 0, 0), 0);
	assert_int_equal(tile_width(0, UINT64_MAX, 70000), 0);
	assert_int_equal(tile_width(0, UINT64_MAX / 256, TLOG_SIZE_MAX), 0);
	assert_int_equal(tile_width(7, 0, TLOG_SIZE_MAX), 64);
}

static void the_root_of_a_tile_is_that_of_its_tree(void **state)
{
	struct tlog_hash hashes[TILE_WIDTH], root, expected;
	struct tlog_tree tree = {.size = 0};
	char text[8];

	(void)state;
	for (unsigned i = 0; i < TILE_WIDTH; i++) {
		snprintf(text, sizeof(text), "%u", i);
		assert_int_equal(tlog_leaf(&hashes[i], span_of(text)), 0);
		tlog_tree_add(&tree, &hashes[i]);
		if ((tree.size & (tree.size - 1)) != 0)
			continue;
		tlog_tree_root(&tree, &expected);
		tile_root(&root, hashes, i + 1);
		assert_true(tlog_equal(&root, &expected));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(paths_are_as_they_are_specified),
		cmocka_unit_test(widths_are_as_they_are_specified),
		cmocka_unit_test(the_root_of_a_tile_is_that_of_its_tree),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
