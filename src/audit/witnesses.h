/*
 * Has checkpoints of the log cosigned by witnesses (C2SP tlog-witness), now and then: each is shown that the log grew from what it saw
 * before. So the log cannot have two stories for two readers. A witness that is down, slow or hostile costs nothing but a
 * line in the log; one that saw another log is an error. Audit thread.
 */
#pragma once

#include "audit/mail.h"
#include "evidence/note.h"

#define WITNESSES_MAX 8

struct witnesses;

struct witnesses_params {
	const char *state_dir;
	const char *list;     /* "URL KEY", with commas between them */
	const char *https_ca; /* a PEM file, for those whose URL is https:; "": none is */
	uint64_t interval_us;
	struct mail *mail;  /* borrowed */
	unsigned first_box; /* in MAIL, of WITNESSES_MAX */
};

/* Checks a list with its HTTPS_CA: 0, or ERR_FORMAT with TEXT. */
int witnesses_check(const char *list, const char *https_ca, struct err_text *text);
/* 0, or negative with TEXT. */
int witnesses_new(struct witnesses **ret, const struct witnesses_params *params,
	struct err_text *text);
/* Before it is asked for anything: what BEFORE knew of those that are there still. */
void witnesses_go_on(struct witnesses *witnesses, const struct witnesses *before);
void witnesses_free(struct witnesses *witnesses); /* NULL is fine */

/* Now and then: the log has SIZE records that are signed. */
void witnesses_tick(struct witnesses *witnesses, uint64_t mono_us, uint64_t size);

struct witnesses_state {
	unsigned count;
	struct {
		char name[NOTE_NAME_MAX + 1];
		char url[MAIL_URL_SIZE];
		uint64_t
			size; /* of the last checkpoint that it cosigned; 0: none since the start */
		uint64_t time_s;         /* when, since 1970, by its clock */
		char why[MAIL_WHY_SIZE]; /* the last try failed; "": it did not */
	} list[WITNESSES_MAX];
};
/* Any thread. */
void witnesses_state(struct witnesses *witnesses, struct witnesses_state *ret);
