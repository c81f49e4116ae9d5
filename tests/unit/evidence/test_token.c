/* A key whose token takes its time, is gone, lies, or never answers. Linked with --wrap=gnutls_privkey_sign_data2; what it stands for
 * is a key in a file, which token.h loads by the same code. And with
 * --wrap=pthread_detach,--wrap=pthread_cond_clockwait: a thread that is left is waited for here, and what answers has all the time. */
#include "../unit.h"

#include "evidence/token.h"
#include "evidence_fixture.h"

#include <gnutls/abstract.h>
#include <pthread.h>
#include <stdatomic.h>

int __real_gnutls_privkey_sign_data2(gnutls_privkey_t key, gnutls_sign_algorithm_t algo,
	unsigned flags, const gnutls_datum_t *data, gnutls_datum_t *ret);
int __wrap_gnutls_privkey_sign_data2(gnutls_privkey_t key, gnutls_sign_algorithm_t algo,
	unsigned flags, const gnutls_datum_t *data, gnutls_datum_t *ret);

int __wrap_pthread_detach(pthread_t thread);
int __real_pthread_cond_clockwait(pthread_cond_t *cond, pthread_mutex_t *mutex,
	clockid_t clock, const struct timespec *until);
int __wrap_pthread_cond_clockwait(pthread_cond_t *cond, pthread_mutex_t *mutex,
	clockid_t clock, const struct timespec *until);

/* How the token is. */
static atomic_bool hangs, is_gone, lies;
static atomic_uint asked;

int __wrap_gnutls_privkey_sign_data2(gnutls_privkey_t key, gnutls_sign_algorithm_t algo,
	unsigned flags, const gnutls_datum_t *data, gnutls_datum_t *ret)
{
	int err;

	atomic_fetch_add(&asked, 1);
	while (atomic_load(&hangs))
		sched_yield();
	if (atomic_load(&is_gone))
		return GNUTLS_E_PKCS11_DEVICE_ERROR;
	err = __real_gnutls_privkey_sign_data2(key, algo, flags, data, ret);
	if (!err && atomic_load(&lies))
		ret->data[5] ^= 1;
	return err;
}

/* Whose thread was left to itself: it must not run while the program ends. */
static pthread_t left;
static bool is_left;

int __wrap_pthread_detach(pthread_t thread)
{
	assert_false(is_left);
	left = thread;
	is_left = true;
	return 0;
}

/* How slow this machine is decides nothing. */
int __wrap_pthread_cond_clockwait(pthread_cond_t *cond, pthread_mutex_t *mutex,
	clockid_t clock, const struct timespec *until)
{
	if (atomic_load(&hangs))
		return __real_pthread_cond_clockwait(cond, mutex, clock, until);
	return pthread_cond_wait(cond, mutex);
}

struct fixture {
	char *folder, *path;
	struct token *token;
	uint8_t signature[ED25519_SIGNATURE_LEN];
};

static int setup(void **state)
{
	struct fixture *fixture = calloc(1, sizeof(*fixture));

	atomic_store(&hangs, false);
	atomic_store(&is_gone, false);
	atomic_store(&lies, false);
	fixture->folder = fixture_folder();
	ed25519_free(fixture_key(fixture->folder));
	fixture->path = fixture_path(fixture->folder, "log.key");
	*state = fixture;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *fixture = *state;

	atomic_store(&hangs, false);
	if (is_left)
		pthread_join(left, NULL);
	is_left = false;
	token_free(fixture->token);
	assert_false(is_left);
	fixture_remove(fixture->folder);
	free(fixture->path);
	free(fixture);
	return 0;
}

static int open_token(struct fixture *fixture, struct err_text *text)
{
	assert_int_equal(token_open(&fixture->token, fixture->path, text), 0);
	return token_ready(fixture->token, 60000, text);
}

static int sign(struct fixture *fixture, const char *text)
{
	return ed25519_sign(token_key(fixture->token), span_of(text), fixture->signature);
}

static bool is_of(struct fixture *fixture, const char *text)
{
	uint8_t public[ED25519_PUBLIC_LEN];

	ed25519_public(token_key(fixture->token), public);
	return ed25519_verify(public, span_of(text), fixture->signature, 64);
}

static void a_token_signs(void **state)
{
	struct fixture *fixture = *state;
	struct err_text text = {""};
	int err;

	assert_int_equal(open_token(fixture, &text), 0);
	while ((err = sign(fixture, "one")) == -EAGAIN)
		token_wait(fixture->token, 60000);
	assert_int_equal(err, 0);
	assert_true(is_of(fixture, "one"));
	assert_false(is_of(fixture, "other"));
}

static void who_asks_a_slow_one_goes_on(void **state)
{
	struct fixture *fixture = *state;
	struct err_text text = {""};

	assert_int_equal(open_token(fixture, &text), 0);
	atomic_store(&hangs, true);
	assert_int_equal(sign(fixture, "one"), -EAGAIN);
	assert_int_equal(sign(fixture, "one"), -EAGAIN);
	/* Nor is something else asked meanwhile. */
	assert_int_equal(sign(fixture, "two"), -EAGAIN);
	atomic_store(&hangs, false);
	token_wait(fixture->token, 60000);
	atomic_store(&asked, 0);
	assert_int_equal(sign(fixture, "one"), 0);
	assert_true(is_of(fixture, "one"));
	/* It is not asked twice for the same. */
	assert_int_equal(sign(fixture, "one"), 0);
	assert_int_equal(atomic_load(&asked), 0);
	/* What nobody wants any more is passed over. */
	atomic_store(&hangs, true);
	assert_int_equal(sign(fixture, "two"), -EAGAIN);
	atomic_store(&hangs, false);
	token_wait(fixture->token, 60000);
	while (sign(fixture, "three") == -EAGAIN)
		token_wait(fixture->token, 60000);
	assert_true(is_of(fixture, "three"));
}

static int sign_to_the_end(struct fixture *fixture, const char *text)
{
	int err;

	while ((err = sign(fixture, text)) == -EAGAIN)
		token_wait(fixture->token, 60000);
	return err;
}

static void one_that_is_gone_is_opened_again(void **state)
{
	struct fixture *fixture = *state;
	struct err_text text = {""};

	assert_int_equal(open_token(fixture, &text), 0);
	atomic_store(&is_gone, true);
	assert_int_equal(sign_to_the_end(fixture, "one"), ERR_LIBRARY);
	assert_int_equal(sign_to_the_end(fixture, "one"), ERR_LIBRARY);
	atomic_store(&is_gone, false);
	assert_int_equal(sign_to_the_end(fixture, "one"), 0);
	assert_true(is_of(fixture, "one"));
}

static void another_key_in_its_place_signs_nothing(void **state)
{
	struct fixture *fixture = *state;
	struct err_text text = {""};

	assert_int_equal(open_token(fixture, &text), 0);
	assert_int_equal(unlink(fixture->path), 0);
	ed25519_free(fixture_key(fixture->folder));
	atomic_store(&is_gone, true);
	assert_int_equal(sign_to_the_end(fixture, "one"), ERR_LIBRARY);
	atomic_store(&is_gone, false);
	assert_int_equal(sign_to_the_end(fixture, "one"), ERR_LIBRARY);
}

/* As cred_key_load() says of a PIN: one more try may lock the token. */
static void a_pin_that_is_refused_is_not_tried_again(void **state)
{
	struct fixture *fixture = *state;
	struct err_text text = {""};

	assert_int_equal(open_token(fixture, &text), 0);
	assert_int_equal(chmod(fixture->path, 0666), 0);
	atomic_store(&is_gone, true);
	assert_int_equal(sign_to_the_end(fixture, "one"), ERR_TRUST);
	atomic_store(&is_gone, false);
	assert_int_equal(chmod(fixture->path, 0600), 0);
	assert_int_equal(sign_to_the_end(fixture, "one"), ERR_TRUST);
}

static void what_it_signs_is_verified(void **state)
{
	struct fixture *fixture = *state;
	struct err_text text = {""};

	assert_int_equal(open_token(fixture, &text), 0);
	atomic_store(&lies, true);
	assert_int_equal(sign_to_the_end(fixture, "one"), ERR_LIBRARY);
	token_free(fixture->token);
	fixture->token = NULL;
	assert_int_equal(open_token(fixture, &text), ERR_LIBRARY);
	assert_non_null(strstr(text.text, "does not sign, or not well"));
}

static void one_that_cannot_be_opened_says_why(void **state)
{
	struct fixture *fixture = *state;
	struct err_text text = {""};

	assert_int_equal(unlink(fixture->path), 0);
	assert_int_equal(open_token(fixture, &text), -ENOENT);
	assert_non_null(strstr(text.text, "log.key: "));
}

static void one_that_never_answers_is_left(void **state)
{
	struct fixture *fixture = *state;
	struct err_text text = {""};

	atomic_store(&hangs, true);
	assert_int_equal(token_open(&fixture->token, fixture->path, &text), 0);
	assert_int_equal(token_ready(fixture->token, 1, &text), -EAGAIN);
	assert_string_equal(text.text, "the token does not answer");
	token_free(fixture->token);
	fixture->token = NULL;
	assert_true(is_left);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(a_token_signs),
		CASE(who_asks_a_slow_one_goes_on),
		CASE(one_that_is_gone_is_opened_again),
		CASE(another_key_in_its_place_signs_nothing),
		CASE(a_pin_that_is_refused_is_not_tried_again),
		CASE(what_it_signs_is_verified),
		CASE(one_that_cannot_be_opened_says_why),
		CASE(one_that_never_answers_is_left),
	};

	/* who waits for a token waits for ever */
	alarm(120);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
