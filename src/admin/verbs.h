/*
 * What the verbs act on: main fills it with the parts of the running server. Loop thread.
 */
#pragma once

#include "admin/api.h"

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

struct api;
struct bridge;
struct config;
struct drains;
struct events;
struct index;
struct loop;
struct observe;
struct relay;
struct resolver;
struct seen;
struct sink;
struct stapler;
struct traces;
struct trial;
struct trunks;
struct transport;
struct hep;
struct vouch;
struct writer;
struct wiring;

/* Work whose answer comes later (admin/job.h), and how much of each kind is under way at most. */
enum verbs_job {
	VERBS_JOB_EXPLAIN, /* probes */
	VERBS_JOB_REPORT,  /* reports, proofs and bundles: each reads the records */
	VERBS_JOB_SHOW,    /* calls whose record or capture is being read */
	VERBS_JOB_LIST,    /* questions to the index: a thread each */
	VERBS_JOB_LEARN,   /* trunks that are being learnt */
	VERBS_JOB_REKEY,   /* who waits for a new key */
	VERBS_JOB_DRAIN,   /* who waits until what is drained is on the disk */
	VERBS_JOBS,
};
#define VERBS_EXPLAINS_MAX 8
#define VERBS_REPORTS_MAX 2
#define VERBS_SHOWS_MAX 8
#define VERBS_LISTS_MAX 4
#define VERBS_LEARNS_MAX 1
#define VERBS_REKEYS_MAX 8
#define VERBS_DRAINS_MAX 1

struct verbs_context {
	struct api *api; /* the one that has this table */
	struct loop *loop;
	struct resolver *resolver;
	struct bridge *bridge;
	struct trunks *trunks;
	struct drains *drains;
	struct seen *seen; /* what peers showed */
	struct observe *observe;
	struct stapler *stapler;
	struct trial *trial; /* how the present snapshot is in force */
	struct events *events;
	struct traces *traces;
	struct relay *relay;
	struct transport *internal;
	struct transport *external;
	struct writer *writer;
	struct hep *hep;     /* NULL: there is none, in tests */
	struct index *index; /* of records; NULL: there is none */
	struct sink *sink;   /* likewise */
	struct vouch *vouch; /* NULL: nobody vouches for the log */
	struct wiring
		*wiring; /* what is kept for captures on the wire; NULL: there is none */
	uint64_t start_wall_us;
	unsigned jobs[VERBS_JOBS]; /* under way */
	/* Certificates and lists that are over, and that soon will be, as they were counted then; 0: never. */
	uint64_t certificates_at_us;
	unsigned certificates_over, certificates_near;
	/* The present snapshot. */
	const struct config *(*config_h)(void *arg);
	/* Reads the files again and swaps; CONFIRM_MS: as trial_taken() has it. 0 or ERR_CONFIG with all
	 * mistakes in ERRORS (JSON array of strings, owned by the caller). */
	int (*reload_h)(void *arg, uint64_t confirm_ms, json_t **ret_errors);
	/* Checks the files and the machine, and changes nothing: an object with "file", "servers",
	 * "gateways", "mistakes", "warnings", "errors" (lines), "findings", "trunks"; NULL: out of
	 * memory. *RET_GOOD: there is no mistake. */
	json_t *(*check_h)(void *arg, bool *ret_good);
	/* Ends the server; DRAIN: after its calls ended or the drain time passed. */
	void (*shutdown_h)(void *arg, bool drain);
	void *arg;
};

/* The table to hand to api_new(); its arg is a struct verbs_context. */
extern const struct api_verb verbs_table[];
