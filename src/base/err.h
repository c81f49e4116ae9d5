/*
 * Error codes and error texts.
 *
 * Every fallible function returns 0 or a negative code: a negated errno value, or one of
 * the codes below. Where a person must learn more than the code says, a function also
 * takes a `struct err_text` and fills it with one sentence: what, where, what to do.
 * Any thread.
 */
#pragma once

enum err_code {
	ERR_FORMAT = -2000,  /* input does not follow its grammar */
	ERR_LIMIT = -2001,   /* a configured or built-in limit would be exceeded */
	ERR_TRUST = -2002,   /* a certificate or a peer is not trusted */
	ERR_CLOSED = -2003,  /* the far end closed the connection in order */
	ERR_STATE = -2004,   /* not allowed in the present state */
	ERR_SUPPORT = -2005, /* understood, but not supported here */
	ERR_LIBRARY = -2006, /* a library failed; the text says how */
	ERR_CONFIG = -2007,  /* the configuration is invalid */
	ERR_RESOLVE = -2008, /* a name has no usable address */
	ERR_AUTH = -2009,    /* an SRTP packet did not authenticate */
	ERR_REPLAY = -2010,  /* an SRTP packet was seen before or is too old */
	ERR_SANDBOX = -2011, /* a file that this process has forbidden itself */
};

#define ERR_TEXT_SIZE 512

/* One sentence for a person. An empty string means that nothing was said. */
struct err_text {
	char text[ERR_TEXT_SIZE];
};

/* The short English name of CODE (an errno name's text for negated errno; of EMFILE and ENFILE with the limit,
 * until the next call of this thread). Never NULL. */
const char *err_str(int code);

/* A reason that is kept of a call or a trunk: its cause and what to do. */
#define ERR_REASON_SIZE 320

/*
 * Copies WHY, cut so that what to do stays whole: of words of the log (`tls refused by=us rule=name expected=...
 * do="..."`) what is before ` do="` is cut. OUT may be WHY.
 */
void err_reason(char out[static ERR_REASON_SIZE], const char *why);

/*
 * Writes a printf-formatted sentence to TEXT (ignored when NULL; cut when too long) and
 * returns CODE, so that `return err_set(text, ERR_FORMAT, "...")` reads well.
 */
int err_set(struct err_text *text, int code, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
