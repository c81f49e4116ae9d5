/* The ways from a certificate up to an anchor, and how many of them are tried. */
#include "tls/path.h"

#include "../unit.h"
#include "lab.h"

#include <string.h>

/* Two roots, and an authority that both of them certified: the same name and key. */
static struct world {
	struct lab_id old_root, new_root, by_old, by_new, leaf;
} world;

static int make_world(void **state)
{
	struct lab_spec authority = {.cn = "Sub CA", .ca = true};

	(void)state;
	lab_start();
	lab_root(&world.old_root, "Old CA");
	lab_root(&world.new_root, "New CA");
	lab_issue(&world.by_old, &authority, &world.old_root);
	authority.key_of = &world.by_old;
	lab_issue(&world.by_new, &authority, &world.new_root);
	lab_host(&world.leaf, "gw.example.test", &world.by_old);
	return 0;
}

static int drop_world(void **state)
{
	(void)state;
	lab_drop(&world.leaf);
	lab_drop(&world.by_new);
	lab_drop(&world.by_old);
	lab_drop(&world.new_root);
	lab_drop(&world.old_root);
	lab_stop();
	return 0;
}

/* Each path as letters, in the order in which they came. */
struct seen {
	const struct chain *chain;
	unsigned count;
	unsigned ends_at; /* the path that ends the search; 0: none */
	char text[256];
};

static bool note_h(void *arg, const struct chain *path)
{
	struct seen *seen = arg;
	char one[POLICY_CHAIN_MAX + 2] = "";

	for (unsigned i = 0; i < path->count; i++) {
		for (unsigned at = 0; at < seen->chain->count; at++) {
			if (seen->chain->crts[at] == path->crts[i])
				one[i] = (char)('a' + at);
		}
	}
	seen->count++;
	if (seen->text[0])
		strncat(seen->text, " ", sizeof(seen->text) - strlen(seen->text) - 1);
	strncat(seen->text, one, sizeof(seen->text) - strlen(seen->text) - 1);
	return seen->count == seen->ends_at;
}

/* The certificates of IDS, until NULL, as a far end presents them. */
static void present(struct chain *chain, const struct lab_id *const *ids)
{
	gnutls_datum_t der[POLICY_CHAIN_MAX] = {{NULL, 0}};
	unsigned count;

	for (count = 0; ids[count]; count++)
		assert_int_equal(gnutls_x509_crt_export2(ids[count]->crt,
					 GNUTLS_X509_FMT_DER, &der[count]),
			0);
	assert_int_equal(chain_import(chain, der, count), 0);
	while (count > 0)
		gnutls_free(der[--count].data);
}

/* What was just made is not quite the same to the library as what was read. */
static void trust(gnutls_x509_trust_list_t *ret, const struct lab_id *root)
{
	const struct lab_id *const ids[] = {root, NULL};
	struct chain chain;

	assert_int_equal(gnutls_x509_trust_list_init(ret, 0), 0);
	if (!root)
		return;
	present(&chain, ids);
	/* which the list owns from now on */
	assert_int_equal(gnutls_x509_trust_list_add_cas(*ret, chain.crts, 1, 0), 1);
}

/* The paths of IDS with ROOT (may be NULL) as the anchor. */
static void expect_paths(
	const struct lab_id *const *ids, const struct lab_id *root, const char *paths)
{
	gnutls_x509_trust_list_t list;
	struct chain chain;
	struct seen seen = {.chain = &chain};

	present(&chain, ids);
	trust(&list, root);
	assert_false(path_find(&chain, list, note_h, &seen));
	assert_string_equal(seen.text, paths);
	gnutls_x509_trust_list_deinit(list, 1);
	chain_free(&chain);
}

#define PATHS(root, paths, ...)                                                          \
	expect_paths((const struct lab_id *const[]){__VA_ARGS__, NULL}, root, paths)

static void each_way_is_tried_in_turn(void **state)
{
	(void)state;
	PATHS(&world.old_root, "ab", &world.leaf, &world.by_old);
	/* crossed: both, whatever the anchor, for names alone do not tell */
	PATHS(&world.old_root, "ab ac", &world.leaf, &world.by_old, &world.by_new);
	PATHS(&world.new_root, "ab ac", &world.leaf, &world.by_old, &world.by_new);
	PATHS(&world.new_root, "ab ac", &world.leaf, &world.by_new, &world.by_old);
}

static void an_anchor_ends_a_path_before_what_is_above(void **state)
{
	(void)state;
	PATHS(&world.old_root, "ab abc", &world.leaf, &world.by_old, &world.old_root);
	/* the authority itself is trusted */
	PATHS(&world.by_old, "a ab", &world.leaf, &world.by_old);
}

static void order_and_strangers_do_not_matter(void **state)
{
	(void)state;
	PATHS(&world.old_root, "ad adc", &world.leaf, &world.new_root, &world.old_root,
		&world.by_old);
	PATHS(&world.old_root, "ab", &world.leaf, &world.by_old, &world.by_old);
}

/* So that it can be said how far it came. */
static void what_leads_nowhere_is_told_too(void **state)
{
	(void)state;
	PATHS(NULL, "a", &world.leaf);
	PATHS(NULL, "ab", &world.leaf, &world.by_old);
	PATHS(&world.new_root, "ab", &world.leaf, &world.by_old);
}

static void the_first_that_will_do_ends_it(void **state)
{
	const struct lab_id *const ids[] = {
		&world.leaf, &world.by_old, &world.by_new, NULL};
	gnutls_x509_trust_list_t list;
	struct chain chain;
	struct seen seen = {.chain = &chain, .ends_at = 1};

	(void)state;
	present(&chain, ids);
	trust(&list, NULL);
	assert_true(path_find(&chain, list, note_h, &seen));
	assert_string_equal(seen.text, "ab");
	seen = (struct seen){.chain = &chain, .ends_at = 2};
	assert_true(path_find(&chain, list, note_h, &seen));
	assert_string_equal(seen.text, "ab ac");
	gnutls_x509_trust_list_deinit(list, 1);
	chain_free(&chain);
}

/* Eight that each may have issued each: 8! / 8 ways, of which few are gone. */
static void a_far_end_cannot_make_us_search_for_long(void **state)
{
	const struct lab_id *ids[POLICY_CHAIN_MAX + 1] = {&world.leaf};
	struct lab_id made[POLICY_CHAIN_MAX];
	gnutls_x509_trust_list_t list;
	struct chain chain;
	struct seen seen = {.chain = &chain};

	(void)state;
	for (unsigned i = 1; i < POLICY_CHAIN_MAX; i++) {
		const struct lab_spec spec = {.cn = "Sub CA",
			.ca = true,
			.key_of = &world.by_old,
			.to_days = (long)(30 + i)};

		lab_issue(&made[i], &spec, &world.by_old);
		ids[i] = &made[i];
	}
	present(&chain, ids);
	trust(&list, &world.by_old);
	assert_false(path_find(&chain, list, note_h, &seen));
	assert_int_equal(seen.count, 32);
	gnutls_x509_trust_list_deinit(list, 1);
	chain_free(&chain);
	for (unsigned i = 1; i < POLICY_CHAIN_MAX; i++)
		lab_drop(&made[i]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_way_is_tried_in_turn),
		cmocka_unit_test(an_anchor_ends_a_path_before_what_is_above),
		cmocka_unit_test(order_and_strangers_do_not_matter),
		cmocka_unit_test(what_leads_nowhere_is_told_too),
		cmocka_unit_test(the_first_that_will_do_ends_it),
		cmocka_unit_test(a_far_end_cannot_make_us_search_for_long),
	};

	return cmocka_run_group_tests(tests, make_world, drop_world);
}
