#include "audit/mail.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum box_state { BOX_FREE, BOX_WAITS, BOX_CARRIED, BOX_ANSWERED };

struct mail {
	pthread_mutex_t lock;
	struct {
		enum box_state state; /* LOCK: lock */
		/* of whoever's turn it is */
		struct mail_letter letter;
	} boxes[MAIL_BOXES];
};

void mail_address(struct mail_letter *letter, const char *url, const char *authorities)
{
	const bool secure = strncasecmp(url, "https:", 6) == 0;

	snprintf(letter->url, sizeof(letter->url), "%s", url);
	snprintf(letter->authorities, sizeof(letter->authorities), "%s",
		secure ? authorities : "");
}

int mail_new(struct mail **ret)
{
	struct mail *mail = calloc(1, sizeof(*mail));

	if (!mail)
		return -ENOMEM;
	pthread_mutex_init(&mail->lock, NULL);
	*ret = mail;
	return 0;
}

void mail_free(struct mail *mail)
{
	if (!mail)
		return;
	for (unsigned i = 0; i < MAIL_BOXES; i++)
		buf_free(&mail->boxes[i].letter.body);
	pthread_mutex_destroy(&mail->lock);
	free(mail);
}

static bool is(struct mail *mail, unsigned box, enum box_state state)
{
	bool is;

	pthread_mutex_lock(&mail->lock);
	is = mail->boxes[box].state == state;
	pthread_mutex_unlock(&mail->lock);
	return is;
}

static void set(struct mail *mail, unsigned box, enum box_state state)
{
	pthread_mutex_lock(&mail->lock);
	mail->boxes[box].state = state;
	pthread_mutex_unlock(&mail->lock);
}

bool mail_is_free(struct mail *mail, unsigned box)
{
	return is(mail, box, BOX_FREE);
}

void mail_send(struct mail *mail, unsigned box, struct mail_letter *letter)
{
	mail->boxes[box].letter = *letter;
	buf_init(&letter->body, 0);
	set(mail, box, BOX_WAITS);
}

bool mail_take(struct mail *mail, unsigned box, struct mail_letter *ret)
{
	if (!is(mail, box, BOX_ANSWERED))
		return false;
	*ret = mail->boxes[box].letter;
	buf_init(&mail->boxes[box].letter.body, 0);
	set(mail, box, BOX_FREE);
	return true;
}

const struct mail_letter *mail_carry(struct mail *mail, unsigned box)
{
	if (!is(mail, box, BOX_WAITS))
		return NULL;
	set(mail, box, BOX_CARRIED);
	return &mail->boxes[box].letter;
}

void mail_answer(struct mail *mail, unsigned box, int err, long status, const void *body,
	size_t len, const char *why)
{
	struct mail_letter *letter = &mail->boxes[box].letter;

	buf_clear(&letter->body);
	if (!err && len > 0)
		buf_add(&letter->body, body, len);
	letter->err = err ? err : letter->body.err;
	letter->status = status;
	snprintf(letter->why, sizeof(letter->why), "%s",
		err                ? why
		: letter->body.err ? "out of memory"
				   : "");
	set(mail, box, BOX_ANSWERED);
}
