/*
 * Records as evidence: what a record costs the loop and the audit thread, what it takes on disk, how long a log is verified
 * and a record proved. A table for Markdown. By hand: make bench && tests/bench/bench_evidence [RECORDS [FOLDER]];
 * a million records take 2.4 GB below FOLDER (/dev/shm).
 */
#include "audit/chronicle.h"
#include "audit/proving.h"
#include "evidence/head.h"
#include "evidence/verify.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* As long as the record of a call between a server and a gateway, with one attempt. */
#define BODY 2200
#define PROOFS 1000

static double now_s(clockid_t clock)
{
	struct timespec now;

	clock_gettime(clock, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static void die(const char *what, const char *why)
{
	(void)fprintf(stderr, "%s: %s\n", what, why);
	exit(1);
}

/* Writes COUNT records as a server does that has one of them every millisecond. */
static void write_log(const char *folder, uint64_t count, struct ledger_state *ret)
{
	static char body[BODY + 1];
	struct health health = {.failing = false};
	const struct chronicle_params params = {
		.state_dir = folder, .name = "bench.example", .health = &health};
	double loop_s = 0, audit_s = 0, begin_s;
	struct chronicle *chronicle;
	struct err_text text = {""};

	health_init(&health);
	memset(body, 'x', BODY);
	if (chronicle_new(&chronicle, &params, &text) != 0)
		die("chronicle", text.text);
	for (uint64_t i = 1; i <= count; i++) {
		begin_s = now_s(CLOCK_THREAD_CPUTIME_ID);
		for (; i <= count; i++) {
			int len = snprintf(body, sizeof(body),
				"{\"id\":\"bench-%012" PRIu64 "\",\"detail\":\"", i);

			body[len] = 'x';
			memcpy(body + BODY - 3, "\"}\n", 3);
			chronicle_begin(chronicle, i, "bench", i);
			chronicle_add(chronicle, i, body, BODY);
			if (i % 1000 == 0)
				break;
		}
		loop_s += now_s(CLOCK_THREAD_CPUTIME_ID) - begin_s;
		begin_s = now_s(CLOCK_THREAD_CPUTIME_ID);
		(void)chronicle_tick(chronicle, i * 1000 + 1000000, false);
		audit_s += now_s(CLOCK_THREAD_CPUTIME_ID) - begin_s;
	}
	chronicle_free(chronicle);
	if (chronicle_new(&chronicle, &params, &text) != 0)
		die("chronicle", text.text);
	chronicle_state(chronicle, ret);
	chronicle_free(chronicle);
	printf("| loop: a call begins, its record is written | %.2f us |\n",
		loop_s / (double)count * 1e6);
	printf("| audit: hash, tree, tiles, a checkpoint for 1,000 | %.2f us |\n",
		audit_s / (double)count * 1e6);
}

static void fault_h(void *arg, const struct verify_fault *fault)
{
	(void)arg;
	die("fault", fault->text);
}

static void verify(const char *folder, const struct note_key *key)
{
	struct verify_params params = {.key = key, .to = UINT64_MAX, .h = fault_h};
	struct verify_result result;
	struct err_text text = {""};
	char path[4200];
	double begin_s = now_s(CLOCK_MONOTONIC), cpu_s = now_s(CLOCK_PROCESS_CPUTIME_ID);

	snprintf(path, sizeof(path), "%s/log", folder);
	params.log_fd = open(path, O_PATH | O_CLOEXEC);
	if (records_open(&params.records, folder, &text) != 0 ||
		verify_log(&result, &params, &text) != 0)
		die("verify", text.text);
	printf("| %" PRIu64 " records verified | %.2f s, %.2f s of a core |\n",
		result.checked, now_s(CLOCK_MONOTONIC) - begin_s,
		now_s(CLOCK_PROCESS_CPUTIME_ID) - cpu_s);
	records_free(params.records);
	close(params.log_fd);
}

/* Each anew, as it is asked for: the checkpoint and the tiles are read. */
static void prove(const char *folder, const struct note_key *key)
{
	double made_s = 0, checked_s = 0, begin_s;
	struct err_text text = {""};
	struct keychain keys;
	struct records *records;
	struct span line;
	uint64_t index;
	size_t bytes = 0;

	keychain_init(&keys, key);
	if (records_open(&records, folder, &text) != 0)
		die("records", text.text);
	for (unsigned i = 0; i < PROOFS; i++) {
		struct buf proof, got;

		for (unsigned k = 0; k < 100; k++)
			if (records_next(records, &line, &text) != 0)
				die("records", text.text);
		buf_init(&proof, 0);
		buf_init(&got, 0);
		begin_s = now_s(CLOCK_MONOTONIC);
		if (proving_make(&proof, &index, folder, line, &text) != 0)
			die("proof", text.text);
		made_s += now_s(CLOCK_MONOTONIC) - begin_s;
		begin_s = now_s(CLOCK_MONOTONIC);
		if (verify_proof(buf_span(&proof), (struct span){NULL, 0}, &keys, &index,
			    &got, &text) != 0)
			die("proof", text.text);
		checked_s += now_s(CLOCK_MONOTONIC) - begin_s;
		bytes = proof.len - line.len / 3 * 4;
		buf_free(&proof);
		buf_free(&got);
	}
	records_free(records);
	keychain_free(&keys);
	printf("| a proof made | %.3f ms |\n| checked | %.3f ms |\n"
	       "| its size without the record | %zu bytes |\n",
		made_s / PROOFS * 1e3, checked_s / PROOFS * 1e3, bytes);
}

int main(int argc, char **argv)
{
	const uint64_t count = argc > 1 ? strtoull(argv[1], NULL, 10) : 1000000;
	char folder[4096], command[8400];
	struct ledger_state log;
	struct note_key key;

	snprintf(folder, sizeof(folder), "%s/tandem-bench-XXXXXX",
		argc > 2 ? argv[2] : "/dev/shm");
	if (!mkdtemp(folder))
		die(folder, strerror(errno));
	printf("| %" PRIu64 " records of %d bytes | |\n|---|---|\n", count, BODY);
	write_log(folder, count, &log);
	if (note_key_read(&key, span_of(log.key)) != 0)
		die("key", log.why);
	verify(folder, &key);
	if (count >= PROOFS * 100)
		prove(folder, &key);
	(void)fflush(stdout);
	snprintf(command, sizeof(command),
		"echo \"| hashes on disk, a record | $(($(du -sb '%s/log' | cut -f1) / "
		"%" PRIu64 ")) bytes |\"; rm -rf '%s'",
		folder, count, folder);
	return system(command) == 0 ? 0 : 1;
}
