/*
 * RFC 4475, the SIP torture test messages, read in place from the directory that the
 * environment variable TANDEM_RFC4475 names; skipped without it. What the RFC leaves open,
 * and where we deviate, is in doc/conformance-rfc4475.md.
 */
#include "verdict.h"

#include "../unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Automake: this test was skipped. */
#define EXIT_SKIPPED 77

static const struct {
	const char *name;
	const char *datagram;
	const char *stream;
} table[] = {
	/* 3.1.1: valid messages */
	{"wsinv", "ok", "ok"},
	{"intmeth", "broken",
		"broken"}, /* deviation: a NUL, though escaped, in a header */
	{"esc01", "ok", "ok"}, {"escnull", "ok", "ok"}, {"esc02", "ok", "ok"},
	{"lwsdisp", "ok", "ok"}, {"longreq", "ok", "ok"}, {"dblreq", "ok", "ok"},
	{"semiuri", "ok", "ok"}, {"transports", "ok", "ok"}, {"mpart01", "ok", "ok"},
	{"unreason", "ok", "ok"}, {"noreason", "ok", "ok"},
	/* 3.1.2: invalid messages */
	{"badinv01", "status 400", "status 400"}, {"clerr", "status 400", "more"},
	{"ncl", "status 400", "broken"}, /* after it the stream has no next message */
	{"scalar02", "status 400", "status 400"}, {"scalarlg", "drop", "drop"},
	{"quotbal", "ok", "ok"}, /* one URI, whatever its quote: inferred */
	{"ltgtruri", "status 400", "status 400"}, {"lwsruri", "status 400", "status 400"},
	{"lwsstart", "status 400", "status 400"}, {"trws", "status 400", "status 400"},
	{"escruri", "status 400", "status 400"},
	{"baddate", "ok", "ok"},  /* the RFC's lenient choice: Date means nothing to us */
	{"regbadct", "ok", "ok"}, /* Contact matters where a dialog begins */
	{"badaspec", "ok", "ok"}, /* the blanks are left out */
	{"baddn", "status 400", "more"}, /* the file has no empty line */
	{"badvers", "status 505", "status 505"},
	{"mismatch01", "status 400", "status 400"},
	{"mismatch02", "status 400", "status 400"}, {"bigcode", "drop", "drop"},
	/* 3.2, 3.3, 3.4: for the layers above, but for what cannot be answered */
	{"badbranch", "ok", "ok"},
	{"insuf", "drop", "drop"}, /* no From, To or Call-ID to answer with */
	{"unkscm", "status 416", "status 416"}, {"novelsc", "status 416", "status 416"},
	{"unksm2", "ok", "ok"}, {"bext01", "ok", "ok"}, {"invut", "ok", "ok"},
	{"regaut01", "ok", "ok"}, {"multi01", "status 400", "status 400"},
	{"mcl01", "status 400", "broken"}, /* lengths differ: no end is known */
	{"bcast", "ok", "ok"}, {"zeromf", "ok", "ok"}, {"cparam01", "ok", "ok"},
	{"cparam02", "ok", "ok"}, {"regescrt", "ok", "ok"}, {"sdp01", "ok", "ok"},
	{"inv2543", "ok",
		"broken"}, /* no Content-Length: RFC 3261 18.3 needs it on streams */
};

static bool holds(const char *name, bool stream, const char *expected)
{
	char path[512];
	char out[VERDICT_SIZE];
	size_t len = 0;
	char *data;
	bool same;

	snprintf(path, sizeof path, "%s/%s.dat", getenv("TANDEM_RFC4475"), name);
	data = verdict_read_file(path, &len);
	assert_non_null(data);
	verdict(stream, data, len, out);
	free(data);
	same = strcmp(out, expected) == 0;
	if (!same)
		print_error("%s (%s): expected %s, got %s\n", name,
			stream ? "stream" : "datagram", expected, out);
	return same;
}

static void every_message_gets_the_verdict_of_the_table(void **state)
{
	unsigned failed = 0;

	(void)state;
	for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
		failed += !holds(table[i].name, false, table[i].datagram);
		failed += !holds(table[i].name, true, table[i].stream);
	}
	assert_int_equal(failed, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_message_gets_the_verdict_of_the_table),
	};

	if (getenv("TANDEM_RFC4475") == NULL) {
		fprintf(stderr, "TANDEM_RFC4475 is not set: skipped\n");
		return EXIT_SKIPPED;
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}
