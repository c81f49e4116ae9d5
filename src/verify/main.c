/*
 * tandem-verify: whether the records of calls are those that were signed. It needs no server and no network.
 */
#include "base/clock.h"
#include "base/err.h"
#include "base/regular.h"
#include "evidence/logbook_file.h"
#include "evidence/stamp.h"
#include "evidence/verify.h"
#include "verify/bundle_report.h"
#include "verify/options.h"
#include "verify/report.h"
#include "verify/report_text.h"
#include "verify/safe.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

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

static int fail(const struct err_text *text)
{
	fprintf(stderr, "tandem-verify: %s\n", text->text);
	return UNREADABLE;
}

static int fail_at(const char *path, int err)
{
	fprintf(stderr, "tandem-verify: %s: %s\n", path, err_str(err));
	return UNREADABLE;
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
	if (regular_read(AT_FDCWD, text, 4096, &file) == 0) {
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

/* Those whose cosignatures are wanted. One that is named twice would be counted twice. */
static int read_witnesses(struct run *run)
{
	const struct options *options = &run->options;
	struct verify_witnesses *witnesses = &run->witnesses;
	int code = 0;

	for (unsigned i = 0; i < options->witness_count && !code; i++) {
		code = read_key(&witnesses->keys[i], options->witnesses[i],
			NOTE_COSIGNATURE, "--witness", "tandem-witness -k");
		for (unsigned k = 0; k < i && !code; k++)
			if (memcmp(witnesses->keys[k].key, witnesses->keys[i].key,
				    ED25519_PUBLIC_LEN) == 0)
				return options_usage("--witness: the same key twice");
	}
	witnesses->count = options->witness_count;
	witnesses->quorum =
		options->quorum ? (unsigned)options->quorum : witnesses->count;
	if (!code && witnesses->quorum > witnesses->count)
		return options_usage("--quorum is more than there are witnesses");
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
		return fail(&text);
	if (!options->tiles &&
		asprintf(&path, "%s/" LOGBOOK_FOLDER, options->args[0]) < 0)
		path = NULL;
	*ret_log_fd =
		open(path ? path : options->tiles, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (*ret_log_fd < 0) {
		fail_at(path ? path : options->tiles, -errno);
		records_free(*ret);
	}
	free(path);
	return *ret_log_fd < 0 ? UNREADABLE : 0;
}

static int read_older(struct run *run)
{
	for (unsigned i = 0; i < run->options.older_count; i++) {
		const char *name = run->options.older[i];
		int err = regular_read(AT_FDCWD, name, NOTE_MAX, &run->notes[i]);

		if (err)
			return fail_at(name, err);
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
		return options_usage("log: one STATE-DIR, or --tiles and files");
	code = read_older(run);
	if (!code)
		code = open_records(run, &params.records, &params.log_fd);
	if (code)
		return code;
	run->faults = json_array();
	if (verify_log(&result, &params, &text) != 0) {
		code = fail(&text);
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
	int err = regular_read(AT_FDCWD, path, RECORDS_LINE_MAX, file);

	if (err)
		return fail_at(path, err);
	*ret = buf_span(file);
	if (ret->len > 0 && ret->p[ret->len - 1] == '\n')
		ret->len--;
	if (!ret->p)
		ret->p = "";
	return 0;
}

/* Of a proof, or of a report. */
static void print_refusal(struct run *run, const struct err_text *why)
{
	if (run->options.json) {
		print_json(json_pack("{s:b,s:s,s:o*}", "verified", false, "log",
			run->key.name, "text", json_string(why->text)));
	} else if (!run->options.quiet) {
		printf("NOT VERIFIED: ");
		safe_print(stdout, span_of(why->text));
		putchar('\n');
	}
}

static void print_proof(struct run *run, uint64_t index, struct span record)
{
	if (run->options.json) {
		print_json(json_pack("{s:b,s:s,s:I,s:o*,s:O,s:O}", "verified", true,
			"log", run->key.name, "index", (json_int_t)index, "record",
			json_loadb(record.p, record.len, 0, NULL), "handovers",
			run->handovers, "witnesses", run->cosigned));
	} else if (!run->options.quiet) {
		printf("verified: record %" PRIu64 " of the log %s\n", index,
			run->key.name);
		safe_print(stdout, record);
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
		err = regular_read(AT_FDCWD, name, PROOF_MAX, &file);
		if (err && err != ERR_LIMIT) {
			buf_free(&file);
			return fail_at(name, err);
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
		return options_usage("proof: one FILE");
	buf_init(&file, 0);
	buf_init(&proof, 0);
	buf_init(&line, 0);
	keychain_init(&keys, &run->key);
	if (run->options.record)
		code = read_record(run->options.record, &file, &record);
	if (!code)
		code = read_handovers(run, &keys, &text);
	if (code == BAD)
		print_refusal(run, &text);
	if (code)
		goto out;
	err = regular_read(AT_FDCWD, run->options.args[0], PROOF_MAX, &proof);
	if (err && err != ERR_LIMIT) {
		code = fail_at(run->options.args[0], err);
		goto out;
	}
	err = verify_proof(buf_span(&proof), record, &keys, &index, &line, &text);
	if (!err && run->witnesses.count > 0)
		err = verify_proof_witnessed(buf_span(&proof), &run->witnesses, &text);
	code = err ? BAD : GOOD;
	for (unsigned i = 0; i < keys.count && !err; i++)
		print_handover_h(run, &keys.list[i]);
	if (err)
		print_refusal(run, &text);
	else
		print_proof(run, index, buf_span(&line));
out:
	buf_free(&file);
	buf_free(&proof);
	buf_free(&line);
	keychain_free(&keys);
	return code;
}

static void print_report(struct run *run, json_t *report, uint64_t index)
{
	if (run->options.json)
		print_json(json_pack("{s:b,s:s,s:I,s:O,s:O}", "verified", true, "log",
			run->key.name, "index", (json_int_t)index, "report", report,
			"handovers", run->handovers));
	else if (!run->options.quiet)
		report_text_print(report, index, run->key.name);
}

/* NAME below the folder PATH. */
static int read_report_file(
	const char *path, const char *name, size_t max, struct buf *ret)
{
	char *whole = NULL;
	int err;

	if (asprintf(&whole, "%s/%s", path, name) < 0)
		return UNREADABLE;
	err = regular_read(AT_FDCWD, whole, max, ret);
	if (err)
		fail_at(whole, err);
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
		return options_usage("report: one DIR");
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
	if (code == BAD)
		print_refusal(run, &text);
	else if (code == GOOD)
		print_report(run, report, index);
	json_decref(report);
	buf_free(&file);
	buf_free(&proof);
	keychain_free(&keys);
	return code;
}

static int run_bundle(struct run *run)
{
	const struct options *options = &run->options;
	const struct bundle_wanted wanted = {.key = &run->key,
		.authorities = options->tsa_ca,
		.witnesses = run->witnesses.count > 0 ? &run->witnesses : NULL,
		.cosigned = run->cosigned,
		.json = options->json,
		.quiet = options->quiet};
	struct err_text text = {""};

	if (options->arg_count != 1)
		return options_usage("bundle: one folder or archive");
	if (options->tsa_ca && stamp_check_authorities(options->tsa_ca, &text) != 0)
		return fail(&text);
	return bundle_report(options->args[0], &wanted);
}

static const struct command {
	const char *name;
	const char *
		options; /* letters; one that it has no use for is refused, and not passed over */
	int (*run)(struct run *run);
} commands[] = {
	{"log", "kftodwQljq", run_log},
	{"proof", "krHwQjq", run_proof},
	{"bundle", "kTwQjq", run_bundle},
	{"report", "kHjq", run_report},
};

/* NULL: it was told why. */
static const struct command *find_command(const struct options *options)
{
	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
		const char *letters = commands[i].options;

		if (strcmp(options->command, commands[i].name) != 0)
			continue;
		if (strspn(options->given, letters) == strlen(options->given))
			return &commands[i];
		options_usage("there is an option that this command has not");
		return NULL;
	}
	options_usage("none of `log`, `proof`, `bundle` and `report`");
	return NULL;
}

static int read_keys(struct run *run)
{
	int code = read_key(
		&run->key, run->options.key, NOTE_ED25519, "--key", "tandemctl cdr key");

	return code ? code : read_witnesses(run);
}

static int run_command(struct run *run, const struct command *command)
{
	int code;

	run->handovers = json_array();
	run->cosigned = json_array();
	run->witnesses.h = print_witness_h;
	run->witnesses.arg = run;
	code = command->run(run);
	for (unsigned i = 0; i < run->options.older_count; i++)
		buf_free(&run->notes[i]);
	json_decref(run->handovers);
	json_decref(run->cosigned);
	return code;
}

int main(int argc, char **argv)
{
	struct run run = {.handovers = NULL};
	const struct command *command;
	int code;

	if (!options_read(&run.options, argc, argv, &code))
		return code;
	command = find_command(&run.options);
	if (!command)
		return USAGE;
	if (!run.options.key)
		return options_usage("--key is missing: who has signed?");
	code = read_keys(&run);
	if (!code)
		code = run_command(&run, command);
	if (fflush(stdout) != 0 || ferror(stdout))
		return UNREADABLE;
	return code;
}
