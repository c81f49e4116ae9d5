#include "evidence/token.h"

#include "base/buf.h"
#include "base/clock.h"
#include "base/thread.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <time.h>

#define FAREWELL_MS 1000

enum token_state { TOKEN_OPENS, TOKEN_READY, TOKEN_FAILED };

/* The token's thread may be the last one to have it. */
struct token {
	char *uri;
	pthread_t thread;
	struct ed25519 *loaded; /* of the thread; NULL: not open */
	bool refused;           /* of the thread: by its PIN */
	struct ed25519 *key;    /* that others use */
	uint8_t public[ED25519_PUBLIC_LEN];

	pthread_mutex_t lock;
	pthread_cond_t changed;
	/* LOCK: lock, all that follows */
	unsigned owners;
	enum token_state state;
	int err; /* it failed, for WHY */
	struct err_text why;
	bool leaving;
	bool over; /* the thread asks the token for nothing any more */
	/* what is asked */
	bool asked, answered;
	uint64_t asked_us;
	struct buf data;
	int answer;
	uint8_t signature[ED25519_SIGNATURE_LEN];
};

static uint64_t mono_us(void)
{
	return clock_real()->mono_us(clock_real());
}

/* The last owner frees it. */
static void leave(struct token *token)
{
	bool last;

	pthread_mutex_lock(&token->lock);
	last = --token->owners == 0;
	pthread_mutex_unlock(&token->lock);
	if (!last)
		return;
	ed25519_free(token->loaded);
	ed25519_free(token->key);
	buf_free(&token->data);
	pthread_cond_destroy(&token->changed);
	pthread_mutex_destroy(&token->lock);
	free(token->uri);
	free(token);
}

/* The thread */

static int sign_verified(const struct token *token, struct span data,
	uint8_t ret[static ED25519_SIGNATURE_LEN])
{
	int err = ed25519_sign(token->loaded, data, ret);

	if (err)
		return err;
	return ed25519_verify(token->public, data, ret, ED25519_SIGNATURE_LEN)
		       ? 0
		       : ERR_LIBRARY;
}

/* What no log signs. */
static int try_out(const struct token *token, struct err_text *text)
{
	static const char trial[] = "Tandem tries out the key of a log.";
	uint8_t signature[ED25519_SIGNATURE_LEN];
	int err = sign_verified(token, span_of(trial), signature);

	return err ? err_set(text, err, "the key in the token does not sign, or not well")
		   : 0;
}

static void open_key(struct token *token)
{
	struct err_text text = {""};
	int err = ed25519_load(&token->loaded, token->uri, &text);

	if (!err) {
		ed25519_public(token->loaded, token->public);
		err = try_out(token, &text);
	}
	pthread_mutex_lock(&token->lock);
	token->state = err ? TOKEN_FAILED : TOKEN_READY;
	token->err = err;
	token->why = text;
	pthread_cond_broadcast(&token->changed);
	pthread_mutex_unlock(&token->lock);
}

/* It was gone, and may be there again: the same key, or it is of no use. 0 or negative. */
static int open_again(struct token *token)
{
	uint8_t public[ED25519_PUBLIC_LEN];
	struct err_text text = {""};
	int err;

	/* A PIN that is refused once more may lock the token. */
	if (token->refused)
		return ERR_TRUST;
	ed25519_free(token->loaded);
	token->loaded = NULL;
	err = ed25519_load(&token->loaded, token->uri, &text);
	token->refused = err == ERR_TRUST;
	if (err)
		return err;
	ed25519_public(token->loaded, public);
	return memcmp(public, token->public, sizeof(public)) == 0 ? 0 : ERR_LIBRARY;
}

static int sign(
	struct token *token, struct span data, uint8_t ret[static ED25519_SIGNATURE_LEN])
{
	int err = token->loaded ? sign_verified(token, data, ret) : ERR_LIBRARY;

	if (!err)
		return 0;
	err = open_again(token);
	return err ? err : sign_verified(token, data, ret);
}

/* Lock held: nobody changes what was asked before it is answered. */
static void answer(struct token *token)
{
	uint8_t signature[ED25519_SIGNATURE_LEN];
	int err;

	pthread_mutex_unlock(&token->lock);
	err = sign(token, buf_span(&token->data), signature);
	pthread_mutex_lock(&token->lock);
	token->answered = true;
	token->answer = err;
	if (!err)
		memcpy(token->signature, signature, sizeof(signature));
	pthread_cond_broadcast(&token->changed);
}

static void *run(void *arg)
{
	struct token *token = arg;

	open_key(token);
	pthread_mutex_lock(&token->lock);
	while (!token->leaving) {
		if (token->asked && !token->answered)
			answer(token);
		else
			pthread_cond_wait(&token->changed, &token->lock);
	}
	token->over = true;
	pthread_cond_broadcast(&token->changed);
	pthread_mutex_unlock(&token->lock);
	leave(token);
	return NULL;
}

/* Who asks */

static struct timespec time_in(unsigned ms)
{
	const uint64_t us = mono_us() + (uint64_t)ms * 1000;

	return (struct timespec){
		.tv_sec = (time_t)(us / 1000000), .tv_nsec = (long)(us % 1000000) * 1000};
}

/* Lock held: until IS, or WAIT_MS are over. */
static void wait_for(
	struct token *token, bool (*is)(const struct token *token), unsigned wait_ms)
{
	const struct timespec until = time_in(wait_ms);
	int err = 0;

	while (err == 0 && !is(token))
		err = pthread_cond_clockwait(
			&token->changed, &token->lock, CLOCK_MONOTONIC, &until);
}

static bool is_open(const struct token *token)
{
	return token->state != TOKEN_OPENS;
}

static bool is_answered(const struct token *token)
{
	return !token->asked || token->answered;
}

static bool is_over(const struct token *token)
{
	return token->over;
}

/* Lock held: DATA is asked for, and nothing else is under way. 0 or -ENOMEM. */
static int ask(struct token *token, struct span data)
{
	buf_clear(&token->data);
	buf_add_span(&token->data, data);
	token->answered = false;
	token->asked = !token->data.err;
	token->asked_us = mono_us();
	pthread_cond_broadcast(&token->changed);
	return token->data.err;
}

static int sign_h(void *arg, struct span data, uint8_t ret[static ED25519_SIGNATURE_LEN])
{
	struct token *token = arg;
	int err = 0;

	pthread_mutex_lock(&token->lock);
	if (is_answered(token) &&
		(!token->asked || !span_equal(buf_span(&token->data), data))) {
		err = ask(token, data);
		if (!err)
			wait_for(token, is_answered, TOKEN_WAIT_MS);
	}
	if (!err && !is_answered(token)) {
		err = mono_us() - token->asked_us > TOKEN_LATE_US ? -ETIMEDOUT : -EAGAIN;
	} else if (!err) {
		err = token->answer;
		if (!err)
			memcpy(ret, token->signature, ED25519_SIGNATURE_LEN);
		token->asked = !err; /* what failed is tried anew */
	}
	pthread_mutex_unlock(&token->lock);
	return err;
}

int token_open(struct token **ret, const char *uri, struct err_text *text)
{
	struct token *token = calloc(1, sizeof(*token));
	int err = -ENOMEM;

	if (!token)
		return err_set(text, -ENOMEM, "out of memory");
	pthread_mutex_init(&token->lock, NULL);
	pthread_cond_init(&token->changed, NULL);
	buf_init(&token->data, 0);
	token->owners = 1;
	token->uri = strdup(uri);
	if (token->uri) {
		token->owners++;
		err = thread_start(&token->thread, "token", run, token);
		token->owners -= err != 0;
	}
	if (err) {
		leave(token);
		return err_set(text, err, "%s", err_str(err));
	}
	*ret = token;
	return 0;
}

int token_ready(struct token *token, unsigned wait_ms, struct err_text *text)
{
	int err;

	pthread_mutex_lock(&token->lock);
	wait_for(token, is_open, wait_ms);
	err = token->state == TOKEN_OPENS ? -EAGAIN : token->err;
	if (err == -EAGAIN)
		err_set(text, err, "the token does not answer");
	else if (err)
		err_set(text, err, "%s", token->why.text);
	pthread_mutex_unlock(&token->lock);
	if (!err && !token->key &&
		ed25519_make(&token->key, token->public, sign_h, token) != 0)
		err = err_set(text, -ENOMEM, "out of memory");
	return err;
}

const struct ed25519 *token_key(const struct token *token)
{
	return token->key;
}

void token_wait(struct token *token, unsigned wait_ms)
{
	pthread_mutex_lock(&token->lock);
	wait_for(token, is_answered, wait_ms);
	pthread_mutex_unlock(&token->lock);
}

void token_free(struct token *token)
{
	bool over;

	if (!token)
		return;
	pthread_mutex_lock(&token->lock);
	token->leaving = true;
	pthread_cond_broadcast(&token->changed);
	wait_for(token, is_over, FAREWELL_MS);
	over = token->over;
	pthread_mutex_unlock(&token->lock);
	if (over)
		pthread_join(token->thread, NULL);
	else
		pthread_detach(token->thread);
	leave(token);
}
