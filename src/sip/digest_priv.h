/* What the files of digest authentication share: the grammar of their headers (RFC 7235 2.1). */
#pragma once

#include "sip/digest.h"

/* More parameters than this are no challenge, but a mistake. */
#define DIGEST_MAX_PARAMS 32

struct digest_param {
	struct span name, value; /* VALUE without its quotes */
};

/*
 * Takes the next "name=value" and the comma behind it off the front of *REST. 0; -ENOENT where *REST is
 * spent or begins with the scheme of another challenge; ERR_FORMAT; ERR_LIMIT.
 */
int digest_param_next(struct span *rest, struct digest_param *ret);
/* Takes the scheme ("Digest") off the front of *REST. False: there is none. */
bool digest_scheme_next(struct span *rest, struct span *ret);

/* A parameter that is a text: where it goes, by its name. Ends with a NULL name. */
struct digest_text {
	const char *name;
	struct span *to;
};

/*
 * Reads the parameters at the front of *REST into TEXTS, each at most once; others are skipped. 0, ERR_FORMAT
 * or ERR_LIMIT.
 */
int digest_params_read(struct span *rest, const struct digest_text *texts);

/* ERR_SUPPORT where NAME is no algorithm that is known. Case does not count. */
int digest_algorithm_of(struct span name, enum digest_algorithm *ret);
