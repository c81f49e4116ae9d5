/* Witnesses as the server asks them; those that answer here are ours, and liars. */
#include "../unit.h"

#include "audit/witnesses.h"
#include "audit_fixture.h"
#include "base/regular.h"
#include "evidence/cosign.h"
#include "evidence/head.h"
#include "evidence/logbook.h"
#include "evidence/submit.h"
#include "witness/witness.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <sys/stat.h>

#define NAME "med1.example.com/records"
#define TIME 1700000000
#define COUNT 3

struct fixture {
	char *folder;
	struct ed25519 *log_key;
	struct note_key log;
	struct logbook *logbook;
	struct mail *mail;
	struct witnesses *witnesses;
	uint64_t now_us, size;
	struct {
		struct ed25519 *signer;
		struct note_key key;
		struct witness *witness;
		unsigned asked; /* since the last tick */
	} list[COUNT];
	/* of the first one: what it says instead; 0: what it means */
	long status;
	const char *body;
	int err;
};

static struct ed25519 *key_of(const char *folder, const char *name, struct note_key *ret,
	int (*make)(struct note_key *, struct span, const uint8_t *), const char *owner)
{
	uint8_t public[ED25519_PUBLIC_LEN];
	struct err_text text = {""};
	struct ed25519 *key = NULL;
	char path[4300];

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	assert_int_equal(ed25519_create(path, &text), 0);
	assert_int_equal(ed25519_load(&key, path, &text), 0);
	ed25519_public(key, public);
	assert_int_equal(make(ret, span_of(owner), public), 0);
	return key;
}

static int open_folder(struct fixture *fixture, const char *name)
{
	char path[4300];
	int fd;

	snprintf(path, sizeof(path), "%s/%s", fixture->folder, name);
	(void)mkdir(path, 0700);
	fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_true(fd >= 0);
	return fd;
}

static void begin_log(struct fixture *fixture)
{
	struct err_text text = {""};

	assert_int_equal(logbook_new(&fixture->logbook, open_folder(fixture, "log"),
				 fixture->log_key, NAME, &text),
		0);
	fixture->size = 0;
}

static void begin_witness(struct fixture *fixture, unsigned i)
{
	struct err_text text = {""};
	char name[16];

	snprintf(name, sizeof(name), "w%u", i);
	assert_int_equal(
		witness_new(&fixture->list[i].witness, open_folder(fixture, name),
			&fixture->list[i].key, fixture->list[i].signer),
		0);
	assert_int_equal(
		witness_add_log(fixture->list[i].witness, &fixture->log, &text), 0);
}

static void begin_asking(struct fixture *fixture)
{
	char list[2000] = "", text[NOTE_KEY_TEXT_SIZE];
	const struct witnesses_params params = {.state_dir = fixture->folder,
		.list = list,
		.https_ca = "",
		.interval_us = 1000000,
		.mail = fixture->mail,
		.first_box = 1};
	struct err_text why = {""};

	for (unsigned i = 0; i < COUNT; i++)
		snprintf(list + strlen(list), sizeof(list) - strlen(list),
			"%shttp://w%u.example.com%s %s", i ? " , " : "", i,
			i == 1 ? "//" : "", note_key_text(&fixture->list[i].key, text));
	if (witnesses_new(&fixture->witnesses, &params, &why) != 0)
		fail_msg("%s", why.text);
}

static int setup(void **state)
{
	struct fixture *fixture = calloc(1, sizeof(*fixture));
	char name[16], owner[32];

	fixture->folder = fixture_folder();
	fixture->log_key =
		key_of(fixture->folder, "log.key", &fixture->log, note_key_make, NAME);
	begin_log(fixture);
	for (unsigned i = 0; i < COUNT; i++) {
		snprintf(name, sizeof(name), "key%u", i);
		snprintf(owner, sizeof(owner), "w%u.example.com/1", i);
		fixture->list[i].signer = key_of(fixture->folder, name,
			&fixture->list[i].key, cosign_key_make, owner);
		begin_witness(fixture, i);
	}
	assert_int_equal(mail_new(&fixture->mail), 0);
	begin_asking(fixture);
	*state = fixture;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *fixture = *state;

	witnesses_free(fixture->witnesses);
	mail_free(fixture->mail);
	for (unsigned i = 0; i < COUNT; i++) {
		witness_free(fixture->list[i].witness);
		ed25519_free(fixture->list[i].signer);
	}
	logbook_free(fixture->logbook);
	ed25519_free(fixture->log_key);
	fixture_remove(fixture->folder);
	free(fixture);
	return 0;
}

/* COUNT further records, of which each says WHAT. */
static void grow(struct fixture *fixture, unsigned count, const char *what)
{
	struct tlog_hash leaf;
	char line[100];

	for (unsigned i = 0; i < count; i++) {
		snprintf(line, sizeof(line), "%s %" PRIu64, what, fixture->size++);
		assert_int_equal(tlog_leaf(&leaf, span_of(line)), 0);
		assert_int_equal(logbook_add(fixture->logbook, &leaf), 0);
	}
	assert_int_equal(logbook_publish(fixture->logbook), 0);
}

/* The loop's part: what is to be carried is, to who answers at once. */
static void carry(struct fixture *fixture)
{
	const struct mail_letter *letter;
	struct witness_answer answer;
	char url[64];

	for (unsigned i = 0; i < COUNT; i++) {
		letter = mail_carry(fixture->mail, 1 + i);
		if (!letter)
			continue;
		snprintf(url, sizeof(url), "http://w%u.example.com/add-checkpoint", i);
		assert_string_equal(letter->url, url);
		fixture->list[i].asked++;
		if (i == 0 && fixture->err) {
			mail_answer(
				fixture->mail, 1, fixture->err, 0, NULL, 0, "it is down");
			continue;
		}
		if (i == 0 && fixture->status) {
			mail_answer(fixture->mail, 1, 0, fixture->status, fixture->body,
				strlen(fixture->body), "");
			continue;
		}
		witness_judge(fixture->list[i].witness, buf_span(&letter->body), TIME + i,
			&answer);
		mail_answer(fixture->mail, 1 + i, 0, (long)answer.status,
			answer.body.data, answer.body.len, "");
		buf_free(&answer.body);
	}
}

/* A round, with the answers to it. */
static void turn(struct fixture *fixture)
{
	for (unsigned i = 0; i < COUNT; i++)
		fixture->list[i].asked = 0;
	fixture->now_us += 1000000;
	for (unsigned i = 0; i < 4; i++) {
		witnesses_tick(fixture->witnesses, fixture->now_us, fixture->size);
		carry(fixture);
	}
	witnesses_tick(fixture->witnesses, fixture->now_us, fixture->size);
}

/* Which of them have cosigned the checkpoint in the file NAME: a bit each. Its size. */
static unsigned cosigned(struct fixture *fixture, const char *name, uint64_t *ret_size)
{
	struct checkpoint checkpoint;
	struct note note;
	struct buf whole;
	uint64_t time_s;
	unsigned bits = 0;
	int fd = open_folder(fixture, "log");

	buf_init(&whole, 0);
	assert_int_equal(regular_read(fd, name, NOTE_MAX, &whole), 0);
	close(fd);
	assert_int_equal(note_read(&note, buf_span(&whole)), 0);
	assert_int_equal(note_verify(&note, &fixture->log), 0);
	assert_int_equal(checkpoint_read(&checkpoint, note.text), 0);
	*ret_size = checkpoint.size;
	for (unsigned i = 0; i < COUNT; i++) {
		if (cosign_verify(&note, &fixture->list[i].key, &time_s) != 0)
			continue;
		assert_int_equal(time_s, TIME + i);
		bits |= 1U << i;
	}
	/* Nothing else is in it. */
	assert_int_equal(note.count, 1 + (unsigned)__builtin_popcount(bits));
	buf_free(&whole);
	return bits;
}

static void expect(
	struct fixture *fixture, const char *name, unsigned bits, uint64_t size)
{
	uint64_t got;

	assert_int_equal(cosigned(fixture, name, &got), bits);
	assert_int_equal(got, size);
}

static void expect_why(struct fixture *fixture, const char *why)
{
	struct witnesses_state state;

	witnesses_state(fixture->witnesses, &state);
	assert_string_equal(state.list[0].why, why);
}

static void checkpoints_are_cosigned_by_all(void **state)
{
	struct fixture *fixture = *state;
	struct witnesses_state shown;

	grow(fixture, 300, "call");
	turn(fixture);
	expect(fixture, "checkpoint", 7, 300);
	expect(fixture, LOGBOOK_WITNESSED, 7, 300);
	witnesses_state(fixture->witnesses, &shown);
	assert_int_equal(shown.count, 3);
	assert_string_equal(shown.list[2].name, "w2.example.com/1");
	assert_string_equal(shown.list[2].url, "http://w2.example.com");
	assert_int_equal(shown.list[2].size, 300);
	assert_int_equal(shown.list[2].time_s, TIME + 2);
	grow(fixture, 700, "call");
	expect(fixture, "checkpoint", 0, 1000);
	expect(fixture, LOGBOOK_WITNESSED, 7, 300);
	turn(fixture);
	expect(fixture, "checkpoint", 7, 1000);
	/* One letter each: it is known what they saw. */
	assert_int_equal(fixture->list[1].asked, 1);
	/* Nothing new: they say so as of now. */
	turn(fixture);
	assert_int_equal(fixture->list[1].asked, 1);
	expect(fixture, "checkpoint", 7, 1000);
	/* Not twice within the interval. */
	witnesses_tick(fixture->witnesses, fixture->now_us + 999999, fixture->size);
	assert_null(mail_carry(fixture->mail, 1));
}

static void what_was_seen_before_is_asked_for(void **state)
{
	struct fixture *fixture = *state;

	grow(fixture, 300, "call");
	turn(fixture);
	grow(fixture, 100, "call");
	witnesses_free(fixture->witnesses);
	begin_asking(fixture);
	turn(fixture);
	assert_int_equal(fixture->list[0].asked, 2);
	expect(fixture, "checkpoint", 7, 400);
	/* Killed between what it kept and what it said: it has that size already. */
	witnesses_free(fixture->witnesses);
	begin_asking(fixture);
	turn(fixture);
	assert_int_equal(fixture->list[0].asked, 2);
	expect(fixture, "checkpoint", 7, 400);
}

static void a_log_that_grew_meanwhile_keeps_its_newer_checkpoint(void **state)
{
	struct fixture *fixture = *state;

	grow(fixture, 300, "call");
	fixture->now_us += 1000000;
	witnesses_tick(fixture->witnesses, fixture->now_us, fixture->size);
	grow(fixture, 1, "call");
	carry(fixture);
	witnesses_tick(fixture->witnesses, fixture->now_us, fixture->size);
	expect(fixture, "checkpoint", 0, 301);
	expect(fixture, LOGBOOK_WITNESSED, 7, 300);
}

static void one_that_is_down_does_not_keep_the_others(void **state)
{
	struct fixture *fixture = *state;

	grow(fixture, 10, "call");
	fixture->err = ERR_CLOSED;
	turn(fixture);
	expect(fixture, "checkpoint", 6, 10);
	expect_why(fixture, "it is down");
	/* It is left out once, then three times. */
	turn(fixture);
	assert_int_equal(fixture->list[0].asked, 0);
	assert_int_equal(fixture->list[1].asked, 1);
	turn(fixture);
	assert_int_equal(fixture->list[0].asked, 1);
	for (unsigned i = 0; i < 3; i++) {
		turn(fixture);
		assert_int_equal(fixture->list[0].asked, 0);
	}
	fixture->err = 0;
	turn(fixture);
	expect(fixture, "checkpoint", 7, 10);
	expect_why(fixture, "");
	turn(fixture);
	assert_int_equal(fixture->list[0].asked, 1);
	/* What failed long ago is forgotten; and what it said of another checkpoint is of no use. */
	fixture->err = ERR_CLOSED;
	grow(fixture, 1, "call");
	turn(fixture);
	expect(fixture, "checkpoint", 6, 11);
	turn(fixture);
	assert_int_equal(fixture->list[0].asked, 0);
	turn(fixture);
	assert_int_equal(fixture->list[0].asked, 1);
}

static void what_is_no_cosignature_is_not_taken(void **state)
{
	struct fixture *fixture = *state;
	static const struct {
		long status;
		const char *body, *why;
	} rows[] = {
		{200, "", "it answers without its cosignature"},
		{200, "hello\n", "it answers without its cosignature"},
		{404, "", "it answers with status 404"},
		{403, "", "it answers with status 403"},
		{500, "1\n", "it answers with status 500"},
		{409, "", "it answers with status 409 and no size"},
		{409, "-1\n", "it answers with status 409 and no size"},
		{409, "11\n", "it has seen 11 records of this log"},
		{422, "", "it has seen a log that this one did not grow from"},
		{409, "3\n", "it answers with one size after the other"},
	};

	grow(fixture, 10, "call");
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		fixture->status = rows[i].status;
		fixture->body = rows[i].body;
		witnesses_free(fixture->witnesses);
		begin_asking(fixture);
		turn(fixture);
		expect_why(fixture, rows[i].why);
		expect(fixture, "checkpoint", 6, 10);
	}
	/* So often at most. */
	assert_int_equal(fixture->list[0].asked, 3);
}

static void a_line_that_is_wrong_is_not_taken(void **state)
{
	struct fixture *fixture = *state;
	struct buf lines;

	grow(fixture, 10, "call");
	/* Its own, for another text; behind one of somebody else. */
	buf_init(&lines, 0);
	assert_int_equal(cosign_add(&lines, &fixture->list[1].key,
				 fixture->list[1].signer, span_of("x\n"), TIME),
		0);
	assert_int_equal(cosign_add(&lines, &fixture->list[0].key,
				 fixture->list[0].signer, span_of("x\n"), TIME),
		0);
	fixture->status = 200;
	fixture->body = buf_str(&lines);
	turn(fixture);
	expect_why(fixture, "its cosignature is wrong");
	expect(fixture, "checkpoint", 6, 10);
	buf_free(&lines);
}

/* The state was put back, and the log went another way. */
static void a_second_story_is_a_conflict(void **state)
{
	struct fixture *fixture = *state;
	char command[5000];

	grow(fixture, 300, "call");
	turn(fixture);
	logbook_free(fixture->logbook);
	snprintf(command, sizeof(command), "rm -r '%s'/log", fixture->folder);
	assert_int_equal(system(command), 0);
	begin_log(fixture);
	witnesses_free(fixture->witnesses);
	begin_asking(fixture);
	grow(fixture, 200, "other");
	turn(fixture);
	expect_why(fixture, "it has seen 300 records of this log");
	expect(fixture, "checkpoint", 0, 200);
	grow(fixture, 100, "other");
	turn(fixture);
	turn(fixture);
	expect_why(fixture, "it has seen another log of this size");
	grow(fixture, 100, "other");
	for (unsigned i = 0; i < 4; i++)
		turn(fixture);
	expect_why(fixture, "it has seen a log that this one did not grow from");
	expect(fixture, "checkpoint", 0, 400);
}

/* What is no fault of a witness is not told as if it were. */
static void what_cannot_be_written_or_proved_here_is_told_so(void **state)
{
	struct fixture *fixture = *state;
	char command[5000];

	grow(fixture, 300, "a");
	snprintf(command, sizeof(command), "mkdir -p '%s/log/witnessed/x'",
		fixture->folder);
	assert_int_equal(system(command), 0);
	turn(fixture);
	expect_why(fixture, "its cosignature cannot be written: Is a directory");
	snprintf(command, sizeof(command),
		"cd '%s/log' && rm -r witnessed && mv tile away", fixture->folder);
	assert_int_equal(system(command), 0);
	grow(fixture, 1, "a");
	turn(fixture);
	turn(fixture);
	expect_why(fixture, "no proof can be made for it: No such file or directory");
}

static void a_list_has_one_form(void **state)
{
	struct fixture *fixture = *state;
	char key[NOTE_KEY_TEXT_SIZE], log[NOTE_KEY_TEXT_SIZE], list[9000];
	struct err_text text = {""};

	note_key_text(&fixture->list[0].key, key);
	note_key_text(&fixture->log, log);
	snprintf(list, sizeof(list), "http://a/ %s,http://b/ %s", key, key);
	assert_int_equal(witnesses_check(list, "", &text), 0);
	snprintf(list, sizeof(list), "https://a/ %s", key);
	assert_int_equal(witnesses_check(list, "", &text), ERR_FORMAT);
	assert_non_null(strstr(text.text, "expected witness-https-ca beside it"));
	assert_int_equal(witnesses_check(list, "ca.pem", &text), 0);
	snprintf(list, sizeof(list), "ftp://a/ %s", key);
	assert_int_equal(witnesses_check(list, "ca.pem", &text), ERR_FORMAT);
	assert_non_null(strstr(text.text, "http: or https: URL"));
	for (unsigned i = 0; i < 2; i++) {
		snprintf(list, sizeof(list), "http%s:///// %s", i ? "s" : "", key);
		assert_int_equal(witnesses_check(list, "ca.pem", &text), ERR_FORMAT);
		assert_non_null(strstr(text.text, "expected the name of a host"));
	}
	assert_int_equal(witnesses_check(key, "", &text), ERR_FORMAT);
	assert_int_equal(witnesses_check("http://a/", "", &text), ERR_FORMAT);
	/* with its path it is one that a letter has room for */
	for (unsigned i = 0; i < 2; i++) {
		const int len = MAIL_URL_SIZE - 1 - (int)strlen("http:///add-checkpoint");

		snprintf(list, sizeof(list), "http://%0*d %s", len + (int)i, 1, key);
		assert_int_equal(
			witnesses_check(list, "", &text), i == 0 ? 0 : ERR_FORMAT);
	}
	assert_non_null(strstr(text.text, "a URL of at most 496 characters, got 497"));
	/* A key of a log is none of a witness. */
	snprintf(list, sizeof(list), "http://a/ %s", log);
	assert_int_equal(witnesses_check(list, "", &text), ERR_FORMAT);
	assert_non_null(strstr(text.text, "key of a witness"));
	list[0] = '\0';
	for (unsigned i = 0; i < WITNESSES_MAX + 1; i++) {
		assert_int_equal(
			witnesses_check(list[0] ? list : "http://a/ ", "", &text) == 0,
			i > 0);
		snprintf(list + strlen(list), sizeof(list) - strlen(list),
			"%shttp://a/ %s", i ? "," : "", key);
	}
	assert_int_equal(witnesses_check(list, "", &text), ERR_FORMAT);
	assert_non_null(strstr(text.text, "at most 8"));
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(checkpoints_are_cosigned_by_all),
		CASE(what_was_seen_before_is_asked_for),
		CASE(a_log_that_grew_meanwhile_keeps_its_newer_checkpoint),
		CASE(one_that_is_down_does_not_keep_the_others),
		CASE(what_is_no_cosignature_is_not_taken),
		CASE(a_line_that_is_wrong_is_not_taken),
		CASE(a_second_story_is_a_conflict),
		CASE(what_cannot_be_written_or_proved_here_is_told_so),
		CASE(a_list_has_one_form),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
