/* A log whose key is in a token (SoftHSM), and which is handed over to it, from it, and from one to another, by a process that is killed
 * before each of its steps. */
#include "../unit.h"

#include "keys_fixture.h"

#include <gnutls/abstract.h>
#include <gnutls/pkcs11.h>
#include <gnutls/x509.h>

#define TOKEN "pkcs11:token=tandem-log"
#define PIN "?pin-value=1234"
#define ONE TOKEN ";object=one;type=private" PIN
#define TWO TOKEN ";object=two;type=private" PIN
#define NONE TOKEN ";object=none;type=private" PIN

static char *world; /* with the token */
static bool has_token;

static void make_key(const char *label, unsigned char number, gnutls_pk_algorithm_t kind)
{
	const gnutls_datum_t id = {&number, 1};
	const unsigned flags = GNUTLS_PKCS11_OBJ_FLAG_LOGIN;
	gnutls_x509_privkey_t key;
	gnutls_privkey_t private;
	gnutls_pubkey_t public;

	assert_int_equal(gnutls_x509_privkey_init(&key), 0);
	assert_int_equal(gnutls_x509_privkey_generate(key, kind,
				 GNUTLS_CURVE_TO_BITS(kind == GNUTLS_PK_ECDSA
							      ? GNUTLS_ECC_CURVE_SECP256R1
							      : GNUTLS_ECC_CURVE_ED25519),
				 0),
		0);
	assert_int_equal(gnutls_privkey_init(&private), 0);
	assert_int_equal(gnutls_pubkey_init(&public), 0);
	assert_int_equal(gnutls_privkey_import_x509(private, key, 0), 0);
	assert_int_equal(gnutls_pubkey_import_privkey(public, private, 0, 0), 0);
	assert_int_equal(gnutls_pkcs11_copy_x509_privkey2(TOKEN PIN, key, label, &id,
				 GNUTLS_KEY_DIGITAL_SIGNATURE,
				 GNUTLS_PKCS11_OBJ_FLAG_MARK_PRIVATE |
					 GNUTLS_PKCS11_OBJ_FLAG_MARK_SENSITIVE | flags),
		0);
	assert_int_equal(
		gnutls_pkcs11_copy_pubkey(TOKEN PIN, public, label, &id, 0, flags), 0);
	gnutls_pubkey_deinit(public);
	gnutls_privkey_deinit(private);
	gnutls_x509_privkey_deinit(key);
}

static int make_world(void **state)
{
	char command[5000], conf[4300];

	(void)state;
	world = fixture_folder();
	snprintf(command, sizeof(command),
		"cd '%s' && mkdir tokens && printf '%%s\\n' \"directories.tokendir = "
		"$PWD/tokens\" "
		"'objectstore.backend = file' 'log.level = ERROR' >conf",
		world);
	assert_int_equal(system(command), 0);
	snprintf(conf, sizeof(conf), "%s/conf", world);
	(void)setenv("SOFTHSM2_CONF", conf, true);
	if (gnutls_pkcs11_token_init(
		    "pkcs11:model=SoftHSM%20v2", "112233", "tandem-log") < 0)
		return 0;
	has_token = true;
	assert_int_equal(gnutls_pkcs11_token_set_pin(TOKEN "?pin-value=112233", NULL,
				 "1234", GNUTLS_PIN_USER),
		0);
	make_key("one", 1, GNUTLS_PK_EDDSA_ED25519);
	make_key("two", 2, GNUTLS_PK_EDDSA_ED25519);
	make_key("p256", 3, GNUTLS_PK_ECDSA);
	return 0;
}

static int drop_world(void **state)
{
	(void)state;
	gnutls_pkcs11_deinit();
	fixture_remove(world);
	return 0;
}

/* Begins another log, whose key is to be that of URI. */
static void begin_with(struct fixture *fixture, const char *uri)
{
	close_it(fixture);
	run(fixture, "rm -rf -- *");
	fixture->key = uri;
	open_it(fixture);
}

static void stand(struct fixture *fixture, struct ledger_state *ret)
{
	chronicle_state(fixture->chronicle, ret);
}

/* Turns until what was asked for is there, or is not. */
static void turn(struct fixture *fixture)
{
	struct ledger_state log;

	do {
		(void)tick(fixture);
		stand(fixture, &log);
	} while (!log.stopped && log.rotation.is_wanted);
}

static void hand_to(struct fixture *fixture, const char *uri)
{
	struct err_text text = {""};

	assert_int_equal(chronicle_want_key(fixture->chronicle, uri), 0);
	if (chronicle_rotate_key(fixture->chronicle, &text) != 0)
		fail_msg("%s", text.text);
	turn(fixture);
}

static uint64_t count_lines(struct fixture *fixture)
{
	char path[4300], line[4096];
	uint64_t count = 0;
	FILE *file;

	snprintf(path, sizeof(path), "%s/cdr.jsonl", fixture->folder);
	file = fopen(path, "re");
	assert_non_null(file);
	while (fgets(line, sizeof(line), file))
		count++;
	(void)fclose(file);
	return count;
}

/* Turns until all is signed that is there, which a token may take a while for. */
static void sign_all(struct fixture *fixture, uint64_t size)
{
	struct ledger_state log;

	do {
		(void)tick(fixture);
		stand(fixture, &log);
	} while (!log.stopped && log.size < size);
	assert_false(log.stopped);
}

/* The same, of all lines that are there. */
static void sign_lines(struct fixture *fixture)
{
	struct ledger_state log;
	uint64_t lines;

	do {
		(void)tick(fixture);
		lines = count_lines(fixture);
		stand(fixture, &log);
	} while (!log.stopped && log.size < lines);
	assert_false(log.stopped);
}

static void expect_stopped(struct fixture *fixture, const char *why)
{
	struct ledger_state log;

	stand(fixture, &log);
	assert_true(log.stopped);
	if (!strstr(log.why, why))
		fail_msg("\"%s\" is not in: %s", why, log.why);
}

static void a_log_begins_with_the_key_of_a_token(void **state)
{
	struct fixture *fixture = *state;
	struct ledger_state log;
	struct note_key key;

	if (!has_token)
		skip();
	begin_with(fixture, ONE);
	add(fixture, 1);
	sign_all(fixture, 2);
	stand(fixture, &log);
	assert_true(log.in_token);
	assert_false(log.differs);
	key_of(fixture, &key);
	run(fixture,
		"test \"$(ls log.key*)\" = log.key && test $(stat -c %a log.key) = 600");
	run(fixture, "test \"$(cat log.key)\" = '" ONE "'");
	close_it(fixture);
	verify_by(fixture, &key, false);
	assert_string_equal(fixture->faults, "");
	/* start, call, stop: the last one was signed at the end */
	assert_int_equal(fixture->result.checked, 3);
	open_it(fixture);
	stand(fixture, &log);
	assert_false(log.stopped);
	assert_true(log.in_token);
}

static void a_log_goes_into_a_token_to_another_and_out_again(void **state)
{
	struct fixture *fixture = *state;
	struct ledger_state log;
	struct note_key old, new;

	if (!has_token)
		skip();
	add(fixture, 1);
	key_of(fixture, &old);
	run(fixture, "cp log.key before && ln log.key same");
	hand_to(fixture, ONE);
	stand(fixture, &log);
	assert_int_equal(log.rotation.count, 1);
	assert_string_equal(log.rotation.why, "");
	assert_true(log.in_token);
	assert_false(log.differs);
	/* The file's key is gone, as ever. */
	run(fixture, "test \"$(cat log.key)\" = '" ONE
		     "' && test $(stat -c %a log.key) = 600");
	run(fixture,
		"! tr -d '\\0' <same | grep -q . && test $(ls log.key* | wc -l) = 1");
	hand_to(fixture, TWO);
	stand(fixture, &log);
	assert_int_equal(log.rotation.count, 2);
	/* The next start needs no wish to find it, but says that it is another one. */
	close_it(fixture);
	open_it(fixture);
	stand(fixture, &log);
	assert_true(log.in_token);
	assert_true(log.differs);
	hand_to(fixture, "");
	stand(fixture, &log);
	assert_false(log.in_token);
	assert_false(log.differs);
	run(fixture, "grep -q 'PRIVATE KEY' log.key");
	key_of(fixture, &new);
	close_it(fixture);
	verify_by(fixture, &old, false);
	assert_string_equal(fixture->faults, "");
	assert_int_equal(fixture->handed, 3);
	verify_by(fixture, &new, false);
	assert_string_equal(fixture->faults, "");
	open_it(fixture);
}

static void a_wish_alone_hands_nothing_over(void **state)
{
	struct fixture *fixture = *state;
	struct ledger_state log;
	struct note_key before, after;

	if (!has_token)
		skip();
	key_of(fixture, &before);
	close_it(fixture);
	fixture->key = ONE;
	open_it(fixture);
	stand(fixture, &log);
	assert_false(log.in_token);
	assert_true(log.differs);
	key_of(fixture, &after);
	assert_true(note_key_equal(&before, &after));
	/* A reload takes it back. */
	assert_int_equal(chronicle_want_key(fixture->chronicle, ""), 0);
	stand(fixture, &log);
	assert_false(log.differs);
}

static void a_token_that_cannot_be_used_begins_no_log(void **state)
{
	struct fixture *fixture = *state;
	static const struct {
		const char *uri, *why;
	} all[] = {
		{NONE, "the key in the token: "},
		{TOKEN ";object=one;type=private?pin-value=4321",
			"the key in the token: "},
		{TOKEN ";object=p256;type=private" PIN,
			"the key in the token is no Ed25519"},
		{"pkcs11:token=missing;object=one", "the key in the token: "},
	};

	if (!has_token)
		skip();
	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		begin_with(fixture, all[i].uri);
		expect_stopped(fixture, all[i].why);
		add(fixture, 1);
		(void)tick(fixture);
		assert_false(has(fixture, "log.key"));
		assert_false(has(fixture, "log/checkpoint"));
	}
	/* What was written meanwhile is signed when it can be. */
	close_it(fixture);
	fixture->key = ONE;
	open_it(fixture);
	sign_all(fixture, 4);
}

static void no_key_takes_the_place_of_one_that_is_gone(void **state)
{
	struct fixture *fixture = *state;
	struct ledger_state log;

	if (!has_token)
		skip();
	begin_with(fixture, ONE);
	sign_all(fixture, 1);
	close_it(fixture);
	run(fixture, "cp log.key before && sed -i s/object=one/object=none/ log.key");
	fixture->key = NULL;
	open_it(fixture);
	expect_stopped(fixture, "the key in the token: ");
	close_it(fixture);
	/* Another token's neither. */
	fixture->key = TWO;
	open_it(fixture);
	expect_stopped(fixture, "the key in the token: ");
	close_it(fixture);
	run(fixture, "rm log.key");
	open_it(fixture);
	expect_stopped(fixture, "log.key is missing");
	assert_false(has(fixture, "log.key"));
	close_it(fixture);
	/* Its own is, wherever it is found. */
	fixture->key = TOKEN ";id=%01;type=private" PIN;
	open_it(fixture);
	stand(fixture, &log);
	assert_false(log.stopped);
	assert_false(log.differs);
	run(fixture, "grep -q 'id=%01' log.key");
	close_it(fixture);
	run(fixture, "cp before log.key");
	open_it(fixture);
	stand(fixture, &log);
	assert_false(log.differs);
	run(fixture, "grep -q 'id=%01' log.key && ! test -e log.key.moved");
}

static void a_hand_over_to_what_cannot_sign_is_given_up(void **state)
{
	struct fixture *fixture = *state;
	struct ledger_state log;

	if (!has_token)
		skip();
	hand_to(fixture, NONE);
	stand(fixture, &log);
	assert_int_equal(log.rotation.count, 0);
	assert_non_null(strstr(log.rotation.why, "the key in the token: "));
	assert_false(has(fixture, "log.key.new"));
	assert_false(log.in_token);
	assert_true(log.differs);
	hand_to(fixture, ONE);
	/* The same one, by another name. */
	hand_to(fixture, TOKEN ";id=%01;type=private" PIN);
	stand(fixture, &log);
	assert_int_equal(log.rotation.count, 1);
	assert_string_equal(
		log.rotation.why, "log-key names the key that the log has already");
	assert_false(log.differs);
	assert_false(log.stopped);
	run(fixture, "grep -q 'id=%01' log.key && ! test -e log.key.new");
	add(fixture, 1);
	sign_all(fixture, 3);
}

/* The process before was killed when both keys had signed, and before log.key said so. */
static void who_was_handed_over_to_is_waited_for(void **state)
{
	struct fixture *fixture = *state;
	struct ledger_state log;

	if (!has_token)
		skip();
	run(fixture, "cp log.key before");
	hand_to(fixture, ONE);
	chronicle_free(fixture->chronicle);
	fixture->chronicle = NULL;
	/* The last checkpoint is that of the hand-over. */
	run(fixture, "tail -n +6 log/handover/1 | sed -n '/^med1/,$p' >log/checkpoint && "
		     "grep -c '^\xe2\x80\x94' log/checkpoint | grep -q 2");
	run(fixture, "cp log.key after && cp before log.key && "
		     "sed s/object=one/object=none/ after >log.key.new");
	open_it(fixture);
	expect_stopped(fixture,
		"the key that the log was handed over to cannot be used: the key in the "
		"token: ");
	close_it(fixture);
	run(fixture, "cp after log.key.new");
	open_it(fixture);
	stand(fixture, &log);
	assert_false(log.stopped);
	assert_true(log.in_token);
	run(fixture, "cmp log.key after && ! test -e log.key.new");
}

/* And here a record names it, which no checkpoint has. */
static void so_is_who_a_record_names(void **state)
{
	struct fixture *fixture = *state;
	struct err_text text = {""};
	struct ledger_state log;

	if (!has_token)
		skip();
	assert_int_equal(chronicle_want_key(fixture->chronicle, ONE), 0);
	assert_int_equal(chronicle_rotate_key(fixture->chronicle, &text), 0);
	do {
		(void)tick(fixture);
		stand(fixture, &log);
	} while (!log.rotation.is_recorded);
	run(fixture, "cp -r . ../$(basename $PWD).copy");
	turn(fixture);
	close_it(fixture);
	run(fixture, "rm -r * && mv ../$(basename $PWD).copy/* . && "
		     "rmdir ../$(basename $PWD).copy");
	run(fixture,
		"cp log.key.new after && sed -i s/object=one/object=none/ log.key.new");
	open_it(fixture);
	(void)tick(fixture);
	expect_stopped(fixture, "record 1 hands the log over to the key of log.key.new, "
				"which cannot be used: the key in the token: ");
	close_it(fixture);
	run(fixture, "cp after log.key.new");
	open_it(fixture);
	sign_all(fixture, 2);
	stand(fixture, &log);
	assert_true(log.in_token);
	assert_int_equal(log.rotation.count, 1);
}

/* ---- killed before each step ---- */

static void child_works(struct fixture *fixture, const char *to)
{
	(void)ptrace(PTRACE_TRACEME, 0, NULL, NULL);
	(void)raise(SIGSTOP);
	open_it(fixture);
	add(fixture, 1);
	hand_to(fixture, to);
	add(fixture, 2);
	(void)tick(fixture);
	_exit(0);
}

static bool killed_once(
	struct fixture *fixture, const char *from, const char *to, unsigned number)
{
	struct note_key old, new;
	struct ledger_state log;
	bool killed, named;
	pid_t pid;

	begin_with(fixture, from);
	sign_all(fixture, 1);
	key_of(fixture, &old);
	close_it(fixture);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0)
		child_works(fixture, to);
	killed = kill_before(pid, number);
	verify_by(fixture, &old, true);
	assert_string_equal(fixture->faults, "");
	named = names_a_key(fixture);
	open_it(fixture);
	add(fixture, 3);
	sign_lines(fixture);
	stand(fixture, &log);
	if (log.stopped)
		fail_msg("step %u: %s", number, log.why);
	key_of(fixture, &new);
	assert_int_equal(named, !note_key_equal(&old, &new));
	assert_int_equal(log.in_token, (named ? to : from)[0] != '\0');
	assert_false(named && has(fixture, "log.key.new"));
	close_it(fixture);
	verify_by(fixture, &old, false);
	assert_string_equal(fixture->faults, "");
	assert_int_equal(fixture->handed, named);
	verify_by(fixture, &new, false);
	assert_string_equal(fixture->faults, "");
	open_it(fixture);
	return killed;
}

static void killed_before_any_step_it_goes_on(
	struct fixture *fixture, const char *from, const char *to)
{
	unsigned number = 0;

	if (!has_token)
		skip();
	while (killed_once(fixture, from, to, number))
		number++;
	printf("%u steps\n", number);
	assert_true(number > 30);
}

static void killed_on_the_way_into_a_token(void **state)
{
	killed_before_any_step_it_goes_on(*state, "", ONE);
}

static void killed_on_the_way_out_of_it(void **state)
{
	killed_before_any_step_it_goes_on(*state, ONE, "");
}

static void killed_on_the_way_from_one_to_another(void **state)
{
	killed_before_any_step_it_goes_on(*state, ONE, TWO);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(a_log_begins_with_the_key_of_a_token),
		CASE(a_log_goes_into_a_token_to_another_and_out_again),
		CASE(a_wish_alone_hands_nothing_over),
		CASE(a_token_that_cannot_be_used_begins_no_log),
		CASE(no_key_takes_the_place_of_one_that_is_gone),
		CASE(a_hand_over_to_what_cannot_sign_is_given_up),
		CASE(who_was_handed_over_to_is_waited_for),
		CASE(so_is_who_a_record_names),
		CASE(killed_on_the_way_into_a_token),
		CASE(killed_on_the_way_out_of_it),
		CASE(killed_on_the_way_from_one_to_another),
	};

	sync_to_memory();
	return cmocka_run_group_tests(tests, make_world, drop_world);
}
