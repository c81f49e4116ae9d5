/*
 * The folders below STATE/audit. Links are never followed below STATE. Audit thread.
 */
#pragma once

#include "audit/store_name.h"

#include <stdbool.h>

/* Opens STATE_DIR/audit, made 0750 where missing. A descriptor, or a negated errno. */
int folder_root(const char *state_dir);
/* Opens ROOT_FD/DATE, made 0750 where missing. A descriptor, or a negated errno. */
int folder_day(int root_fd, const char *date);
/* Whether ROOT_FD is what STATE_DIR/audit is now. */
bool folder_is_root(int root_fd, const char *state_dir);
/* Opens ROOT_FD/DATE/ID, made 0750 where missing. A descriptor, or a negated errno. */
int folder_call(int root_fd, const char *date, const char *id);

/* A day's folder that is kept open, for calls that begin on the same one. To be forgotten now and then: what has its name may
 * have become another folder. */
struct folder_day {
	int fd; /* -1: none */
	char date[STORE_DATE_SIZE];
};
#define FOLDER_NO_DAY ((struct folder_day){.fd = -1})
enum folder_way {
	FOLDER_FIND,  /* it must be there */
	FOLDER_MAKE,  /* it is made where missing */
	FOLDER_FRESH, /* the same of one that is likely to be missing */
};
/* Opens ROOT_FD/DATE/ID. A descriptor, or a negated errno. */
int folder_call_in(struct folder_day *day, int root_fd, const char *date, const char *id,
	enum folder_way way);
void folder_day_forget(struct folder_day *day);

/* The day of the capture of ID, the latest one; "YYYY-MM-DD". False: there is none. */
bool folder_day_of(int root_fd, const char *id, char ret_day[static STORE_DATE_SIZE]);
/* Opens ROOT_FD/DATE/ID. A descriptor, or a negated errno (-ENOENT: there is none). */
int folder_find(int root_fd, const char *date, const char *id);
/* ERR says that something which is not ours stands where a file of ours should be: no fault of the disk, and trying again would not
 * help. */
bool folder_is_refusal(int err);
