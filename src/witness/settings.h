/*
 * The file of tandem-witness: lines `NAME = VALUE`, comments behind `#` at a line's begin. `log` may be there again and again.
 */
#pragma once

#include "base/addr.h"
#include "base/err.h"
#include "evidence/note.h"
#include "witness/witness.h"

#define SETTINGS_PATH_SIZE 1024

struct settings {
	struct addr listen;
	char name[NOTE_NAME_MAX + 1];
	char state[SETTINGS_PATH_SIZE];
	char key[SETTINGS_PATH_SIZE + 16]; /* a PEM file, or a pkcs11: URI */
	/* of https, a PEM file, and its key, a PEM file or a pkcs11: URI; "": it is http */
	char certificate[SETTINGS_PATH_SIZE], certificate_key[SETTINGS_PATH_SIZE];
	unsigned rate; /* submissions a second */
	unsigned log_count;
	struct note_key logs[WITNESS_LOGS_MAX];
};

/* 0, or negative with TEXT: file, line and what is wrong. */
int settings_load(struct settings *ret, const char *path, struct err_text *text);
