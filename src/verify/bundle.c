#include "verify/bundle_priv.h"

#include "evidence/digest.h"
#include "evidence/records.h"
#include "evidence/verify.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SUMS "SHA256SUMS"
#define MANIFEST "manifest.json"
#define EXPORT "export.json"
#define EXPORT_PROOF "export.proof"
#define HANDOVER "handover."
#define SUMS_MAX ((size_t)64 << 10)
#define MANIFEST_MAX ((size_t)256 << 10)
#define RECORDS_MAX 16

/* ---- keys ---- */

static void key_fault_h(void *arg, bool has_index, uint64_t index, const char *text)
{
	(void)has_index;
	bundle_tell(
		arg, "proof", "", "the hand-over by record %" PRIu64 ": %s", index, text);
}

static void load_keys(struct bundle *bundle)
{
	struct err_text text = {""};
	struct buf proof;

	for (unsigned i = 0; i < bundle->source.count; i++) {
		const struct source_file *file = &bundle->source.files[i];

		if (strncmp(file->name, HANDOVER, strlen(HANDOVER)) != 0)
			continue;
		buf_init(&proof, 0);
		if (bundle_read(bundle, file->name, PROOF_MAX, &proof) &&
			keychain_add(&bundle->keys, buf_span(&proof), &text) != 0)
			bundle_tell(bundle, "proof", file->name, "%s: %s", file->name,
				text.text);
		buf_free(&proof);
	}
	keychain_link(&bundle->keys, key_fault_h, bundle);
}

/* ---- records ---- */

/* The record NAME, proved by PROOF; LEAF: its hash, where it is masked. OF_CALL: others may have vouched for it. What it says,
 * owned by the caller; NULL: it was told why not. */
static json_t *read_record(struct bundle *bundle, const char *name, const char *proof,
	const struct tlog_hash *leaf, bool of_call)
{
	struct buf line, hashes;
	json_t *record = NULL;

	buf_init(&line, 0);
	buf_init(&hashes, 0);
	if (!bundle_read(bundle, name, RECORDS_LINE_MAX, &line) ||
		!bundle_is_proved(bundle, name, buf_span(&line), leaf, proof, &hashes))
		goto out;
	if (of_call) {
		bundle_check_stamped(bundle, name, buf_span(&line), leaf, proof);
		bundle_check_witnessed(bundle, name, buf_span(&hashes));
	} else {
		bundle_check_lines(bundle, name, buf_span(&hashes));
	}
	bundle->result.records++;
	record = json_loadb(line.data, line.len, JSON_REJECT_DUPLICATES, NULL);
	if (!json_is_object(record)) {
		bundle_tell(bundle, "record", name, "%s is no record", name);
		json_decref(record);
		record = NULL;
	}
out:
	buf_free(&line);
	buf_free(&hashes);
	return record;
}

static const char *word(const json_t *object, const char *name)
{
	const char *text = json_string_value(json_object_get(object, name));

	return text ? text : "";
}

/* ---- sums ---- */

static void check_sum(struct bundle *bundle, struct span line)
{
	struct source_file *file;
	char name[SOURCE_NAME_SIZE];
	struct tlog_hash sum, found;
	struct span hash, rest;
	int err;

	if (line.len < 67 || line.p[64] != ' ' || line.p[65] != ' ' ||
		line.len - 66 >= sizeof(name)) {
		bundle_tell(bundle, "changed", SUMS, SUMS " is no list of sums");
		return;
	}
	hash = (struct span){line.p, 64};
	rest = (struct span){line.p + 66, line.len - 66};
	memcpy(name, rest.p, rest.len);
	name[rest.len] = '\0';
	file = source_find(&bundle->source, name);
	if (!file) {
		bundle_tell(bundle, "missing", SUMS, "%.*s is missing", SPAN_ARG(rest));
		return;
	}
	file->seen = true;
	err = digest_read(&sum, hash);
	if (!err)
		err = bundle_sum(bundle, file, &found);
	if (err)
		bundle_tell(bundle, "changed", file->name, "%s cannot be read: %s",
			file->name, err_str(err));
	else if (!tlog_equal(&sum, &found))
		bundle_tell(bundle, "changed", file->name, "%s is not what was given",
			file->name);
}

/* EXPORT: the record that has their sum; NULL: it is not good. */
static void check_sums(struct bundle *bundle, const json_t *export)
{
	char text[DIGEST_TEXT_SIZE];
	struct source_file *file;
	struct span rest, line;
	struct tlog_hash sum;
	struct buf sums;

	buf_init(&sums, 0);
	if (bundle_read(bundle, SUMS, SUMS_MAX, &sums)) {
		file = source_find(&bundle->source, SUMS);
		if (export && (bundle_sum(bundle, file, &sum) != 0 ||
				      strcmp(digest_text(&sum, text),
					      word(export, "sums")) != 0))
			bundle_tell(bundle, "changed", SUMS,
				SUMS " is not the one that " EXPORT " has the sum of");
		rest = buf_span(&sums);
		while (span_next(&rest, '\n', &line) && (line.len > 0 || rest.len > 0))
			check_sum(bundle, line);
	}
	buf_free(&sums);
}

static void check_added(struct bundle *bundle)
{
	static const char *const own[] = {SUMS, EXPORT, EXPORT_PROOF};

	for (unsigned i = 0; i < bundle->source.count; i++) {
		const struct source_file *file = &bundle->source.files[i];
		bool known = file->seen;

		for (unsigned j = 0; j < sizeof(own) / sizeof(own[0]); j++)
			known |= strcmp(own[j], file->name) == 0;
		if (!known)
			bundle_tell(bundle, "added", file->name,
				"%s is no file of the bundle", file->name);
	}
}

/* ---- captures ---- */

static const json_t *find_given(const struct bundle *bundle, const char *name)
{
	const json_t *files = json_object_get(bundle->result.manifest, "files");
	const json_t *file;
	size_t i;

	json_array_foreach(
		files, i, file) if (strcmp(word(file, "name"), name) == 0) return file;
	return NULL;
}

/* Whether FILE is what SEALED, of a record, has the sum of. */
static bool is_whole(
	struct bundle *bundle, const struct source_file *file, const json_t *sealed)
{
	char text[DIGEST_TEXT_SIZE];
	struct tlog_hash sum;

	return (json_int_t)file->size ==
		       json_integer_value(json_object_get(sealed, "bytes")) &&
	       bundle_sum(bundle, file, &sum) == 0 &&
	       strcmp(digest_text(&sum, text), word(sealed, "sha256")) == 0;
}

static void check_table(struct bundle *bundle, const char *name,
	const struct source_file *file, const json_t *sealed)
{
	char blocks[SOURCE_NAME_SIZE + 8];
	const struct source_file *table;
	const char *text = word(sealed, "root");
	struct tlog_hash root;
	int err;

	if (digest_read(&root, span_of(text)) != 0)
		return;
	snprintf(blocks, sizeof(blocks), "%s.blocks", name);
	table = source_find(&bundle->source, blocks);
	if (!table) {
		bundle_tell(bundle, "missing", name, "%s is missing", blocks);
		return;
	}
	err = bundle_check_blocks(bundle, table, file, &root);
	if (err)
		bundle_tell(bundle, "changed", name, "%s cannot be read: %s", blocks,
			err_str(err));
}

/* SEALED is a file of a record, NAME what it is called here. */
static void check_file(struct bundle *bundle, const char *name, const json_t *sealed)
{
	const struct source_file *file = source_find(&bundle->source, name);
	const json_t *given = find_given(bundle, name);
	const char *how = word(given, "given");
	const bool clear = !strstr(name, ".age");

	if (!given) {
		bundle_tell(bundle, "missing", name,
			"%s is in a record, and not in the bundle", name);
		return;
	}
	if (strcmp(how, "none") == 0) {
		if (word(given, "blocks")[0])
			check_table(bundle, name, NULL, sealed);
		return;
	}
	if (!file) {
		bundle_tell(bundle, "missing", name, "%s is missing", name);
		return;
	}
	bundle->result.files++;
	if (strcmp(how, "part") != 0 && !is_whole(bundle, file, sealed))
		bundle_tell(bundle, "changed", name,
			"%s is not the file that the record has the sum of", name);
	check_table(bundle, name, clear ? file : NULL, sealed);
}

/* The files of RECORD, of kind files; those of another DAY than that of the first such record have it in front of their names. */
static void check_files(struct bundle *bundle, const json_t *record, const char *day)
{
	const json_t *sealed;
	char name[SOURCE_NAME_SIZE];
	size_t i;

	json_array_foreach(json_object_get(record, "files"), i, sealed)
	{
		if (strcmp(word(sealed, "state"), "removed") == 0)
			continue;
		if (strcmp(word(record, "day"), day) == 0)
			snprintf(name, sizeof(name), "%s", word(sealed, "name"));
		else
			snprintf(name, sizeof(name), "%.11s.%s", word(record, "day"),
				word(sealed, "name"));
		check_file(bundle, name, sealed);
	}
}

/* ---- the manifest ---- */

static json_t *read_listed(struct bundle *bundle, const json_t *listed)
{
	const char *name = word(listed, "record");
	const bool masked = json_is_true(json_object_get(listed, "masked"));
	struct tlog_hash leaf;

	if (masked && digest_read(&leaf, span_of(word(listed, "leaf"))) != 0) {
		bundle_tell(bundle, "record", MANIFEST, "%s has no hash", name);
		return NULL;
	}
	return read_record(
		bundle, name, word(listed, "proof"), masked ? &leaf : NULL, true);
}

static void check_records(struct bundle *bundle)
{
	const json_t *manifest = bundle->result.manifest, *listed;
	char day[16] = "";
	size_t i;

	json_array_foreach(json_object_get(manifest, "records"), i, listed)
	{
		json_t *record = i < RECORDS_MAX ? read_listed(bundle, listed) : NULL;

		if (!record)
			continue;
		if (strcmp(word(record, "id"), word(manifest, "call")) != 0)
			bundle_tell(bundle, "record", word(listed, "record"),
				"%s is of another call", word(listed, "record"));
		if (strcmp(word(record, "kind"), "files") == 0) {
			if (day[0] == '\0')
				snprintf(day, sizeof(day), "%s", word(record, "day"));
			check_files(bundle, record, day);
		}
		json_decref(record);
	}
}

static void read_manifest(struct bundle *bundle)
{
	struct buf text;

	buf_init(&text, 0);
	if (bundle_read(bundle, MANIFEST, MANIFEST_MAX, &text)) {
		bundle->result.manifest =
			json_loadb(text.data, text.len, JSON_REJECT_DUPLICATES, NULL);
		if (!json_is_object(bundle->result.manifest)) {
			bundle_tell(
				bundle, "changed", MANIFEST, MANIFEST " is none of ours");
			json_decref(bundle->result.manifest);
			bundle->result.manifest = NULL;
		}
	}
	buf_free(&text);
}

static void source_fault(void *arg, const char *name, const char *why)
{
	bundle_tell(arg, "added", name, "%s: %s", name, why);
}

static void check(struct bundle *bundle)
{
	json_t *export;

	load_keys(bundle);
	bundle_check_stamp(bundle);
	bundle_check_checkpoint(bundle);
	export = read_record(bundle, EXPORT, EXPORT_PROOF, NULL, false);
	if (export && strcmp(word(export, "kind"), "export") != 0) {
		bundle_tell(
			bundle, "record", EXPORT, EXPORT " is no record of an export");
		json_decref(export);
		export = NULL;
	}
	check_sums(bundle, export);
	check_added(bundle);
	read_manifest(bundle);
	if (bundle->result.manifest) {
		if (export && strcmp(word(export, "id"),
				      word(bundle->result.manifest, "call")) != 0)
			bundle_tell(
				bundle, "record", EXPORT, EXPORT " is of another call");
		check_records(bundle);
	}
	json_decref(export);
}

int bundle_check(struct bundle_result *ret, const struct bundle_params *params,
	struct err_text *text)
{
	struct bundle *bundle = calloc(1, sizeof(*bundle));
	int err;

	if (!bundle)
		return err_set(text, -ENOMEM, "out of memory");
	bundle->params = params;
	keychain_init(&bundle->keys, params->key);
	err = source_open(&bundle->source, params->path, source_fault, bundle, text);
	if (!err) {
		check(bundle);
		source_close(&bundle->source);
		*ret = bundle->result;
	}
	keychain_free(&bundle->keys);
	free(bundle);
	return err;
}
