/* The parts of a body: found, bounded, chosen. RFC 2046 5.1, RFC 5621. */
#include "../unit.h"

#include "sip/multipart.h"

#include <stdio.h>
#include <string.h>

#define HEAD                                                                             \
	"INVITE sip:b@x SIP/2.0\r\nVia: SIP/2.0/UDP a;branch=z9hG4bK1\r\n"               \
	"From: <sip:a@x>;tag=1\r\nTo: <sip:b@x>\r\nCall-ID: c\r\nCSeq: 1 INVITE\r\n"

/* HEADERS, and BODY of LEN bytes. */
static struct message *parse(const char *headers, const char *body, size_t len)
{
	static char text[64 * 1024];
	struct message_fault fault;
	struct message *message;
	size_t head = (size_t)snprintf(text, sizeof text, HEAD "%s\r\n", headers);

	assert_true(head + len < sizeof text);
	memcpy(text + head, body, len);
	assert_int_equal(message_parse(&message, text, head + len, &fault), 0);
	assert_int_equal(fault.status, 0);
	return message;
}

#define MIXED "Content-Type: multipart/mixed;boundary=b\r\n"
#define SDP "Content-Type: application/sdp\r\n\r\n"

/* The parts of BODY as "type=body" words, and the bodies of those that are a session. */
static void assert_parts(
	const char *headers, const char *body, const char *parts, const char *sessions)
{
	struct message *m = parse(headers, body, strlen(body));
	const struct multipart_part *sdp;
	struct multipart multipart;
	struct err_text text = {{0}};
	struct buf out;

	buf_init(&out, 0);
	if (multipart_read(&multipart, m, &text) != 0)
		fail_msg("%s: %s", body, text.text);
	assert_int_equal(
		multipart.multipart, *body && strstr(headers, "ultipart/") != NULL);
	for (unsigned i = 0; i < multipart.count; i++)
		buf_printf(&out, "%.*s=%.*s ", SPAN_ARG(multipart.parts[i].type),
			SPAN_ARG(multipart.parts[i].body));
	if (strcmp(out.len ? buf_str(&out) : "", parts) != 0)
		fail_msg("%s: expected '%s', got '%s'", body, parts,
			out.len ? buf_str(&out) : "");
	buf_clear(&out);
	for (unsigned i = 0; (sdp = multipart_sdp(&multipart, i)) != NULL; i++)
		buf_printf(&out, "%.*s ", SPAN_ARG(sdp->body));
	if (strcmp(out.len ? buf_str(&out) : "", sessions) != 0)
		fail_msg("%s: expected '%s', got '%s'", body, sessions,
			out.len ? buf_str(&out) : "");
	buf_free(&out);
	message_unref(m);
}

static void a_body_that_is_no_multipart_is_one_part(void **state)
{
	(void)state;
	assert_parts("c: application / sdp\r\n", "v", "application / sdp=v ", "v ");
	assert_parts("c: application\r\n", "v", "application=v ", "");
	assert_parts(
		"Content-Type: application/sdp;\r\n", "v", "application/sdp=v ", "v ");
	assert_parts("", "", "", "");
	assert_parts(MIXED, "", "", "");
	assert_parts("Content-Type: application/sdp\r\n", "v=0", "application/sdp=v=0 ",
		"v=0 ");
	assert_parts(
		"c: Application/SDP ; charset=x\r\n", "v", "Application/SDP=v ", "v ");
	assert_parts(
		"Content-Type: text/plain\r\n", "v=0\r\n", "text/plain=v=0\r\n ", "");
	assert_parts("", "v=0\r\no", "application/sdp=v=0\r\no ", "v=0\r\no ");
	assert_parts("", "hello", "=hello ", "");
}

static void parts_are_found(void **state)
{
	(void)state;
	/* a line that is no header is passed over, and an empty one ends them */
	assert_parts(MIXED, "--b\r\nx\r\n:\r\n" SDP "v\r\n--b\r\n\r\nx: y\r\n\r\n--b--",
		"application/sdp=v text/plain=x: y\r\n ", "v ");
	assert_parts(MIXED, "--b\r\n" SDP "A\r\n--b--\r\n", "application/sdp=A ", "A ");
	assert_parts(MIXED,
		"preamble\r\n--b \t\r\n" SDP
		"A\r\n\r\n--b\r\nContent-Type: x/y\r\n\r\n\r\n"
		"--b--\r\nepilogue --b\r\n",
		"application/sdp=A\r\n x/y= ", "A\r\n ");
	/* a part without headers is text; what only begins like the boundary is none */
	assert_parts(MIXED, "--b\r\n\r\nT\r\n--bb\r\nU\r\n--b--",
		"text/plain=T\r\n--bb\r\nU ", "");
	assert_parts(MIXED, "--b\r\n\r\nT\r\n-xb\r\nx-b\r\n-\r\n--b--",
		"text/plain=T\r\n-xb\r\nx-b\r\n- ", "");
	/* LF alone, and no end */
	assert_parts(MIXED, "--b\nContent-Type: application/sdp\n\nA\n--b\n\nT",
		"application/sdp=A text/plain=T ", "A ");
	assert_parts(MIXED, "--b\r\n" SDP "A", "application/sdp=A ", "A ");
	assert_parts(MIXED, "--b\r\n" SDP "A\r\n", "application/sdp=A\r\n ", "A\r\n ");
	assert_parts(
		"Content-Type: multipart/mixed; x=\"a;boundary=c\"; boundary=\"b b\"\r\n",
		"--b b\r\n" SDP "A\r\n--b b--", "application/sdp=A ", "A ");
	assert_parts("Content-Type: Multipart/Unheard-Of;BOUNDARY=b\r\n",
		"--b\r\ncontent-type:application/sdp\r\n\r\nA\r\n--b--",
		"application/sdp=A ", "A ");
	assert_parts(MIXED,
		"--b\r\nContent-Type: application/sdp;\r\n\tcharset=x\r\n\r\nA\r\n--b--",
		"application/sdp=A ", "A ");
}

static void the_session_is_chosen(void **state)
{
	(void)state;
	/* the first one of several things, the last one of several forms */
	assert_parts(MIXED, "--b\r\n" SDP "A\r\n--b\r\n" SDP "B\r\n--b--",
		"application/sdp=A application/sdp=B ", "A B ");
	assert_parts("Content-Type: multipart/alternative;boundary=b\r\n",
		"--b\r\n" SDP "A\r\n--b\r\n" SDP "B\r\n--b\r\n\r\nT\r\n--b--",
		"application/sdp=A application/sdp=B text/plain=T ", "B A ");
	assert_parts(MIXED,
		"--b\r\nContent-Type: multipart/alternative;boundary=c\r\n\r\n"
		"--c\r\n" SDP "A\r\n--c\r\n" SDP "B\r\n--c--\r\n--b\r\n" SDP "C\r\n--b--",
		"application/sdp=A application/sdp=B application/sdp=C ", "B A C ");
	assert_parts(MIXED,
		"--b\r\nContent-Disposition: early-session\r\n" SDP "A\r\n"
		"--b\r\nContent-Disposition: Session;handling=required\r\n" SDP "B\r\n"
		"--b\r\nContent-Disposition: ;handling=optional\r\n" SDP "C\r\n"
		"--b\r\nContent-Transfer-Encoding: base64\r\n" SDP "D\r\n"
		"--b\r\nContent-Transfer-Encoding: Binary\r\n" SDP "E\r\n--b--",
		"application/sdp=A application/sdp=B application/sdp=C application/sdp=D "
		"application/sdp=E ",
		"B C E ");
}

static void assert_refused(
	const char *headers, const char *body, size_t len, int err, const char *words)
{
	struct message *m = parse(headers, body, len);
	struct multipart multipart;
	struct err_text text = {{0}};

	assert_int_equal(multipart_read(&multipart, m, &text), err);
	assert_non_null(strstr(text.text, words));
	message_unref(m);
}

static void a_multipart_needs_a_boundary(void **state)
{
	char long_one[200];

	(void)state;
	assert_refused(
		"Content-Type: multipart/mixed\r\n", "--\r\n", 4, ERR_FORMAT, "boundary");
	assert_refused("Content-Type: multipart/mixed;boundary=\r\n", "--\r\n", 4,
		ERR_FORMAT, "boundary");
	assert_refused("Content-Type: multipart/mixed;boundary=\"a \"\r\n", "--\r\n", 4,
		ERR_FORMAT, "boundary");
	assert_refused("Content-Type: multipart/mixed;boundary=\"a*\"\r\n", "--\r\n", 4,
		ERR_FORMAT, "boundary");
	snprintf(long_one, sizeof long_one,
		"Content-Type: multipart/mixed;boundary=%071d\r\n", 1);
	assert_refused(long_one, "--\r\n", 4, ERR_FORMAT, "boundary");
	assert_refused(MIXED, "nothing\r\n", 9, ERR_FORMAT, "without parts");
	assert_refused(MIXED, "--b--\r\n", 7, ERR_FORMAT, "without parts");
	assert_refused(
		"Content-Encoding: z\r\n" MIXED, "x", 1, ERR_SUPPORT, "Content-Encoding");
	assert_refused("Content-Encoding: gzip\r\n" MIXED, "x", 1, ERR_SUPPORT,
		"Content-Encoding");
}

/* How many parts there are; they are within the bounds. */
static unsigned count_parts(const char *headers, const char *body, size_t len)
{
	struct message *m = parse(headers, body, len);
	struct multipart multipart;

	assert_int_equal(multipart_read(&multipart, m, NULL), 0);
	message_unref(m);
	return multipart.count;
}

static void parts_and_depth_are_bounded(void **state)
{
	static const char *const boundaries[] = {"b", "b0", "b1", "b2"};
	char body[4096];
	size_t len = 0;

	(void)state;
	for (unsigned i = 0; i < MULTIPART_PARTS_MAX; i++)
		len += (size_t)snprintf(
			body + len, sizeof body - len, "--b\r\n\r\n%u\r\n", i);
	assert_int_equal(count_parts(MIXED, body, len), MULTIPART_PARTS_MAX);
	len += (size_t)snprintf(body + len, sizeof body - len, "--b\r\n\r\nmore\r\n");
	assert_refused(MIXED, body, len, ERR_LIMIT, "more than 16 parts");
	len = 0;
	for (unsigned i = 0; i < 3; i++) {
		size_t inner = len + (size_t)snprintf(body + len, sizeof body - len,
					     "--%s\r\n\r\ninnermost", boundaries[i]);

		assert_int_equal(count_parts(MIXED, body, inner), 1);
		len += (size_t)snprintf(body + len, sizeof body - len,
			"--%s\r\nContent-Type: multipart/mixed;boundary=b%u\r\n\r\n",
			boundaries[i], i);
	}
	snprintf(body + len, sizeof body - len, "--b2\r\n\r\ninnermost");
	assert_refused(MIXED, body, strlen(body), ERR_LIMIT, "more than 3 multiparts");
}

static void headers_of_a_part_are_bounded(void **state)
{
	char body[1024] = "--b\r\n";

	(void)state;
	for (unsigned i = 0; i < MULTIPART_PART_HEADERS_MAX - 1; i++)
		strcat(body, "X: y\r\n");
	strcat(body, SDP "A");
	assert_parts(MIXED, body, "application/sdp=A ", "A ");
	strcpy(body, "--b\r\n");
	for (unsigned i = 0; i < MULTIPART_PART_HEADERS_MAX; i++)
		strcat(body, "X: y\r\n");
	strcat(body, SDP "A");
	assert_parts(MIXED, body, "text/plain=A ", "");
}

static void a_long_boundary_will_do(void **state)
{
	char headers[200], body[200];

	(void)state;
	snprintf(headers, sizeof headers,
		"Content-Type: multipart/mixed;boundary=%0*d\r\n", MULTIPART_BOUNDARY_MAX,
		1);
	snprintf(body, sizeof body, "--%0*d\r\n\r\nA", MULTIPART_BOUNDARY_MAX, 1);
	assert_parts(headers, body, "text/plain=A ", "");
}

static void what_a_part_says_of_itself_is_written_again(void **state)
{
	static const char body[] =
		"--b\r\nContent-ID: <a@x>\r\nX: y\r\nContent-Disposition: render;\r\n"
		"  handling=Optional\r\nContent-Type: x/y;a=b\r\n"
		"Content-Transfer-Encoding: binary\r\n\r\n\0\r\n\x80\r\n--b--";
	struct message *m = parse(MIXED, body, sizeof body - 1);
	struct multipart multipart;
	struct buf out;

	(void)state;
	assert_int_equal(multipart_read(&multipart, m, NULL), 0);
	assert_int_equal(multipart.count, 1);
	assert_true(multipart_is_optional(&multipart.parts[0]));
	buf_init(&out, 0);
	multipart_add(&out, &multipart.parts[0]);
	static const char expected[] = "Content-Type: x/y;a=b\r\nContent-Disposition: "
				       "render;    handling=Optional\r\n"
				       "Content-ID: <a@x>\r\nContent-Transfer-Encoding: "
				       "binary\r\n\r\n\0\r\n\x80";
	assert_int_equal(out.len, sizeof expected - 1);
	assert_memory_equal(out.data, expected, out.len);
	buf_free(&out);
	message_unref(m);
}

static void handling_is_required_unless_it_says_optional(void **state)
{
	static const struct {
		const char *headers;
		bool optional;
	} table[] = {
		{"Content-Type: x/y\r\n", false},
		{"Content-Type: x/y\r\nContent-Disposition: signal\r\n", false},
		{"Content-Type: x/y\r\nContent-Disposition: signal;handling=required\r\n",
			false},
		{"Content-Type: x/y\r\nContent-Disposition: signal; handling = "
		 "\"optional\"\r\n",
			true},
		{"Content-Type: x/y\r\nContent-Disposition: ;handling=optional\r\n",
			true},
	};

	(void)state;
	for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
		struct message *m = parse(table[i].headers, "x", 1);
		struct multipart multipart;

		assert_int_equal(multipart_read(&multipart, m, NULL), 0);
		assert_int_equal(
			multipart_is_optional(&multipart.parts[0]), table[i].optional);
		message_unref(m);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_body_that_is_no_multipart_is_one_part),
		cmocka_unit_test(parts_are_found),
		cmocka_unit_test(the_session_is_chosen),
		cmocka_unit_test(a_multipart_needs_a_boundary),
		cmocka_unit_test(parts_and_depth_are_bounded),
		cmocka_unit_test(headers_of_a_part_are_bounded),
		cmocka_unit_test(a_long_boundary_will_do),
		cmocka_unit_test(what_a_part_says_of_itself_is_written_again),
		cmocka_unit_test(handling_is_required_unless_it_says_optional),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
