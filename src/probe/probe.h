/*
 * Whether a server or gateway would do over TLS with SRTP, found out by doing it: its
 * files, its name, a TCP connection, TLS both ways, OPTIONS, an offer of SRTP. Over a
 * transport of the probe's own, so that no call meets what it does, and nobody's connection
 * is borrowed. Loop thread.
 */
#pragma once

#include "base/loop.h"
#include "sip/resolve.h"
#include "tls/explain.h"
#include "trunk/trunk.h"

/* In this order; a step that fails leaves those behind it skipped. */
enum probe_step_kind {
	PROBE_FILES,
	PROBE_DNS,
	PROBE_TCP,
	PROBE_TLS,
	PROBE_OPTIONS,
	PROBE_SRTP,
	PROBE_STEPS,
};

enum probe_verdict {
	PROBE_SKIPPED,
	PROBE_OK,
	PROBE_FAILED,
	PROBE_UNKNOWN, /* nothing was found against it, nor for it */
};

struct probe_step {
	enum probe_verdict verdict;
	char words[1024]; /* what was found: for a refusal by TLS the words of the log */
	char fix[1024];   /* what to do, or ""; both escaped */
	unsigned ms;      /* what it took */
};

struct probe_result {
	struct probe_step steps[PROBE_STEPS];
	uint64_t wall_us; /* when it began */
	/* The step that failed; PROBE_STEPS: none did, it would work as far as is known. */
	enum probe_step_kind failed;
};

struct probe;

/* RESULT is borrowed for the time of the call. */
typedef void probe_h(void *arg, const struct probe_result *result);

struct probe_params {
	struct loop *loop;
	struct resolver *resolver;
	struct trunk
		*trunk;    /* a reference is taken; judged by its present configuration */
	unsigned name;     /* which of its hosts, from 0 */
	struct cred *cred; /* what its side presents, or NULL */
	bool quiet;        /* its connections are logged at debug only */
	probe_h *h;
	void *arg;
};

/* Bounds of a probe, ms. */
#define PROBE_ALL_MS 15000
#define PROBE_STEP_MS 5000

/*
 * Begins. H is called once, never before this returns, within PROBE_ALL_MS; the probe is
 * then gone. It does not matter whether TLS is on there. 0, or negative with TEXT.
 */
int probe_start(
	struct probe **ret, const struct probe_params *params, struct err_text *text);
/* H will not be called. Not from within H. NULL is fine. */
void probe_cancel(struct probe *probe);

const char *probe_step_name(enum probe_step_kind kind);     /* "files", "dns", ... */
const char *probe_verdict_name(enum probe_verdict verdict); /* "ok", "failed", ... */

/* Fills RET with where the settings of a trunk of KIND stand in CONFIG; the texts live as long
 * as CONFIG. */
void probe_context(const struct config *config, enum trunk_kind kind,
	const struct config_trunk *settings, struct explain_context *ret);
