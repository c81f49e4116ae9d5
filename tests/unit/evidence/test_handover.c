/* Logs that go on with another key: who is to be trusted then, and what is no hand-over. */
#include "../unit.h"

#include "evidence/handover.h"
#include "evidence/keychain.h"
#include "evidence/verify.h"
#include "evidence_fixture.h"

/* Records 0 to SIZE - 1. */
#define SIZE 300
/* These two hand over: the first one's checkpoint has further records, the other one's has not. */
#define FIRST 100
#define FIRST_SIZE 120
#define SECOND 257
#define SECOND_SIZE 258

#define FIRST_FILE "log/handover/100"

struct fixture {
	char *folder;
	struct ed25519 *keys[3];
	struct note_key verifiers[3];
	struct verify_result result;
	char said[4096], handed[1024];
};

static struct ed25519 *make_key(const char *folder, unsigned number)
{
	struct err_text text = {""};
	struct ed25519 *key = NULL;
	char path[4300];

	snprintf(path, sizeof(path), "%s/key-%u", folder, number);
	assert_int_equal(ed25519_create(path, &text), 0);
	assert_int_equal(ed25519_load(&key, path, &text), 0);
	return key;
}

static void key_line(struct buf *out, uint64_t seq, const struct note_key *from,
	const struct note_key *to)
{
	char old[NOTE_KEY_TEXT_SIZE], new[NOTE_KEY_TEXT_SIZE];

	head_write(out, seq, "00112233445566778899aabbccddeeff");
	buf_printf(out,
		",\"kind\":\"key\",\"time\":\"2026-12-01T10:00:00.000000Z\",\"old\":\"%"
		"s\","
		"\"new\":\"%s\"}",
		note_key_text(from, old), note_key_text(to, new));
}

/* Record I of the log. */
static void line_of(const struct fixture *fixture, struct buf *out, uint64_t i)
{
	buf_free(out);
	buf_init(out, 0);
	if (i == FIRST)
		key_line(out, i, &fixture->verifiers[0], &fixture->verifiers[1]);
	else if (i == SECOND)
		key_line(out, i, &fixture->verifiers[1], &fixture->verifiers[2]);
	else
		fixture_line(out, i);
}

/* The first SIZE records below FOLDER, of which ODD is another one. */
static void write_log(
	const struct fixture *fixture, const char *folder, uint64_t size, uint64_t odd)
{
	struct err_text text = {""};
	struct logbook *logbook;
	struct tlog_hash leaf;
	struct buf lines, line;

	assert_int_equal(logbook_new(&logbook, fixture_log_fd(folder), fixture->keys[0],
				 FIXTURE_NAME, &text),
		0);
	buf_init(&lines, 0);
	buf_init(&line, 0);
	for (uint64_t i = 0; i < size; i++) {
		line_of(fixture, &line, i == odd ? i + 1 : i);
		if (i == FIRST || i == SECOND)
			assert_int_equal(logbook_hand_over(logbook,
						 fixture->keys[i == FIRST ? 1 : 2], i,
						 buf_span(&line)),
				0);
		assert_int_equal(tlog_leaf(&leaf, buf_span(&line)), 0);
		assert_int_equal(logbook_add(logbook, &leaf), 0);
		buf_add_span(&lines, buf_span(&line));
		buf_add_char(&lines, '\n');
		/* That of 50 records is kept, as somebody else does. */
		if (i + 1 == 50 || i + 1 == FIRST_SIZE || i + 1 == SECOND_SIZE)
			assert_int_equal(logbook_publish(logbook), 0);
		if (i + 1 == 50) {
			buf_free(&line);
			fixture_read(folder, "log/checkpoint", &line);
			fixture_write(folder, "older", line.data, line.len);
		}
	}
	assert_int_equal(logbook_publish(logbook), 0);
	assert_true(note_key_equal(
		logbook_key(logbook), &fixture->verifiers[size == SIZE ? 2 : 1]));
	logbook_free(logbook);
	fixture_write(folder, "cdr.jsonl", lines.data, lines.len);
	buf_free(&lines);
	buf_free(&line);
}

static int setup(void **state)
{
	struct fixture *fixture = calloc(1, sizeof(*fixture));
	uint8_t public[ED25519_PUBLIC_LEN];

	fixture->folder = fixture_folder();
	for (unsigned i = 0; i < 3; i++) {
		fixture->keys[i] = make_key(fixture->folder, i);
		ed25519_public(fixture->keys[i], public);
		assert_int_equal(note_key_make(&fixture->verifiers[i],
					 span_of(FIXTURE_NAME), public),
			0);
	}
	write_log(fixture, fixture->folder, SIZE, UINT64_MAX);
	*state = fixture;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *fixture = *state;

	for (unsigned i = 0; i < 3; i++)
		ed25519_free(fixture->keys[i]);
	fixture_remove(fixture->folder);
	free(fixture);
	return 0;
}

static void fault_h(void *arg, const struct verify_fault *fault)
{
	struct fixture *fixture = arg;
	size_t len = strlen(fixture->said);

	snprintf(fixture->said + len, sizeof(fixture->said) - len, "%s: %s\n",
		verify_kind_name(fault->kind), fault->text);
}

static void handover_h(void *arg, const struct handover *handover)
{
	struct fixture *fixture = arg;
	size_t len = strlen(fixture->handed);

	snprintf(fixture->handed + len, sizeof(fixture->handed) - len,
		"%" PRIu64 " %s %08x %08x\n", handover->index, handover->time,
		handover->from.id, handover->to.id);
}

/* Records from FROM on, by key NUMBER, with the older checkpoint. */
static void verify_from(struct fixture *fixture, unsigned number, uint64_t from)
{
	struct verify_params params = {.key = &fixture->verifiers[number],
		.from = from,
		.to = UINT64_MAX,
		.older_count = 1,
		.h = fault_h,
		.handover_h = handover_h,
		.arg = fixture};
	struct err_text text = {""};
	struct verify_older older;
	struct buf note;

	fixture->said[0] = fixture->handed[0] = '\0';
	memset(&fixture->result, 0, sizeof(fixture->result));
	fixture_read(fixture->folder, "older", &note);
	older = (struct verify_older){"older", buf_span(&note)};
	params.older = &older;
	assert_int_equal(records_open(&params.records, fixture->folder, &text), 0);
	params.log_fd = fixture_log_fd(fixture->folder);
	assert_int_equal(verify_log(&fixture->result, &params, &text), 0);
	close(params.log_fd);
	records_free(params.records);
	buf_free(&note);
}

static void verify(struct fixture *fixture, unsigned number)
{
	verify_from(fixture, number, 0);
}

static void run(struct fixture *fixture, const char *command)
{
	char line[5000];

	snprintf(line, sizeof(line), "cd '%s' && %s", fixture->folder, command);
	assert_int_equal(system(line), 0);
}

static void write_checkpoint(struct fixture *fixture, unsigned key)
{
	uint8_t signature[ED25519_SIGNATURE_LEN];
	struct buf whole, made;
	struct note note;

	fixture_read(fixture->folder, "log/checkpoint", &whole);
	assert_int_equal(note_read(&note, buf_span(&whole)), 0);
	buf_init(&made, 0);
	buf_add_span(&made, note.text);
	buf_add_char(&made, '\n');
	assert_int_equal(ed25519_sign(fixture->keys[key], note.text, signature), 0);
	note_add_signature(&made, &fixture->verifiers[key], signature);
	fixture_write(fixture->folder, "log/checkpoint", made.data, made.len);
	buf_free(&whole);
	buf_free(&made);
}

static void each_key_is_followed_to_the_others(void **state)
{
	struct fixture *fixture = *state;
	char expected[512];

	snprintf(expected, sizeof(expected),
		"100 2026-12-01T10:00:00.000000Z %08x %08x\n"
		"257 2026-12-01T10:00:00.000000Z %08x %08x\n",
		fixture->verifiers[0].id, fixture->verifiers[1].id,
		fixture->verifiers[1].id, fixture->verifiers[2].id);
	for (unsigned i = 0; i < 3; i++) {
		verify(fixture, i);
		assert_string_equal(fixture->said, "");
		assert_int_equal(fixture->result.checked, SIZE);
		assert_string_equal(fixture->handed, expected);
	}
}

static void a_checkpoint_is_good_by_the_key_of_its_time_alone(void **state)
{
	struct fixture *fixture = *state;

	/* Whoever has an old key, or a later one, has not the one that signs. */
	for (unsigned i = 0; i < 2; i++) {
		write_checkpoint(fixture, i);
		verify(fixture, i);
		assert_string_equal(fixture->said,
			"checkpoint: the checkpoint is not good: it is not signed by the "
			"key that the log had then\n");
	}
	write_checkpoint(fixture, 2);
	verify(fixture, 0);
	assert_string_equal(fixture->said, "");
	/* A checkpoint of before, by the key of later. */
	run(fixture, "cp log/checkpoint kept && cp older log/checkpoint");
	write_checkpoint(fixture, 2);
	run(fixture, "cp log/checkpoint older && cp kept log/checkpoint");
	verify(fixture, 2);
	assert_string_equal(fixture->said, "checkpoint: older is not good: it is not "
					   "signed by the key that the log had "
					   "then\n");
}

static void without_its_proof_a_handover_is_a_fault(void **state)
{
	struct fixture *fixture = *state;

	run(fixture, "rm " FIRST_FILE);
	/* To the new key it is a record that the old one never signed. */
	verify(fixture, 2);
	assert_string_equal(fixture->said, "checkpoint: older is not good: it is not "
					   "signed by the key that the log had "
					   "then\n"
					   "handover: record 100 hands the log over to "
					   "another key, and there is no good "
					   "signature of the old one on that\n");
	/* Nobody asked for that record. */
	verify_from(fixture, 2, FIRST + 1);
	assert_null(strstr(fixture->said, "handover: "));
	/* To the old key nothing behind it is signed. */
	verify(fixture, 0);
	assert_non_null(strstr(fixture->said, "handover: the hand-over by record 257 "
					      "does not follow from the key that is "
					      "trusted\n"));
	assert_non_null(strstr(fixture->said, "checkpoint: the checkpoint is not good: "
					      "it is not signed by that key\n"));
	assert_non_null(strstr(fixture->said, "handover: record 100 hands"));
}

static void a_handover_that_the_old_key_did_not_sign_is_none(void **state)
{
	struct fixture *fixture = *state;

	/* Of the two signatures the first is that of the old key. */
	run(fixture, "sed -i '0,/^\xe2\x80\x94 /{/^\xe2\x80\x94 /d}' " FIRST_FILE);
	verify(fixture, 2);
	assert_non_null(strstr(fixture->said, "handover: the hand-over handover/100 is "
					      "not good: the old key did not sign "
					      "it\n"));
	verify(fixture, 0);
	assert_non_null(strstr(fixture->said, "the old key did not sign it\n"));
	assert_non_null(strstr(fixture->said, "checkpoint: the checkpoint is not good"));
}

static void nor_one_that_the_new_key_did_not_sign(void **state)
{
	struct fixture *fixture = *state;

	run(fixture, "sed -i '$d' " FIRST_FILE);
	verify(fixture, 0);
	assert_non_null(strstr(fixture->said, "the new key did not sign it\n"));
	assert_non_null(strstr(fixture->said, "checkpoint: the checkpoint is not good"));
}

/* The same keys sign a hand-over in a tree that this log never was. */
static void a_handover_of_another_tree_is_found(void **state)
{
	struct fixture *fixture = *state;
	char *other = fixture_folder();
	struct buf proof;

	write_log(fixture, other, FIRST_SIZE, 7);
	fixture_read(other, FIRST_FILE, &proof);
	fixture_write(fixture->folder, FIRST_FILE, proof.data, proof.len);
	buf_free(&proof);
	fixture_remove(other);
	verify(fixture, 0);
	assert_string_equal(fixture->said, "shrunk: the log did not grow from "
					   "handover/100: its first 120 records are "
					   "others\n");
}

/* The same keys sign for another log too. */
static void a_handover_is_of_the_log_that_the_keys_name(void **state)
{
	struct fixture *fixture = *state;
	uint8_t signature[ED25519_SIGNATURE_LEN];
	struct err_text text = {""};
	struct handover handover;
	struct buf whole, line, body, note;
	struct proof proof;
	struct note old;

	fixture_read(fixture->folder, FIRST_FILE, &whole);
	assert_int_equal(proof_read(&proof, buf_span(&whole)), 0);
	assert_int_equal(note_read(&old, proof.note), 0);
	buf_init(&body, 0);
	buf_init(&note, 0);
	buf_init(&line, 0);
	buf_add_str(&body, "other.example.com/log");
	buf_add(&body, old.text.p + strlen(FIXTURE_NAME),
		old.text.len - strlen(FIXTURE_NAME));
	buf_add_span(&note, buf_span(&body));
	buf_add_char(&note, '\n');
	for (unsigned i = 0; i < 2; i++) {
		assert_int_equal(
			ed25519_sign(fixture->keys[i], buf_span(&body), signature), 0);
		note_add_signature(&note, &fixture->verifiers[i], signature);
	}
	line_of(fixture, &line, FIRST);
	buf_clear(&whole);
	proof_write(&whole, buf_span(&line), FIRST, &proof.hashes, buf_span(&note));
	assert_int_equal(handover_read(&handover, buf_span(&whole), &text), ERR_TRUST);
	assert_string_equal(text.text, "it is of another log");
	buf_free(&whole);
	buf_free(&line);
	buf_free(&body);
	buf_free(&note);
}

static void a_file_has_the_name_of_its_record(void **state)
{
	struct fixture *fixture = *state;

	run(fixture, "cp " FIRST_FILE " log/handover/101");
	verify(fixture, 0);
	assert_string_equal(fixture->said, "handover: the hand-over handover/101 is not "
					   "good: it is of another record\n");
	/* What has no such name is nobody's business. */
	run(fixture, "mv log/handover/101 log/handover/0101 && touch log/handover/.x");
	verify(fixture, 0);
	assert_string_equal(fixture->said, "");
}

static void each_letter_of_it_counts(void **state)
{
	struct fixture *fixture = *state;
	struct err_text text = {""};
	struct handover handover;
	struct buf proof;

	fixture_read(fixture->folder, FIRST_FILE, &proof);
	assert_int_equal(handover_read(&handover, buf_span(&proof), &text), 0);
	assert_int_equal(handover.index, FIRST);
	assert_int_equal(handover.size, FIRST_SIZE);
	for (size_t i = 0; i < proof.len; i++) {
		const char letter = proof.data[i];

		proof.data[i] = letter == 'B' ? 'C' : 'B';
		if (handover_read(&handover, buf_span(&proof), &text) == 0)
			fail_msg("letter %zu was changed", i);
		proof.data[i] = letter;
	}
	buf_free(&proof);
}

static void a_line_that_hands_over_has_one_form(void **state)
{
	/* what stands before the keys, which of them, and what behind */
	static const struct {
		const char *before;
		unsigned from, to;
		const char *behind;
	} bad[] = {
		{"\"time\":\"t\",", 0, 2, "}"}, /* of another log */
		{"\"time\":\"t\",", 0, 0, "}"}, /* the same */
		{"", 0, 1, "}"},
		{"\"time\":\"t\",", 0, 1, ",\"x\":1}"},
		{"\"time\":\"\\u0041\",", 0, 1, "}"},
		{"\"time\":\"t\",", 0, 1, ""},
		{"\"time\":\"12345678901234567890123456789012\",", 0, 1, "}"},
		{"\"time\":\"t\",", 3, 1, "}"},
	};
	struct fixture *fixture = *state;
	char text[4][NOTE_KEY_TEXT_SIZE] = {"", "", "", "none"};
	struct handover handover;
	struct note_key other;
	struct buf line;

	assert_int_equal(
		note_key_make(&other, span_of("other/log"), fixture->verifiers[1].key),
		0);
	note_key_text(&fixture->verifiers[0], text[0]);
	note_key_text(&fixture->verifiers[1], text[1]);
	note_key_text(&other, text[2]);
	buf_init(&line, 0);
	line_of(fixture, &line, FIRST);
	assert_int_equal(handover_read_line(&handover, buf_span(&line)), 0);
	assert_int_equal(handover.index, FIRST);
	assert_true(note_key_equal(&handover.from, &fixture->verifiers[0]));
	assert_true(note_key_equal(&handover.to, &fixture->verifiers[1]));
	assert_string_equal(handover.time, "2026-12-01T10:00:00.000000Z");
	assert_true(handover_is(buf_span(&line)));
	line_of(fixture, &line, 1);
	assert_false(handover_is(buf_span(&line)));
	assert_int_equal(handover_read_line(&handover, buf_span(&line)), -ENOENT);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		buf_clear(&line);
		head_write(&line, FIRST, "00112233445566778899aabbccddeeff");
		buf_printf(&line, ",\"kind\":\"key\",%s\"old\":\"%s\",\"new\":\"%s\"%s",
			bad[i].before, text[bad[i].from], text[bad[i].to], bad[i].behind);
		assert_true(handover_is(buf_span(&line)));
		if (handover_read_line(&handover, buf_span(&line)) != ERR_FORMAT)
			fail_msg("%s", line.data);
	}
	buf_free(&line);
}

static void a_logbook_hands_over_by_its_own_record_alone(void **state)
{
	struct fixture *fixture = *state;
	struct err_text text = {""};
	struct logbook *logbook;
	struct buf line;

	assert_int_equal(logbook_new(&logbook, fixture_log_fd(fixture->folder),
				 fixture->keys[2], FIXTURE_NAME, &text),
		0);
	buf_init(&line, 0);
	/* of other keys than ours; of another number; to a key that is not at hand */
	key_line(&line, SIZE, &fixture->verifiers[1], &fixture->verifiers[0]);
	assert_int_equal(
		logbook_hand_over(logbook, fixture->keys[0], SIZE, buf_span(&line)),
		ERR_FORMAT);
	buf_clear(&line);
	key_line(&line, SIZE, &fixture->verifiers[2], &fixture->verifiers[0]);
	assert_int_equal(
		logbook_hand_over(logbook, fixture->keys[0], SIZE + 1, buf_span(&line)),
		ERR_FORMAT);
	assert_int_equal(
		logbook_hand_over(logbook, fixture->keys[1], SIZE, buf_span(&line)),
		ERR_FORMAT);
	assert_false(logbook_is_handing_over(logbook));
	assert_int_equal(
		logbook_hand_over(logbook, fixture->keys[0], SIZE, buf_span(&line)), 0);
	assert_true(logbook_is_handing_over(logbook));
	/* Without the record nothing is handed over. */
	assert_int_equal(logbook_publish(logbook), 0);
	assert_true(note_key_equal(logbook_key(logbook), &fixture->verifiers[2]));
	logbook_free(logbook);
	buf_free(&line);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(each_key_is_followed_to_the_others),
		CASE(a_checkpoint_is_good_by_the_key_of_its_time_alone),
		CASE(without_its_proof_a_handover_is_a_fault),
		CASE(a_handover_that_the_old_key_did_not_sign_is_none),
		CASE(nor_one_that_the_new_key_did_not_sign),
		CASE(a_handover_of_another_tree_is_found),
		CASE(a_handover_is_of_the_log_that_the_keys_name),
		CASE(a_file_has_the_name_of_its_record),
		CASE(each_letter_of_it_counts),
		CASE(a_line_that_hands_over_has_one_form),
		CASE(a_logbook_hands_over_by_its_own_record_alone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
