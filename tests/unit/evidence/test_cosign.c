#include "../unit.h"

#include "evidence/cosign.h"
#include "evidence/radix64.h"
#include "evidence/submit.h"
#include "evidence_fixture.h"

#define TEXT                                                                             \
	"example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/"                  \
	"Xajj7h2fB2MPA3j2jxq2I=\n"
#define NAME "witness.example.com/w1"
#define TIME 1679315147

struct fixture {
	char *folder;
	struct ed25519 *signer;
	struct note_key key;
};

static int setup(void **state)
{
	struct fixture *fixture = calloc(1, sizeof(*fixture));
	uint8_t public[ED25519_PUBLIC_LEN];

	fixture->folder = fixture_folder();
	fixture->signer = fixture_key(fixture->folder);
	ed25519_public(fixture->signer, public);
	assert_int_equal(cosign_key_make(&fixture->key, span_of(NAME), public), 0);
	*state = fixture;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *fixture = *state;

	ed25519_free(fixture->signer);
	fixture_remove(fixture->folder);
	free(fixture);
	return 0;
}

static void note_of(const struct fixture *fixture, struct buf *ret, uint64_t time_s)
{
	buf_init(ret, 0);
	buf_add_str(ret, TEXT "\n");
	assert_int_equal(
		cosign_add(ret, &fixture->key, fixture->signer, span_of(TEXT), time_s),
		0);
}

static int verify(struct span whole, const struct note_key *key, uint64_t *ret_time_s)
{
	struct note note;

	assert_int_equal(note_read(&note, whole), 0);
	return cosign_verify(&note, key, ret_time_s);
}

static void a_key_for_cosignatures_is_of_its_own_kind(void **state)
{
	struct fixture *fixture = *state;
	char text[NOTE_KEY_TEXT_SIZE], plain_text[NOTE_KEY_TEXT_SIZE];
	struct note_key plain, read;

	assert_int_equal(note_key_make(&plain, span_of(NAME), fixture->key.key), 0);
	assert_int_not_equal(plain.id, fixture->key.id);
	note_key_text(&fixture->key, text);
	note_key_text(&plain, plain_text);
	assert_int_equal(cosign_key_read(&read, span_of(text)), 0);
	assert_true(note_key_equal(&read, &fixture->key));
	assert_string_equal(note_key_text(&read, plain_text), text);
	assert_int_equal(note_key_read(&read, span_of(text)), ERR_SUPPORT);
	note_key_text(&plain, plain_text);
	assert_int_equal(cosign_key_read(&read, span_of(plain_text)), ERR_SUPPORT);
}

/* tlog-cosignature, Format: computed by hand. */
static void the_id_is_made_of_name_kind_and_key(void **state)
{
	struct fixture *fixture = *state;
	char octal[4 * ED25519_PUBLIC_LEN + 1], line[6000], id[9];
	struct buf out;

	for (unsigned i = 0; i < ED25519_PUBLIC_LEN; i++)
		snprintf(octal + 4 * (size_t)i, 5, "\\%03o", fixture->key.key[i]);
	snprintf(line, sizeof(line),
		"printf '" NAME
		"\\n\\004%s' | sha256sum | cut -c1-8 | tr -d '\\n' > '%s/id'",
		octal, fixture->folder);
	assert_int_equal(system(line), 0);
	fixture_read(fixture->folder, "id", &out);
	snprintf(id, sizeof(id), "%08x", fixture->key.id);
	assert_true(span_equal_str(buf_span(&out), id));
	buf_free(&out);
}

static void a_cosignature_says_who_and_when(void **state)
{
	struct fixture *fixture = *state;
	struct note_key other = fixture->key;
	uint64_t time_s = 0;
	struct note note;
	struct buf whole;

	note_of(fixture, &whole, TIME);
	assert_int_equal(verify(buf_span(&whole), &fixture->key, &time_s), 0);
	assert_int_equal(time_s, TIME);
	/* of another one */
	other.id ^= 1;
	assert_int_equal(verify(buf_span(&whole), &other, &time_s), -ENOENT);
	/* whose key is not the one that signed */
	other = fixture->key;
	other.key[0] ^= 1;
	assert_int_equal(verify(buf_span(&whole), &other, &time_s), ERR_TRUST);
	/* It is no signature of the text alone. */
	assert_int_equal(note_read(&note, buf_span(&whole)), 0);
	assert_int_equal(note_verify(&note, &fixture->key), ERR_TRUST);
	buf_free(&whole);
}

static void each_letter_of_it_counts(void **state)
{
	struct fixture *fixture = *state;
	uint64_t time_s;
	struct note note;
	struct buf whole;

	note_of(fixture, &whole, TIME);
	for (size_t i = 0; i < whole.len; i++) {
		const char letter = whole.data[i];

		whole.data[i] = letter == 'B' ? 'C' : 'B';
		if (note_read(&note, buf_span(&whole)) == 0 &&
			cosign_verify(&note, &fixture->key, &time_s) == 0)
			fail_msg("letter %zu was changed", i);
		whole.data[i] = letter;
	}
	buf_free(&whole);
}

static void a_time_is_below_2_to_63(void **state)
{
	struct fixture *fixture = *state;
	uint64_t time_s = 0;
	struct buf whole;

	note_of(fixture, &whole, COSIGN_TIME_MAX);
	assert_int_equal(verify(buf_span(&whole), &fixture->key, &time_s), 0);
	assert_true(time_s == COSIGN_TIME_MAX);
	buf_free(&whole);
	note_of(fixture, &whole, COSIGN_TIME_MAX + 1);
	assert_int_equal(verify(buf_span(&whole), &fixture->key, &time_s), ERR_TRUST);
	buf_free(&whole);
}

/* tlog-witness has this one; the hashes are others'. */
#define HASH "PlRNCrwHpqhGrupue0L7gxbjbMiKA9temvuZZDDpkaw=\n"
#define SUBMISSION                                                                       \
	"old 20852014\n" HASH "jrJZDmY8Y7SyJE0MWLpLozkIVMSMZcD5kvuKxPC3swk=\n"           \
	"5+pKlUdi2LeF/BcMHBn+Ku6yhPGNCswZZD1X/6QgPd8=\n"                                 \
	"/6WVhPs2CwSsb5rYBH5cjHV/wSmA79abXAwhXw3Kj/0=\n\n" TEXT "\n"                     \
	"\xe2\x80\x94 example.com/behind-the-sofa "                                      \
	"Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5/"                      \
	"Zhcyv2q1gGzGku9nTo+zyWE+xeMcTOAYQ8=\n"                                          \
	"\xe2\x80\x94 example.com/behind-the-sofa "                                      \
	"opLqBQsREYCgu6xQkYQwJr9fo45a62DN9EdmHXnZdXNqlcVGlCum2Wks+49/"                   \
	"V6267UEjw6QUXTS5Rovnzv++qbSzm9Q=\n"

static void the_submission_of_the_specification_is_read(void **state)
{
	struct submission submission;
	struct checkpoint checkpoint;
	struct note note;
	struct buf again;

	(void)state;
	assert_int_equal(submit_read(&submission, span_of(SUBMISSION)), 0);
	assert_int_equal(submission.old, 20852014);
	assert_int_equal(submission.proof.count, 4);
	assert_int_equal(note_read(&note, submission.note), 0);
	assert_int_equal(note.count, 2);
	assert_int_equal(checkpoint_read(&checkpoint, note.text), 0);
	assert_int_equal(checkpoint.size, 20852163);
	buf_init(&again, 0);
	submit_write(&again, &submission);
	assert_true(span_equal_str(buf_span(&again), SUBMISSION));
	buf_free(&again);
}

static void what_is_no_submission_is_refused(void **state)
{
	static const char *const bad[] = {"", "old 1", "old 1\n", "old 01\n\n",
		"old -1\n\n", "old  1\n\n", "Old 1\n\n", "old 1 \n\n", "old 1\nAAAA\n\n",
		"old 1\n" HASH, "old 1\nold 1\n\n", "old 99999999999999999999\n\n"};
	struct submission submission;
	struct buf many;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		if (submit_read(&submission, span_of(bad[i])) != ERR_FORMAT)
			fail_msg("%s", bad[i]);
	/* 63 lines at most. */
	buf_init(&many, 0);
	buf_add_str(&many, "old 1\n");
	for (unsigned i = 0; i < SUBMIT_PROOF_MAX; i++)
		buf_add_str(&many, HASH);
	buf_add_str(&many, "\nx");
	assert_int_equal(submit_read(&submission, buf_span(&many)), 0);
	assert_int_equal(submission.proof.count, SUBMIT_PROOF_MAX);
	buf_clear(&many);
	buf_add_str(&many, "old 1\n");
	for (unsigned i = 0; i < SUBMIT_PROOF_MAX + 1; i++)
		buf_add_str(&many, HASH);
	buf_add_str(&many, "\nx");
	assert_int_equal(submit_read(&submission, buf_span(&many)), ERR_FORMAT);
	buf_free(&many);
}

static void a_size_is_a_line(void **state)
{
	static const char *const bad[] = {
		"", "1", "1\n2\n", "01\n", "x\n", "\n", "1\r\n"};
	uint64_t size = 77;

	(void)state;
	assert_int_equal(submit_read_size(&size, span_of("20852014\n")), 0);
	assert_int_equal(size, 20852014);
	assert_int_equal(submit_read_size(&size, span_of("0\n")), 0);
	assert_int_equal(size, 0);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(submit_read_size(&size, span_of(bad[i])), ERR_FORMAT);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(a_key_for_cosignatures_is_of_its_own_kind),
		CASE(the_id_is_made_of_name_kind_and_key),
		CASE(a_cosignature_says_who_and_when),
		CASE(each_letter_of_it_counts),
		CASE(a_time_is_below_2_to_63),
		cmocka_unit_test(the_submission_of_the_specification_is_read),
		cmocka_unit_test(what_is_no_submission_is_refused),
		cmocka_unit_test(a_size_is_a_line),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
