/*
 * tandem-verify: whether the records of calls are those that were signed. It needs no server and no network.
 */
#ifdef HAVE_CONFIG_H
#include "tandem-config.h"
#endif

#include "base/clock.h"
#include "base/err.h"
#include "evidence/logbook.h"
#include "evidence/verify.h"
#include "verify/bundle_report.h"
#include "verify/report.h"
#include "verify/report_text.h"
#include "verify/safe.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#ifndef PACKAGE_VERSION
#define PACKAGE_VERSION "unknown"
#endif

#define HANDOVERS_MAX 64

/* Exit codes: tandem-verify(1). */
enum { GOOD = 0, BAD = 1, USAGE = 2, UNREADABLE = 3 };

struct options {
	const char *key;
	const char *tiles;
	const char *record;
	uint64_t from, to;
	bool live, json, quiet;
	const char *older[VERIFY_OLDER_MAX];
	unsigned older_count;
	const char *handovers[HANDOVERS_MAX];
	unsigned handover_count;
	const char *witnesses[VERIFY_WITNESSES_MAX];
	unsigned witness_count;
	uint64_t quorum; /* 0: all of them */
	char **args;
	int arg_count;
};

/* What is read is kept until the process ends: its key and older checkpoints. */
struct run {
	struct options options;
	struct note_key key;
	struct buf notes[VERIFY_OLDER_MAX];
	struct verify_older older[VERIFY_OLDER_MAX];
	json_t *faults;
	json_t *handovers;
	json_t *cosigned;
	struct verify_witnesses witnesses;
};

static int usage(const char *why)
{
	if (why)
		fprintf(stderr, "tandem-verify: %s\n", why);
	fprintf(stderr,
		"usage: tandem-verify log --key KEY [--from N] [--to N] [--older "
		"FILE]...\n"
		"                         [--witness KEY]... [--quorum N] [--live]\n"
		"                         [--json | --quiet] STATE-DIR\n"
		"       tandem-verify log --key KEY --tiles DIR [options] FILE...\n"
		"       tandem-verify proof --key KEY [--handover FILE]... [--record "
		"FILE]\n"
		"                           [--witness KEY]... [--quorum N]\n"
		"                           [--json | --quiet] FILE\n"
		"       tandem-verify bundle --key KEY [--json | --quiet] "
		"DIR|FILE.tar\n"
		"       tandem-verify report --key KEY [--handover FILE]... [--json | "
		"--quiet] DIR\n");
	return USAGE;
}

static int fail(int code, const char *what, const struct err_text *text)
{
	fprintf(stderr, "tandem-verify: %s%s%s\n", what ? what : "", what ? ": " : "",
		text->text);
	return code;
}

/* TEXT is that of a key of the given type, or a file that has it in its first line. OPTION wants it. */
static int read_key(struct note_key *ret, const char *text, uint8_t type,
	const char *option, const char *from)
{
	int err = note_key_read_typed(ret, span_of(text), type);
	struct span line, rest;
	struct buf file;

	if (!err)
		return 0;
	buf_init(&file, 0);
	if (logbook_read_file(AT_FDCWD, text, 4096, &file) == 0) {
		rest = buf_span(&file);
		if (span_next(&rest, '\n', &line))
			err = note_key_read_typed(ret, span_trim(line), type);
	}
	buf_free(&file);
	if (err)
		fprintf(stderr,
			"tandem-verify: %s: neither a key (NAME+ID+KEY, as `%s` prints "
			"it) "
			"nor a file with one\n",
			option, from);
	return err ? USAGE : 0;
}

/* Those whose cosignatures are wanted. */
static int read_witnesses(struct run *run)
{
	const struct options *options = &run->options;
	struct verify_witnesses *witnesses = &run->witnesses;
	int code = 0;

	for (unsigned i = 0; i < options->witness_count && !code; i++)
		code = read_key(&witnesses->keys[i], options->witnesses[i],
			NOTE_COSIGNATURE, "--witness", "tandem-witness -k");
	witnesses->count = options->witness_count;
	witnesses->quorum =
		options->quorum ? (unsigned)options->quorum : witnesses->count;
	if (!code && witnesses->quorum > witnesses->count)
		return usage("--quorum is more than there are witnesses");
	return code;
}

static void print_fault_h(void *arg, const struct verify_fault *fault)
{
	struct run *run = arg;
	json_t *object;

	if (run->options.json) {
		object = json_pack("{s:s,s:s}", "kind", verify_kind_name(fault->kind),
			"text", fault->text);
		if (object && fault->has_records) {
			json_object_set_new(
				object, "first", json_integer((json_int_t)fault->first));
			json_object_set_new(
				object, "last", json_integer((json_int_t)fault->last));
		}
		json_array_append_new(run->faults, object);
	} else if (!run->options.quiet) {
		printf("%s: ", verify_kind_name(fault->kind));
		safe_print(stdout, span_of(fault->text));
		putchar('\n');
	}
}

/* The log, or the proof, goes on with another key. */
static void print_handover_h(void *arg, const struct handover *handover)
{
	char from[NOTE_KEY_TEXT_SIZE], to[NOTE_KEY_TEXT_SIZE];
	struct run *run = arg;

	note_key_text(&handover->from, from);
	note_key_text(&handover->to, to);
	if (run->options.json) {
		json_array_append_new(
			run->handovers, json_pack("{s:I,s:s,s:s,s:s}", "record",
						(json_int_t)handover->index, "time",
						handover->time, "old", from, "new", to));
	} else if (!run->options.quiet) {
		printf("handed over: record %" PRIu64 ", ", handover->index);
		safe_print(stdout, span_of(handover->time));
		fputs(": from ", stdout);
		safe_print(stdout, span_of(from));
		fputs(" to ", stdout);
		safe_print(stdout, span_of(to));
		putchar('\n');
	}
}

static void print_witness_h(
	void *arg, const struct note_key *witness, uint64_t size, uint64_t time_s)
{
	char time[CLOCK_TEXT_SIZE] = "at a time that is none";
	struct run *run = arg;

	/* By the clock of another one: the year 9999 at most. */
	if (time_s < UINT64_C(253402300800))
		clock_text(time_s * 1000000, time);
	if (run->options.json) {
		json_array_append_new(
			run->cosigned, json_pack("{s:s,s:I,s:s}", "name", witness->name,
					       "size", (json_int_t)size, "time", time));
	} else if (!run->options.quiet) {
		printf("witnessed: %" PRIu64 " records, %s: by ", size, time);
		safe_print(stdout, span_of(witness->name));
		putchar('\n');
	}
}

static void root_text(
	const struct tlog_hash *root, char out[static 2 * TLOG_HASH_LEN + 1])
{
	for (unsigned i = 0; i < TLOG_HASH_LEN; i++)
		snprintf(out + 2 * i, 3, "%02x", root->bytes[i]);
}

static void print_json(json_t *object)
{
	json_dumpf(object, stdout, JSON_INDENT(2));
	putchar('\n');
	json_decref(object);
}

static void print_log(struct run *run, const struct verify_result *result)
{
	char root[2 * TLOG_HASH_LEN + 1];

	root_text(&result->root, root);
	if (run->options.json) {
		print_json(json_pack("{s:b,s:s,s:I,s:s,s:I,s:I,s:I,s:O,s:O,s:I,s:O}",
			"verified", result->faults == 0, "log", run->key.name, "size",
			(json_int_t)result->size, "root", root, "records",
			(json_int_t)result->checked, "unsigned",
			(json_int_t)result->unsigned_records, "before",
			(json_int_t)result->before, "handovers", run->handovers,
			"witnesses", run->cosigned, "fault_count",
			(json_int_t)result->faults, "faults", run->faults));
		return;
	}
	if (run->options.quiet)
		return;
	if (result->faults > 0) {
		printf("NOT VERIFIED: %" PRIu64 " faults in the log %s of %" PRIu64
		       " records\n",
			result->faults, run->key.name, result->size);
		return;
	}
	printf("verified: %" PRIu64 " of %" PRIu64 " records of the log %s, root %s\n",
		result->checked, result->size, run->key.name, root);
	if (result->unsigned_records > 0)
		printf("%" PRIu64 " records behind the checkpoint are not signed yet\n",
			result->unsigned_records);
	if (result->before > 0)
		printf("%" PRIu64 " lines are older than the log\n", result->before);
}

static int open_records(struct run *run, struct records **ret, int *ret_log_fd)
{
	const struct options *options = &run->options;
	struct err_text text = {""};
	char *path = NULL;
	int err;

	if (options->tiles)
		err = records_open_files(ret, (const char *const *)options->args,
			(unsigned)options->arg_count, &text);
	else
		err = records_open(ret, options->args[0], &text);
	if (err)
		return fail(UNREADABLE, NULL, &text);
	if (!options->tiles && asprintf(&path, "%s/log", options->args[0]) < 0)
		path = NULL;
	*ret_log_fd =
		open(path ? path : options->tiles, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (*ret_log_fd < 0) {
		err_set(&text, -errno, "%s", err_str(-errno));
		fail(UNREADABLE, path ? path : options->tiles, &text);
		records_free(*ret);
	}
	free(path);
	return *ret_log_fd < 0 ? UNREADABLE : 0;
}

static int read_older(struct run *run)
{
	struct err_text text = {""};

	for (unsigned i = 0; i < run->options.older_count; i++) {
		const char *name = run->options.older[i];
		int err = logbook_read_file(AT_FDCWD, name, NOTE_MAX, &run->notes[i]);

		if (err) {
			err_set(&text, err, "%s", err_str(err));
			return fail(UNREADABLE, name, &text);
		}
		run->older[i] = (struct verify_older){name, buf_span(&run->notes[i])};
	}
	return 0;
}

static int run_log(struct run *run)
{
	struct verify_params params = {.key = &run->key,
		.from = run->options.from,
		.to = run->options.to,
		.live = run->options.live,
		.older = run->older,
		.older_count = run->options.older_count,
		.witnesses = run->witnesses.count > 0 ? &run->witnesses : NULL,
		.h = print_fault_h,
		.handover_h = print_handover_h,
		.arg = run};
	struct verify_result result;
	struct err_text text = {""};
	int code;

	if (run->options.arg_count < 1 ||
		(!run->options.tiles && run->options.arg_count != 1))
		return usage("log: one STATE-DIR, or --tiles and files");
	code = read_older(run);
	if (!code)
		code = open_records(run, &params.records, &params.log_fd);
	if (code)
		return code;
	run->faults = json_array();
	if (verify_log(&result, &params, &text) != 0) {
		code = fail(UNREADABLE, NULL, &text);
	} else {
		print_log(run, &result);
		code = result.faults > 0 ? BAD : GOOD;
	}
	json_decref(run->faults);
	records_free(params.records);
	close(params.log_fd);
	return code;
}

/* A record alone, with its line end or without it. */
static int read_record(const char *path, struct buf *file, struct span *ret)
{
	struct err_text text = {""};
	int err = logbook_read_file(AT_FDCWD, path, RECORDS_LINE_MAX, file);

	if (err) {
		err_set(&text, err, "%s", err_str(err));
		return fail(UNREADABLE, path, &text);
	}
	*ret = buf_span(file);
	if (ret->len > 0 && ret->p[ret->len - 1] == '\n')
		ret->len--;
	if (!ret->p)
		ret->p = "";
	return 0;
}

static void print_proof(
	struct run *run, uint64_t index, struct span record, const struct err_text *why)
{
	bool good = why->text[0] == '\0';

	if (run->options.json) {
		json_t *object =
			json_pack("{s:b,s:s}", "verified", good, "log", run->key.name);

		if (good) {
			json_object_set_new(
				object, "index", json_integer((json_int_t)index));
			json_object_set_new(object, "record",
				json_loadb(record.p, record.len, 0, NULL));
			json_object_set(object, "handovers", run->handovers);
			json_object_set(object, "witnesses", run->cosigned);
		} else {
			json_object_set_new(object, "text", json_string(why->text));
		}
		print_json(object);
	} else if (run->options.quiet) {
		return;
	} else if (good) {
		printf("verified: record %" PRIu64 " of the log %s\n", index,
			run->key.name);
		safe_print(stdout, record);
		putchar('\n');
	} else {
		printf("NOT VERIFIED: ");
		safe_print(stdout, span_of(why->text));
		putchar('\n');
	}
}

static void refuse_handover_h(void *arg, bool has_index, uint64_t index, const char *text)
{
	(void)has_index;
	(void)index;
	err_set(arg, ERR_TRUST, "%s", text);
}

/* 0; BAD with WHY; or UNREADABLE. */
static int read_handovers(struct run *run, struct keychain *keys, struct err_text *why)
{
	struct err_text text = {""};
	struct buf file;
	int err = 0;

	for (unsigned i = 0; i < run->options.handover_count; i++) {
		const char *name = run->options.handovers[i];

		buf_init(&file, 0);
		err = logbook_read_file(AT_FDCWD, name, PROOF_MAX, &file);
		if (err && err != ERR_LIMIT) {
			err_set(&text, err, "%s", err_str(err));
			return fail(UNREADABLE, name, &text);
		}
		err = keychain_add(keys, buf_span(&file), &text);
		buf_free(&file);
		if (err) {
			err_set(why, err, "the hand-over %s is not good: %s", name,
				text.text);
			return BAD;
		}
	}
	keychain_link(keys, refuse_handover_h, why);
	return why->text[0] ? BAD : 0;
}

static int run_proof(struct run *run)
{
	struct span record = {NULL, 0};
	struct err_text text = {""};
	struct buf file, proof, line;
	struct keychain keys;
	uint64_t index = 0;
	int err, code = 0;

	if (run->options.arg_count != 1)
		return usage("proof: one FILE");
	buf_init(&file, 0);
	buf_init(&proof, 0);
	buf_init(&line, 0);
	keychain_init(&keys, &run->key);
	if (run->options.record)
		code = read_record(run->options.record, &file, &record);
	if (!code)
		code = read_handovers(run, &keys, &text);
	if (code == BAD)
		print_proof(run, 0, record, &text);
	if (code)
		goto out;
	err = logbook_read_file(AT_FDCWD, run->options.args[0], PROOF_MAX, &proof);
	if (err && err != ERR_LIMIT) {
		err_set(&text, err, "%s", err_str(err));
		code = fail(UNREADABLE, run->options.args[0], &text);
		goto out;
	}
	err = verify_proof(buf_span(&proof), record, &keys, &index, &line, &text);
	if (!err && run->witnesses.count > 0)
		err = verify_proof_witnessed(buf_span(&proof), &run->witnesses, &text);
	code = err ? BAD : GOOD;
	for (unsigned i = 0; i < keys.count && !err; i++)
		print_handover_h(run, &keys.list[i]);
	print_proof(run, index, buf_span(&line), &text);
out:
	buf_free(&file);
	buf_free(&proof);
	buf_free(&line);
	keychain_free(&keys);
	return code;
}

static void print_report(
	struct run *run, const json_t *report, uint64_t index, const struct err_text *why)
{
	if (run->options.json) {
		json_t *object = json_pack("{s:b,s:s}", "verified", (int)(report != NULL),
			"log", run->key.name);

		if (report) {
			json_object_set_new(
				object, "index", json_integer((json_int_t)index));
			json_object_set(object, "report", (json_t *)(uintptr_t)report);
			json_object_set(object, "handovers", run->handovers);
		} else {
			json_object_set_new(object, "text", json_string(why->text));
		}
		print_json(object);
		return;
	}
	if (run->options.quiet)
		return;
	if (!report) {
		printf("NOT VERIFIED: ");
		safe_print(stdout, span_of(why->text));
		putchar('\n');
		return;
	}
	report_text_print(report, index, run->key.name);
}

/* NAME below the folder PATH. */
static int read_report_file(
	const char *path, const char *name, size_t max, struct buf *ret)
{
	struct err_text text = {""};
	char *whole = NULL;
	int err;

	if (asprintf(&whole, "%s/%s", path, name) < 0)
		return UNREADABLE;
	err = logbook_read_file(AT_FDCWD, whole, max, ret);
	if (err) {
		err_set(&text, err, "%s", err_str(err));
		fail(UNREADABLE, whole, &text);
	}
	free(whole);
	return err ? UNREADABLE : 0;
}

static int run_report(struct run *run)
{
	struct err_text text = {""};
	json_t *report = NULL;
	struct buf file, proof;
	struct keychain keys;
	uint64_t index = 0;
	int code;

	if (run->options.arg_count != 1)
		return usage("report: one DIR");
	buf_init(&file, 0);
	buf_init(&proof, 0);
	keychain_init(&keys, &run->key);
	code = read_report_file(run->options.args[0], REPORT_FILE, REPORT_MAX, &file);
	if (!code)
		code = read_report_file(
			run->options.args[0], REPORT_PROOF_FILE, PROOF_MAX, &proof);
	if (!code)
		code = read_handovers(run, &keys, &text);
	if (!code && report_verify(&report, &index, &keys, buf_span(&file),
			     buf_span(&proof), &text) != 0)
		code = BAD;
	for (unsigned i = 0; i < keys.count && !code; i++)
		print_handover_h(run, &keys.list[i]);
	if (code == GOOD || code == BAD)
		print_report(run, report, index, &text);
	json_decref(report);
	buf_free(&file);
	buf_free(&proof);
	keychain_free(&keys);
	return code;
}

static const struct option long_options[] = {
	{"key", required_argument, NULL, 'k'},
	{"from", required_argument, NULL, 'f'},
	{"to", required_argument, NULL, 't'},
	{"older", required_argument, NULL, 'o'},
	{"tiles", required_argument, NULL, 'd'},
	{"record", required_argument, NULL, 'r'},
	{"handover", required_argument, NULL, 'H'},
	{"witness", required_argument, NULL, 'w'},
	{"quorum", required_argument, NULL, 'Q'},
	{"live", no_argument, NULL, 'l'},
	{"json", no_argument, NULL, 'j'},
	{"quiet", no_argument, NULL, 'q'},
	{"help", no_argument, NULL, 'h'},
	{"version", no_argument, NULL, 'V'},
	{NULL, 0, NULL, 0},
};

static bool take_option(struct options *options, int option)
{
	switch (option) {
	case 'k':
		options->key = optarg;
		return true;
	case 'f':
		return span_uint(span_of(optarg), INT64_MAX, &options->from) == 0;
	case 't':
		/* The last one that is wanted. */
		if (span_uint(span_of(optarg), INT64_MAX, &options->to) != 0)
			return false;
		options->to++;
		return true;
	case 'o':
		if (options->older_count == VERIFY_OLDER_MAX)
			return false;
		options->older[options->older_count++] = optarg;
		return true;
	case 'd':
		options->tiles = optarg;
		return true;
	case 'r':
		options->record = optarg;
		return true;
	case 'H':
		if (options->handover_count == HANDOVERS_MAX)
			return false;
		options->handovers[options->handover_count++] = optarg;
		return true;
	case 'w':
		if (options->witness_count == VERIFY_WITNESSES_MAX)
			return false;
		options->witnesses[options->witness_count++] = optarg;
		return true;
	case 'Q':
		return span_uint(span_of(optarg), VERIFY_WITNESSES_MAX,
			       &options->quorum) == 0 &&
		       options->quorum > 0;
	case 'l':
		options->live = true;
		return true;
	case 'j':
		options->json = true;
		return true;
	case 'q':
		options->quiet = true;
		return true;
	default:
		return false;
	}
}

int main(int argc, char **argv)
{
	struct run run = {.options = {.to = UINT64_MAX}};
	struct options *options = &run.options;
	const char *command;
	int option, code;

	while ((option = getopt_long(argc, argv, "jqh", long_options, NULL)) != -1) {
		if (option == 'h') {
			usage(NULL);
			return 0;
		}
		if (option == 'V') {
			printf("tandem-verify %s\n", PACKAGE_VERSION);
			return 0;
		}
		if (!take_option(options, option))
			return usage(NULL);
	}
	command = argv[optind];
	if (!command)
		return usage(NULL);
	options->args = argv + optind + 1;
	options->arg_count = argc - optind - 1;
	if (!options->key)
		return usage("--key is missing: who has signed?");
	code = read_key(
		&run.key, options->key, NOTE_ED25519, "--key", "tandemctl cdr key");
	if (!code)
		code = read_witnesses(&run);
	if (code)
		return code;
	run.handovers = json_array();
	run.cosigned = json_array();
	run.witnesses.h = print_witness_h;
	run.witnesses.arg = &run;
	if (strcmp(command, "log") == 0)
		code = run_log(&run);
	else if (strcmp(command, "proof") == 0)
		code = run_proof(&run);
	else if (strcmp(command, "bundle") == 0)
		code = options->arg_count == 1 ? bundle_report(options->args[0], &run.key,
							 options->json, options->quiet)
					       : usage("bundle: one folder or archive");
	else if (strcmp(command, "report") == 0)
		code = run_report(&run);
	else
		code = usage("none of `log`, `proof`, `bundle` and `report`");
	for (unsigned i = 0; i < options->older_count; i++)
		buf_free(&run.notes[i]);
	json_decref(run.handovers);
	json_decref(run.cosigned);
	if (fflush(stdout) != 0 || ferror(stdout))
		return UNREADABLE;
	return code;
}
