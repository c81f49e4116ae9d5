/*
 * A log of records in a folder of its own, whose time is the test's, and what the verifier says of it.
 */
#pragma once

#include "../unit.h"

#include "audit/chronicle.h"
#include "audit_fixture.h"
#include "evidence/verify.h"

#include <fcntl.h>

struct fixture {
	char *folder;
	bool keep;       /* keys that were handed over */
	const char *key; /* where the log's is to be; NULL: in a file */
	struct health health;
	struct chronicle *chronicle;
	uint64_t now_us;
	/* What the verifier said. */
	char faults[4096];
	unsigned handed;
	struct verify_result result;
	char kinds[4096]; /* "start call call stop " */
};

static inline void open_it(struct fixture *fixture)
{
	const struct chronicle_params params = {.state_dir = fixture->folder,
		.run_dir = fixture->folder,
		.name = "med1.example.com",
		.health = &fixture->health,
		.keep_keys = fixture->keep,
		.key = fixture->key};
	struct err_text text = {""};

	if (chronicle_new(&fixture->chronicle, &params, &text) != 0)
		fail_msg("%s", text.text);
}

static inline void close_it(struct fixture *fixture)
{
	chronicle_free(fixture->chronicle);
	fixture->chronicle = NULL;
}

static inline int setup(void **state)
{
	struct fixture *fixture = calloc(1, sizeof(*fixture));

	fixture->folder = fixture_folder();
	health_init(&fixture->health);
	open_it(fixture);
	*state = fixture;
	return 0;
}

static inline int teardown(void **state)
{
	struct fixture *fixture = *state;

	close_it(fixture);
	health_free(&fixture->health);
	fixture_remove(fixture->folder);
	free(fixture);
	return 0;
}

/* The record of a call. */
static inline void add(struct fixture *fixture, uint64_t call)
{
	char body[128];

	snprintf(body, sizeof(body), "{\"id\":\"c-%d\",\"end\":\"2026\"}\n", (int)call);
	chronicle_add(fixture->chronicle, call, body, strlen(body));
	chronicle_write(fixture->chronicle);
}

/* A second later. */
static inline bool tick(struct fixture *fixture)
{
	fixture->now_us += 1000000;
	return chronicle_tick(
		fixture->chronicle, fixture->now_us, health_is_failing(&fixture->health));
}

static inline void fault_h(void *arg, const struct verify_fault *fault)
{
	struct fixture *fixture = arg;
	size_t len = strlen(fixture->faults);

	snprintf(fixture->faults + len, sizeof(fixture->faults) - len, "%s: %s\n",
		verify_kind_name(fault->kind), fault->text);
}

static inline void handover_h(void *arg, const struct handover *handover)
{
	struct fixture *fixture = arg;

	(void)handover;
	fixture->handed++;
}

/* Verifies the log of the folder by KEY. */
static inline void verify_by(
	struct fixture *fixture, const struct note_key *key, bool live)
{
	struct verify_params params = {.key = key,
		.to = UINT64_MAX,
		.live = live,
		.h = fault_h,
		.handover_h = handover_h,
		.arg = fixture};
	struct err_text text = {""};
	char path[4300];

	snprintf(path, sizeof(path), "%s/log", fixture->folder);
	params.log_fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	assert_int_equal(records_open(&params.records, fixture->folder, &text), 0);
	fixture->faults[0] = '\0';
	fixture->handed = 0;
	if (verify_log(&fixture->result, &params, &text) != 0)
		fail_msg("%s", text.text);
	records_free(params.records);
	close(params.log_fd);
}
