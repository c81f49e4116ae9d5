/*
 * Requests that the audit thread has for others, and their answers: the loop carries them (courier.h), so that neither thread waits for
 * the network or the other one. A box for each addressee has one letter at a time. Any thread.
 */
#pragma once

#include "base/buf.h"

#include <stdbool.h>

#define MAIL_BOXES 10
#define MAIL_URL_SIZE 512
#define MAIL_WHY_SIZE 256
#define MAIL_PATH_SIZE 4096
/* Bytes of a letter, at most. */
#define MAIL_MAX ((size_t)64 << 10)

struct mail;

struct mail_letter {
	char url[MAIL_URL_SIZE];
	/* A PEM file, whom the certificate of an https: URL must lead to; "": it is an http: one. */
	char authorities[MAIL_PATH_SIZE];
	const char *type, *want; /* media types; static. WANT NULL: any */
	struct buf body;         /* what is sent; then what was answered */
	/* of an answer */
	int err;     /* nothing, or nothing good, came: WHY */
	long status; /* HTTP's */
	char why[MAIL_WHY_SIZE];
};

/* It goes to URL, and where that is an https: one by TLS, to whom the PEM file AUTHORITIES leads. */
void mail_address(struct mail_letter *letter, const char *url, const char *authorities);

int mail_new(struct mail **ret);   /* 0 or -ENOMEM */
void mail_free(struct mail *mail); /* NULL is fine */

/* Audit thread: whether box BOX has no letter. */
bool mail_is_free(struct mail *mail, unsigned box);
/* Audit thread: puts LETTER there, whose body is taken. The box is free. */
void mail_send(struct mail *mail, unsigned box, struct mail_letter *letter);
/* Audit thread: takes the answer, if there is one; its body is the caller's. */
bool mail_take(struct mail *mail, unsigned box, struct mail_letter *ret);

/* Loop thread: the letter of BOX, if it waits to be carried, and is carried from now on. Borrowed until it is answered. */
const struct mail_letter *mail_carry(struct mail *mail, unsigned box);
/* Loop thread: ERR 0: LEN bytes at BODY came with STATUS. Else WHY. */
void mail_answer(struct mail *mail, unsigned box, int err, long status, const void *body,
	size_t len, const char *why);
