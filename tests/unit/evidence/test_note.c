#include "../unit.h"

#include "base/err.h"
#include "evidence/note.h"
#include "evidence_fixture.h"

/* What golang.org/x/mod/sumdb/note is tested with. */
#define PETER_KEY "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
#define ENOCH_KEY "EnochRoot+af0cfe78+ATtqJ7zOtqQtYqOo0CpvDXNlMhV3HeJDpjrASKGLWdop"
#define TEXT                                                                             \
	"If you think cryptography is the answer to your problem,\n"                     \
	"then you don't know what your problem is.\n"
#define PETER                                                                            \
	"\xe2\x80\x94 PeterNeumann "                                                     \
	"x08go/ZJkuBS9UG/"                                                               \
	"SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6"                \
	"KE6RyyBwJnAM=\n"
#define ENOCH                                                                            \
	"\xe2\x80\x94 EnochRoot "                                                        \
	"rwz+eBzmZa0SO3NbfRGzPCpDckykFXSdeX+MNtCOXm2/"                                   \
	"5n2tiOHp+vAF1aGrQ5ovTG01oOTGwnWLox3"                                            \
	"3WWd1RvMc+QQ=\n"

static struct note_key key_of(const char *text)
{
	struct note_key key;

	assert_int_equal(note_key_read(&key, span_of(text)), 0);
	return key;
}

static void a_published_key_is_read_and_written(void **state)
{
	struct note_key key = key_of(PETER_KEY), made;
	char text[NOTE_KEY_TEXT_SIZE];

	(void)state;
	assert_string_equal(key.name, "PeterNeumann");
	assert_int_equal(key.id, 0xc74f20a3);
	assert_string_equal(note_key_text(&key, text), PETER_KEY);
	assert_int_equal(note_key_make(&made, span_of("PeterNeumann"), key.key), 0);
	assert_int_equal(made.id, key.id);
}

/* Of the text of a key each part, and each change of a letter, is none. */
static void a_key_that_was_cut_or_changed_is_none(void **state)
{
	char text[] = PETER_KEY;
	const size_t len = strlen(text);
	struct note_key key;

	(void)state;
	for (size_t i = 0; i <= len; i++)
		for (size_t k = i; k <= len; k++)
			if (i > 0 || k < len)
				assert_int_not_equal(
					note_key_read(
						&key, (struct span){text + i, k - i}),
					0);
	for (size_t i = 0; i < len; i++) {
		text[i]++;
		assert_int_not_equal(note_key_read(&key, span_of(text)), 0);
		text[i]--;
	}
	/* The wrong length, and another type, each with the id that goes with it. */
	assert_int_equal(note_key_read(&key,
				 span_of("PeterNeumann+cc469956+ARpc2QcUPDhMQegwxbzhKqiBf"
					 "sVkmqq/LDE4izWy10TWBADKEY==")),
		ERR_FORMAT);
	assert_int_equal(note_key_read(&key,
				 span_of("PeterNeumann+173116ae+ZRpc2QcUPDhMQegwxbzhKqiBf"
					 "sVkmqq/LDE4izWy10TW")),
		ERR_SUPPORT);
}

static void names_are_what_they_may_be(void **state)
{
	static const char *const good[] = {"a", "example.com/log42", "\xc3\xa9",
		"\xe2\x80\x94", "\xe2\x80\x8b", "\xf0\x9f\x98\x80", "\xed\x9f\xbf",
		"\xee\x80\x80", "\xf4\x8f\xbf\xbf"};
	static const char *const bad[] = {"", "a b", "a+b", "a\nb", "a\tb", "\x7f",
		"\xc2\x85", "\xc2\xa0", "\xe1\x9a\x80", "\xe2\x80\x80", "\xe2\x80\x8a",
		"\xe2\x80\xa8", "\xe2\x80\xa9", "\xe2\x80\xaf", "\xe2\x81\x9f",
		"\xe3\x80\x80", "\xff", "\xc0\x80", "\xc3", "\xe0\x80\x80",
		"\xed\xa0\x80", "\xf4\x90\x80\x80", "\xf5\x80\x80\x80",
		"\xf0\x80\x80\x80", "\xe2\x80", "\xe2\x28\xa1", "\xe2\x82\x28",
		"\xf0\x9f\x98"};
	uint8_t public[ED25519_PUBLIC_LEN] = {1};
	char longest[NOTE_NAME_MAX + 2];
	struct note_key key;

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		if (note_key_make(&key, span_of(good[i]), public) != 0)
			fail_msg("\"%s\" is a name", good[i]);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		if (note_key_make(&key, span_of(bad[i]), public) != ERR_FORMAT)
			fail_msg("number %zu is no name", i);
	memset(longest, 'n', sizeof(longest));
	assert_int_equal(
		note_key_make(&key, (struct span){longest, NOTE_NAME_MAX}, public), 0);
	assert_int_equal(
		note_key_make(&key, (struct span){longest, NOTE_NAME_MAX + 1}, public),
		ERR_FORMAT);
}

static void a_published_note_is_verified(void **state)
{
	const struct note_key peter = key_of(PETER_KEY), enoch = key_of(ENOCH_KEY);
	struct note note;

	(void)state;
	assert_int_equal(note_read(&note, span_of(TEXT "\n" PETER ENOCH)), 0);
	assert_true(span_equal_str(note.text, TEXT));
	assert_int_equal(note.count, 2);
	assert_int_equal(note_verify(&note, &peter), 0);
	assert_int_equal(note_verify(&note, &enoch), 0);
	assert_int_equal(note_read(&note, span_of(TEXT "\n" PETER)), 0);
	assert_int_equal(note_verify(&note, &enoch), -ENOENT);
}

/* signed-note: a signature of an unknown key is passed over, even if it has the name or the id of a known one. */
static void a_key_is_known_by_name_and_id(void **state)
{
	struct note_key peter = key_of(PETER_KEY);
	struct note note;

	(void)state;
	assert_int_equal(note_read(&note, span_of(TEXT "\n" PETER)), 0);
	peter.id++;
	assert_int_equal(note_verify(&note, &peter), -ENOENT);
	peter.id--;
	peter.name[0] = 'p';
	assert_int_equal(note_verify(&note, &peter), -ENOENT);
}

static void a_wrong_signature_spoils_the_note(void **state)
{
	static const char *const wrong[] = {
		"Xf you" TEXT "\n" PETER,
		/* a letter too many; of another text; too short */
		TEXT
		"\n\xe2\x80\x94 PeterNeumann "
		"x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqf"
		"qdngotpRZb6KE6RyyBwJnAMA\n",
		TEXT "\n\xe2\x80\x94 PeterNeumann x08goyYJ\n",
		/* a good one beside it does not help */
		TEXT "\n" PETER "\xe2\x80\x94 PeterNeumann x08goyYJ\n",
	};
	const struct note_key peter = key_of(PETER_KEY);
	struct note note;

	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		assert_int_equal(note_read(&note, span_of(wrong[i])), 0);
		assert_int_equal(note_verify(&note, &peter), ERR_TRUST);
	}
}

static void what_is_no_note_is_refused(void **state)
{
	static const char *const bad[] = {"", "\n", "\n\n", TEXT, TEXT "\n", TEXT PETER,
		"\x01" TEXT "\n" PETER, "\xff" TEXT "\n" PETER, "a\r\n\n" PETER,
		TEXT "\n" PETER "Unexpected line.\n", TEXT "\n" PETER "\n",
		TEXT "\n\xe2\x80\x94 Bad Name x08goyYJ\n",
		TEXT "\n\xe2\x80\x94 Bad+Name x08goyYJ\n",
		TEXT "\n\xe2\x80\x94  x08goyYJ\n", TEXT "\n\xe2\x80\x94 Name\n",
		TEXT "\n\xe2\x80\x94 Name \n", TEXT "\n- Name x08goyYJ\n",
		TEXT "\n\xe2\x80\x94 Name x08g\n", TEXT "\n\xe2\x80\x94 Name x08gow==\n",
		TEXT "\n\xe2\x80\x94 Name x08g@yYJ\n",
		TEXT "\n\xe2\x80\x94 Name x08goyYJ"};
	struct note note = {.count = 77};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		if (note_read(&note, span_of(bad[i])) != ERR_FORMAT)
			fail_msg("number %zu is no note", i);
	assert_int_equal(note.count, 77);
}

/* signed-note: the last empty line is what separates. */
static void a_text_may_have_empty_lines(void **state)
{
	struct note note;

	(void)state;
	assert_int_equal(note_read(&note, span_of("a\n\nb\n\n" PETER)), 0);
	assert_true(span_equal_str(note.text, "a\n\nb\n"));
	assert_int_equal(note_read(&note, span_of("\n\n" PETER)), 0);
	assert_true(span_equal_str(note.text, "\n"));
}

static void as_many_signatures_as_must_be_are_taken(void **state)
{
	struct note note;
	struct buf whole;

	(void)state;
	buf_init(&whole, 0);
	buf_add_str(&whole, TEXT "\n");
	for (unsigned i = 0; i < NOTE_SIGNATURES; i++) {
		assert_int_not_equal(note_read(&note, buf_span(&whole)), ERR_LIMIT);
		buf_add_str(&whole, ENOCH);
	}
	assert_int_equal(note_read(&note, buf_span(&whole)), 0);
	assert_int_equal(note.count, NOTE_SIGNATURES);
	buf_add_str(&whole, ENOCH);
	assert_int_equal(note_read(&note, buf_span(&whole)), ERR_LIMIT);
	while (whole.len <= NOTE_MAX)
		buf_add_str(&whole, ENOCH);
	assert_int_equal(note_read(&note, buf_span(&whole)), ERR_LIMIT);
	buf_free(&whole);
}

static void what_is_signed_is_verified(void **state)
{
	char *folder = fixture_folder();
	struct ed25519 *signer = fixture_key(folder);
	uint8_t public[ED25519_PUBLIC_LEN], signature[ED25519_SIGNATURE_LEN];
	struct note_key key, again;
	char text[NOTE_KEY_TEXT_SIZE];
	struct note note;
	struct buf whole;

	(void)state;
	ed25519_public(signer, public);
	assert_int_equal(note_key_make(&key, span_of(FIXTURE_NAME), public), 0);
	again = key_of(note_key_text(&key, text));
	buf_init(&whole, 0);
	buf_add_str(&whole, "one\ntwo\n");
	assert_int_equal(ed25519_sign(signer, buf_span(&whole), signature), 0);
	buf_add_char(&whole, '\n');
	note_add_signature(&whole, &key, signature);
	assert_int_equal(note_read(&note, buf_span(&whole)), 0);
	assert_true(span_equal_str(note.text, "one\ntwo\n"));
	assert_int_equal(note_verify(&note, &again), 0);
	/* A second one joins it. */
	note_add_signature(&whole, &key, signature);
	assert_int_equal(note_read(&note, buf_span(&whole)), 0);
	assert_int_equal(note.count, 2);
	buf_free(&whole);
	ed25519_free(signer);
	fixture_remove(folder);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_published_key_is_read_and_written),
		cmocka_unit_test(a_key_that_was_cut_or_changed_is_none),
		cmocka_unit_test(names_are_what_they_may_be),
		cmocka_unit_test(a_published_note_is_verified),
		cmocka_unit_test(a_key_is_known_by_name_and_id),
		cmocka_unit_test(a_wrong_signature_spoils_the_note),
		cmocka_unit_test(what_is_no_note_is_refused),
		cmocka_unit_test(a_text_may_have_empty_lines),
		cmocka_unit_test(as_many_signatures_as_must_be_are_taken),
		cmocka_unit_test(what_is_signed_is_verified),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
