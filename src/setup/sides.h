/*
 * Where the certificates of both sides are: as tandem.conf says, or, before there is one, where setup puts
 * them. tandemctl's only thread.
 */
#pragma once

#include "config/config.h"
#include "setup/args.h"

#include <limits.h>

enum sides_side { SIDES_INTERNAL, SIDES_EXTERNAL, SIDES_COUNT };

struct sides {
	char dir[PATH_MAX];    /* absolute */
	struct config *config; /* NULL: there is none yet */
	const char *fqdn;      /* "": unknown */
	struct sides_files {
		char certificate[PATH_MAX];
		char key[PATH_MAX]; /* or a pkcs11: URI */
		char trust[PATH_MAX];
		char crl[PATH_MAX];
		bool asked; /* --side named it, or no side was named */
	} of[SIDES_COUNT];
};

extern const char *const sides_names[SIDES_COUNT]; /* "internal", "external" */

/* The folder and the sides of options. SIDE is "internal", "external" or NULL for both. Prints every mistake
 * of a configuration that is there. 0 with something to drop, or negative with TEXT. */
int sides_read(
	struct sides *ret, const char *dir, const char *side, struct err_text *text);
void sides_drop(struct sides *sides);

/* A verb that makes something for the sides that its options name. */
struct sides_verb {
	const struct args_verb *args;
	unsigned dir, side; /* of its options: --dir, --side */
	int (*make)(const struct args_values *given, const struct sides *sides,
		struct err_text *text);
	void (*say)(const struct sides *sides); /* what follows, when it is made */
};

/* Reads WORDS into GIVEN, a place for each option and one more, and runs the verb. Its exit code: 0, 1, or
 * 2 for usage; what is wrong is printed. */
int sides_run(
	const struct sides_verb *verb, char *const *words, struct args_values *given);

/* As sides_read(), without reading a configuration: DIR/certs/SIDE.pem and so on, as setup writes them. */
int sides_place(struct sides *ret, const char *dir, struct err_text *text);

/* The key is in a token. */
bool sides_is_token(const char *key);
bool sides_has_file(const char *path);
/* PATH with SUFFIX in the place of ".key" or ".pem" at its end. Returns RET. */
const char *sides_sibling(
	const char *path, const char *suffix, char ret[static PATH_MAX]);
