/*
 * How captures are written from some moment on: format, for whose eyes, and what stands in their heads. Immutable,
 * with a count of references, so that a reload changes nothing of a capture that was begun. Any thread.
 */
#pragma once

#include "audit/age.h"
#include "audit/keep.h"
#include "config/config.h"

struct style {
	unsigned refs; /* atomic */
	enum config_capture_format format;
	struct age_recipients *recipients; /* owned reference; NULL: not encrypted */
	bool media_both;                   /* media as sent, too */
	char *server;                      /* our name */
	struct keep *keep;                 /* owned reference; NULL: all is kept */
};

/* As CONFIG says: its recipients are read. 0 with one reference, or negative with TEXT. */
int style_load(struct style **ret, const struct config *config, struct err_text *text);
/* Takes a reference to RECIPIENTS, which may be NULL. NULL: out of memory. */
struct style *style_new(enum config_capture_format format,
	struct age_recipients *recipients, const char *server);
struct style *style_ref(struct style *style);
void style_unref(struct style *style); /* NULL is fine */

/* Room for the name of a file, its NUL included. */
#define STYLE_NAME_SIZE 32
/* What a capture's file is called when it is whole: "call.pcapng", "call.pcap", with ".age" where it is encrypted.
 * PART counts from 1; further ones have its number: "call.2.pcapng.age". Returns BUF. */
const char *style_file_name(
	const struct style *style, unsigned part, char buf[static STYLE_NAME_SIZE]);
/* Files of one call. */
#define STYLE_PARTS_MAX 9
/* What is added to that while it is not. An encrypted file that has it and is not being written was cut. */
#define STYLE_UNFINISHED ".part"

/* The file with the hashes of the blocks of an encrypted one: "call.leaves", "call.2.leaves". Returns BUF. */
const char *style_leaves_name(unsigned part, char buf[static STYLE_NAME_SIZE]);
#define STYLE_LEAVES ".leaves"
#define STYLE_ENCRYPTED ".age"
