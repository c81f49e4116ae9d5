/*
 * What is read of records: the line of one, as reports and the index read it, and a signed report with the proof of its record. What
 * they give is within the line.
 */
#include "audit/cdr_read.h"
#include "audit/cdr_row.h"
#include "base/err.h"
#include "evidence/verify.h"
#include "fuzz.h"
#include "verify/report.h"

#include <errno.h>
#include <string.h>

#define PETER "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"

static void within(struct span part, struct span whole)
{
	MUST(!part.p || part.len == 0 ||
		(part.p >= whole.p && part.p + part.len <= whole.p + whole.len));
}

static void read_for_reports(struct span line)
{
	struct cdr cdr;
	int err = cdr_read(&cdr, line);

	MUST(err == 0 || err == -ENOMSG || err == ERR_FORMAT);
	if (err == 0)
		within(cdr.id, line);
	if (err == 0 || err == -ENOMSG)
		within(cdr.end, line);
	for (unsigned i = 0; i < 2 && err == 0; i++) {
		within(cdr.legs[i].party, line);
		within(cdr.legs[i].transport, line);
		within(cdr.legs[i].tls_version, line);
		within(cdr.legs[i].peer_names, line);
		within(cdr.legs[i].media, line);
		within(cdr.legs[i].signalling_required, line);
		within(cdr.legs[i].media_required, line);
	}
}

static void read_for_index(struct span line)
{
	struct cdr_row row;

	if (cdr_row_read(&row, line) != 0)
		return;
	within(row.id, line);
	within(row.from, line);
	within(row.to, line);
	within(row.cause, line);
	within(row.attempts, line);
	MUST(row.number_count <= CDR_ROW_NUMBERS);
	for (unsigned i = 0; i < row.number_count; i++)
		within(row.numbers[i], line);
	for (unsigned i = 0; i < 2; i++)
		within(row.legs[i].party, line);
}

/* The text of the report, and behind a zero byte its proof. */
static void read_report(struct span whole)
{
	const char *zero = whole.len > 0 ? memchr(whole.p, '\0', whole.len) : NULL;
	struct err_text why = {""};
	struct keychain keys;
	struct note_key key;
	json_t *report;
	struct span text, proof;
	uint64_t index;

	if (!zero)
		return;
	MUST(note_key_read(&key, span_of(PETER)) == 0);
	text = (struct span){whole.p, (size_t)(zero - whole.p)};
	proof = (struct span){zero + 1, whole.len - text.len - 1};
	keychain_init(&keys, &key);
	if (report_verify(&report, &index, &keys, text, proof, &why) == 0)
		json_decref(report);
	else
		MUST(why.text[0] != '\0');
	keychain_free(&keys);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	/* of its own size, so that a sanitizer sees what is read behind it */
	char *copy = malloc(size > 0 ? size : 1);
	const struct span whole = {copy, size};

	if (!copy)
		return 0;
	if (size > 0)
		memcpy(copy, data, size);
	read_for_reports(whole);
	read_for_index(whole);
	read_report(whole);
	free(copy);
	return 0;
}
