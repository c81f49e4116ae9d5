/* A witness judges what logs show it: tlog-witness, add-checkpoint. */
#include "../unit.h"

#include "../evidence/evidence_fixture.h"
#include "evidence/cosign.h"
#include "evidence/submit.h"
#include "evidence/tiles.h"
#include "witness/settings.h"
#include "witness/witness.h"

#define NAME "witness.example.com/w1"
#define TIME 1679315147
#define ORIGIN FIXTURE_NAME

/* A log of its own folder; records from FROM on are others than those of another log. */
struct log {
	char *folder;
	uint64_t size;
	struct buf note; /* of the last checkpoint */
};

struct fixture {
	char *folder;
	struct ed25519 *signer, *log_key;
	struct note_key key, log_verifier;
	struct witness *witness;
	struct witness_answer answer;
};

static void start(struct fixture *fixture)
{
	struct err_text text = {""};
	char path[4300];
	int fd;

	snprintf(path, sizeof(path), "%s/state", fixture->folder);
	(void)mkdir(path, 0700);
	fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_true(fd >= 0);
	assert_int_equal(
		witness_new(&fixture->witness, fd, &fixture->key, fixture->signer), 0);
	if (witness_add_log(fixture->witness, &fixture->log_verifier, &text) != 0)
		fail_msg("%s", text.text);
}

static void restart(struct fixture *fixture)
{
	witness_free(fixture->witness);
	start(fixture);
}

static int setup(void **state)
{
	struct fixture *fixture = calloc(1, sizeof(*fixture));
	uint8_t public[ED25519_PUBLIC_LEN];
	char path[4300];
	struct err_text text = {""};

	fixture->folder = fixture_folder();
	fixture->log_key = fixture_key(fixture->folder);
	ed25519_public(fixture->log_key, public);
	assert_int_equal(
		note_key_make(&fixture->log_verifier, span_of(ORIGIN), public), 0);
	snprintf(path, sizeof(path), "%s/witness.key", fixture->folder);
	assert_int_equal(ed25519_create(path, &text), 0);
	assert_int_equal(ed25519_load(&fixture->signer, path, &text), 0);
	ed25519_public(fixture->signer, public);
	assert_int_equal(cosign_key_make(&fixture->key, span_of(NAME), public), 0);
	start(fixture);
	*state = fixture;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *fixture = *state;

	buf_free(&fixture->answer.body);
	witness_free(fixture->witness);
	ed25519_free(fixture->signer);
	ed25519_free(fixture->log_key);
	fixture_remove(fixture->folder);
	free(fixture);
	return 0;
}

/* A log of SIZE records, of which those from ODD on are others. */
static struct log log_of(const struct fixture *fixture, uint64_t size, uint64_t odd)
{
	struct log log = {.folder = fixture_folder(), .size = size};
	struct err_text text = {""};
	struct logbook *logbook;
	struct tlog_hash leaf;
	struct buf line;

	assert_int_equal(logbook_new(&logbook, fixture_log_fd(log.folder),
				 fixture->log_key, ORIGIN, &text),
		0);
	buf_init(&line, 0);
	for (uint64_t i = 0; i < size; i++) {
		buf_clear(&line);
		fixture_line(&line, i >= odd ? i + 100000 : i);
		assert_int_equal(tlog_leaf(&leaf, buf_span(&line)), 0);
		assert_int_equal(logbook_add(logbook, &leaf), 0);
	}
	assert_int_equal(logbook_publish(logbook), 0);
	logbook_free(logbook);
	buf_free(&line);
	fixture_read(log.folder, "log/checkpoint", &log.note);
	return log;
}

static void log_free(struct log *log)
{
	fixture_remove(log->folder);
	buf_free(&log->note);
}

/* What is submitted: the log, said to have grown from OLD. */
static void body_of(struct buf *ret, const struct log *log, uint64_t old)
{
	struct submission submission = {.old = old, .note = buf_span(&log->note)};
	struct tiles *tiles = malloc(sizeof(*tiles));
	int fd = fixture_log_fd(log->folder);

	tiles_init(tiles, fd, log->size);
	if (old > 0 && old < log->size)
		assert_int_equal(tlog_prove_growth(&submission.proof, old, log->size,
					 tiles_read, tiles),
			0);
	close(fd);
	free(tiles);
	buf_init(ret, 0);
	submit_write(ret, &submission);
}

static unsigned judge(struct fixture *fixture, struct span body)
{
	buf_free(&fixture->answer.body);
	witness_judge(fixture->witness, body, TIME, &fixture->answer);
	return fixture->answer.status;
}

static unsigned show(struct fixture *fixture, const struct log *log, uint64_t old)
{
	struct buf body;
	unsigned status;

	body_of(&body, log, old);
	status = judge(fixture, buf_span(&body));
	buf_free(&body);
	return status;
}

static void expect_size(struct fixture *fixture, const char *size)
{
	assert_int_equal(fixture->answer.status, 409);
	assert_string_equal(fixture->answer.type, "text/x.tlog.size");
	assert_true(span_equal_str(buf_span(&fixture->answer.body), size));
}

static bool is_kept(struct fixture *fixture, const char *end)
{
	char line[4400];

	snprintf(line, sizeof(line), "ls '%s'/state/log-*%s >/dev/null 2>&1",
		fixture->folder, end);
	return system(line) == 0;
}

static void a_log_that_grows_is_cosigned(void **state)
{
	struct fixture *fixture = *state;
	struct log first = log_of(fixture, 300, UINT64_MAX),
		   next = log_of(fixture, 1000, UINT64_MAX);
	uint64_t time_s;
	struct note note;
	struct buf whole;

	assert_int_equal(show(fixture, &first, 0), 200);
	buf_init(&whole, 0);
	buf_add_span(&whole, buf_span(&first.note));
	buf_add_span(&whole, buf_span(&fixture->answer.body));
	assert_int_equal(note_read(&note, buf_span(&whole)), 0);
	assert_int_equal(note.count, 2);
	assert_int_equal(cosign_verify(&note, &fixture->key, &time_s), 0);
	assert_int_equal(time_s, TIME);
	buf_free(&whole);
	assert_int_equal(show(fixture, &next, 300), 200);
	/* The same again: as of now there are no more. */
	assert_int_equal(show(fixture, &next, 1000), 200);
	/* It is remembered. */
	restart(fixture);
	assert_int_equal(show(fixture, &next, 300), 409);
	expect_size(fixture, "1000\n");
	assert_int_equal(show(fixture, &next, 1000), 200);
	assert_false(is_kept(fixture, ".conflict"));
	log_free(&first);
	log_free(&next);
}

static void what_was_seen_last_is_told(void **state)
{
	struct fixture *fixture = *state;
	struct log log = log_of(fixture, 20, UINT64_MAX);

	assert_int_equal(show(fixture, &log, 7), 409);
	expect_size(fixture, "0\n");
	assert_int_equal(show(fixture, &log, 0), 200);
	assert_int_equal(show(fixture, &log, 0), 409);
	expect_size(fixture, "20\n");
	log_free(&log);
}

/* The same name and key, two stories. */
static void a_split_view_is_refused(void **state)
{
	struct fixture *fixture = *state;
	struct log log = log_of(fixture, 500, UINT64_MAX),
		   same_size = log_of(fixture, 500, 250),
		   longer = log_of(fixture, 700, 250), good = log_of(fixture, 700, 600);

	assert_int_equal(show(fixture, &log, 0), 200);
	assert_int_equal(show(fixture, &same_size, 500), 409);
	expect_size(fixture, "500\n");
	assert_true(is_kept(fixture, ".conflict"));
	assert_int_equal(show(fixture, &longer, 500), 422);
	/* Nothing of it was taken. */
	assert_int_equal(show(fixture, &good, 500), 200);
	log_free(&log);
	log_free(&same_size);
	log_free(&longer);
	log_free(&good);
}

static void a_rollback_is_refused(void **state)
{
	struct fixture *fixture = *state;
	struct log log = log_of(fixture, 500, UINT64_MAX),
		   before = log_of(fixture, 400, UINT64_MAX);

	assert_int_equal(show(fixture, &log, 0), 200);
	assert_int_equal(show(fixture, &before, 400), 409);
	expect_size(fixture, "500\n");
	assert_int_equal(show(fixture, &before, 0), 409);
	assert_int_equal(show(fixture, &before, 500), 400);
	restart(fixture);
	assert_int_equal(show(fixture, &before, 400), 409);
	expect_size(fixture, "500\n");
	log_free(&log);
	log_free(&before);
}

static void a_proof_must_prove(void **state)
{
	struct fixture *fixture = *state;
	struct log first = log_of(fixture, 300, UINT64_MAX),
		   next = log_of(fixture, 1000, UINT64_MAX);
	struct buf body;
	char *hash;

	body_of(&body, &next, 300);
	/* Nothing is to be proved of nothing, nor of the same. */
	memcpy(body.data, "old 000", 7);
	assert_int_equal(judge(fixture, buf_span(&body)), 400);
	buf_free(&body);
	body_of(&body, &next, 300);
	memmove(body.data + 5, body.data + 7, body.len - 7);
	body.data[4] = '0';
	body.len -= 2;
	assert_int_equal(judge(fixture, buf_span(&body)), 422);
	buf_free(&body);
	assert_int_equal(show(fixture, &first, 0), 200);
	body_of(&body, &next, 300);
	hash = memchr(body.data, '\n', body.len);
	hash[5] = hash[5] == 'A' ? 'B' : 'A';
	assert_int_equal(judge(fixture, buf_span(&body)), 422);
	assert_true(is_kept(fixture, ".conflict"));
	buf_free(&body);
	/* One hash for the same size. */
	buf_init(&body, 0);
	buf_add_str(&body, "old 300\nPlRNCrwHpqhGrupue0L7gxbjbMiKA9temvuZZDDpkaw=\n\n");
	buf_add_span(&body, buf_span(&first.note));
	assert_int_equal(judge(fixture, buf_span(&body)), 422);
	buf_free(&body);
	log_free(&first);
	log_free(&next);
}

static void who_is_not_known_is_refused(void **state)
{
	struct fixture *fixture = *state;
	struct log log = log_of(fixture, 20, UINT64_MAX);
	struct note_key other = fixture->log_verifier;
	struct err_text text = {""};
	char *signature;
	struct buf body;

	/* A signature that is wrong; one of an unknown key alone. */
	body_of(&body, &log, 0);
	signature = body.data + body.len - 10;
	*signature = *signature == 'A' ? 'B' : 'A';
	assert_int_equal(judge(fixture, buf_span(&body)), 403);
	assert_string_equal(fixture->answer.log, ORIGIN);
	buf_free(&body);
	assert_false(is_kept(fixture, ""));
	/* Another log: the origin is the first line. */
	body_of(&body, &log, 0);
	body.data[strlen("old 0\n\n")] = 'x';
	assert_int_equal(judge(fixture, buf_span(&body)), 404);
	assert_string_equal(fixture->answer.log, "");
	buf_free(&body);
	/* Noise. */
	assert_int_equal(judge(fixture, span_of("")), 400);
	assert_int_equal(judge(fixture, span_of("old 0\n\nx\n")), 400);
	/* A log with a further key, which did not sign: the other one did. */
	other.key[0] ^= 1;
	assert_int_equal(note_key_make(&other, span_of(ORIGIN), other.key), 0);
	assert_int_equal(witness_add_log(fixture->witness, &other, &text), 0);
	/* But a line of it that is wrong spoils the whole. */
	body_of(&body, &log, 0);
	note_add_signature(&body, &other, (const uint8_t[ED25519_SIGNATURE_LEN]){1});
	assert_int_equal(judge(fixture, buf_span(&body)), 403);
	buf_free(&body);
	assert_int_equal(show(fixture, &log, 0), 200);
	log_free(&log);
}

static void what_cannot_be_kept_is_not_cosigned(void **state)
{
	struct fixture *fixture = *state;
	struct log log = log_of(fixture, 20, UINT64_MAX);
	char line[4400];

	assert_int_equal(show(fixture, &log, 0), 200);
	/* A folder where the file is: it cannot be replaced, nor read at a start. */
	snprintf(line, sizeof(line),
		"cd '%s/state' && f=$(ls) && mv $f ../kept && mkdir -p $f/x && echo $f "
		">../name",
		fixture->folder);
	assert_int_equal(system(line), 0);
	assert_int_equal(show(fixture, &log, 20), 500);
	assert_int_equal(fixture->answer.body.len, strlen("it cannot be kept\n"));
	log_free(&log);
}

static void a_state_that_cannot_be_read_is_no_beginning(void **state)
{
	struct fixture *fixture = *state;
	struct log log = log_of(fixture, 20, UINT64_MAX);
	struct err_text text = {""};
	struct witness *witness;
	char line[9000];
	struct buf body;
	int fd;

	assert_int_equal(show(fixture, &log, 0), 200);
	snprintf(line, sizeof(line), "cd '%s/state' && echo x >$(ls)", fixture->folder);
	assert_int_equal(system(line), 0);
	snprintf(line, sizeof(line), "%s/state", fixture->folder);
	fd = open(line, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_int_equal(witness_new(&witness, fd, &fixture->key, fixture->signer), 0);
	assert_int_equal(
		witness_add_log(witness, &fixture->log_verifier, &text), ERR_FORMAT);
	assert_non_null(strstr(text.text, ORIGIN));
	/* Nor is what another log left there. */
	body_of(&body, &log, 0);
	body.data[strlen("old 0\n\n")] = 'x';
	snprintf(line, sizeof(line), "cp '%s/other' \"$(ls -d '%s'/state/log-*)\"",
		fixture->folder, fixture->folder);
	fixture_write(fixture->folder, "other", body.data + strlen("old 0\n\n"),
		body.len - strlen("old 0\n\n"));
	assert_int_equal(system(line), 0);
	assert_int_equal(
		witness_add_log(witness, &fixture->log_verifier, &text), ERR_TRUST);
	buf_free(&body);
	witness_free(witness);
	log_free(&log);
}

static int load(struct fixture *fixture, struct settings *ret, const char *file,
	struct err_text *text)
{
	char path[4300];

	fixture_write(fixture->folder, "witness.conf", file, strlen(file));
	snprintf(path, sizeof(path), "%s/witness.conf", fixture->folder);
	return settings_load(ret, path, text);
}

static void the_file_is_read(void **state)
{
	struct fixture *fixture = *state;
	struct settings *settings = calloc(1, sizeof(*settings));
	char key[NOTE_KEY_TEXT_SIZE], file[2000], where[ADDR_TEXT_SIZE];
	struct err_text text = {""};

	note_key_text(&fixture->log_verifier, key);
	snprintf(file, sizeof(file),
		"# a witness\n\n name = w.example.com/1 \nlisten=[::1]:80\nrate = 7\n"
		"state = /s\nlog = %s\nlog = %s\ncertificate = /c.pem\n"
		"certificate-key = pkcs11:object=w",
		key, key);
	assert_int_equal(load(fixture, settings, file, &text), 0);
	assert_string_equal(settings->name, "w.example.com/1");
	assert_string_equal(addr_text(&settings->listen, where), "[::1]:80");
	assert_int_equal(settings->rate, 7);
	assert_string_equal(settings->state, "/s");
	assert_string_equal(settings->key, "/s/witness.key");
	assert_string_equal(settings->certificate, "/c.pem");
	assert_string_equal(settings->certificate_key, "pkcs11:object=w");
	assert_int_equal(settings->log_count, 2);
	assert_true(note_key_equal(&settings->logs[1], &fixture->log_verifier));
	free(settings);
}

static void what_is_wrong_in_it_is_named(void **state)
{
	static const struct {
		const char *line, *said;
	} rows[] = {
		{"x = 1", ":1: \"x\" is no setting"},
		{"name", ":1: expected NAME = VALUE"},
		{"name = a b", ":1: name: expected"},
		{"listen = here", ":1: listen: expected"},
		{"rate = 0", ":1: rate: expected"},
		{"rate = 10001", ":1: rate: expected"},
		{"state =", ":1: state: expected"},
		{"certificate =", ":1: certificate: expected"},
		{"certificate-key =", ":1: certificate-key: expected"},
		{"log = none", ":1: log: expected"},
		{"name = w", ": log is missing"},
		{"", ": name is missing"},
	};
	struct fixture *fixture = *state;
	struct settings *settings = calloc(1, sizeof(*settings));
	struct err_text text = {""};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		assert_int_equal(
			load(fixture, settings, rows[i].line, &text), ERR_FORMAT);
		if (!strstr(text.text, rows[i].said))
			fail_msg("%s: %s", rows[i].line, text.text);
	}
	assert_int_equal(settings_load(settings, "/none", &text), -ENOENT);
	free(settings);
}

static void certificate_and_key_go_together(void **state)
{
	static const struct {
		const char *line, *said;
	} rows[] = {
		{"certificate = /c.pem", ": certificate-key is missing"},
		{"certificate-key = /c.key", ": certificate is missing"},
	};
	struct fixture *fixture = *state;
	struct settings *settings = calloc(1, sizeof(*settings));
	char key[NOTE_KEY_TEXT_SIZE], file[2000];
	struct err_text text = {""};

	note_key_text(&fixture->log_verifier, key);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		snprintf(file, sizeof(file), "name = w\nlog = %s\n%s\n", key,
			rows[i].line);
		assert_int_equal(load(fixture, settings, file, &text), ERR_FORMAT);
		if (!strstr(text.text, rows[i].said))
			fail_msg("%s: %s", rows[i].line, text.text);
	}
	free(settings);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(a_log_that_grows_is_cosigned),
		CASE(what_was_seen_last_is_told),
		CASE(a_split_view_is_refused),
		CASE(a_rollback_is_refused),
		CASE(a_proof_must_prove),
		CASE(who_is_not_known_is_refused),
		CASE(what_cannot_be_kept_is_not_cosigned),
		CASE(a_state_that_cannot_be_read_is_no_beginning),
		CASE(the_file_is_read),
		CASE(what_is_wrong_in_it_is_named),
		CASE(certificate_and_key_go_together),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
