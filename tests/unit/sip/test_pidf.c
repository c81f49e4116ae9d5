/* The numbers of a location in a PIDF-LO document. */
#include "../unit.h"

#include "sip/pidf.h"

#include <stdio.h>
#include <string.h>

/* What DOCUMENT names, with blanks between. */
static void assert_elins(const char *document, const char *expected)
{
	struct span numbers[PIDF_ELINS_MAX];
	unsigned count = pidf_elins(span_of(document), numbers);
	char text[256] = "";

	for (unsigned i = 0; i < count; i++)
		snprintf(text + strlen(text), sizeof(text) - strlen(text), "%s%.*s",
			i ? " " : "", SPAN_ARG(numbers[i]));
	assert_string_equal(text, expected);
}

#define CIVIC(inner) "<p><c:civicAddress>" inner "</c:civicAddress></p>"

static void reads_the_numbers_of_a_civic_address(void **state)
{
	static const struct {
		const char *document, *elins;
	} rows[] = {
		{CIVIC("<c:ELIN>+4930123</c:ELIN>"), "+4930123"},
		{CIVIC("<ELIN>4930123</ELIN>"), "4930123"},
		{CIVIC("<c:A3>Berlin</c:A3><c:ELIN> 111 ;222;\n333 </c:ELIN>"),
			"111 222 333"},
		{CIVIC("<c:ELIN>111;222;333;444;555;666</c:ELIN>"),
			"111 222 333 444 555"},
		{CIVIC("<c:ELIN a='>' b=\"</c:ELIN>\">111</c:ELIN>"), "111"},
		{CIVIC("<!-- <c:ELIN>999</c:ELIN> --><c:ELIN>111</c:ELIN>"), "111"},
		{CIVIC("<![CDATA[<c:ELIN>999</c:ELIN>]]><?x <y?><c:ELIN>111</c:ELIN>"),
			"111"},
		{CIVIC("<c:NAM>111;222</c:NAM>"), "111 222"},
		{CIVIC("<c:NAM>111</c:NAM><c:ELIN>222</c:ELIN>"), "222"},
		{CIVIC("<c:ELIN>222</c:ELIN><c:NAM>111</c:NAM>"), "222"},
		{CIVIC("<c:NAM>House 12345</c:NAM>"), ""},
		{CIVIC("<c:ELIN>none</c:ELIN><c:NAM>111</c:NAM>"), "111"},
		{"<?xml version=\"1.0\"?>\r\n" CIVIC("<c:ELIN>111</c:ELIN>"), "111"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		assert_elins(rows[i].document, rows[i].elins);
}

static void nothing_else_is_a_number(void **state)
{
	static const char *const rows[] = {
		"",
		"111",
		"<ELIN>111</ELIN>",
		CIVIC("<c:ELIN></c:ELIN>"),
		CIVIC("<c:ELIN/>"),
		CIVIC("<c:ELIN>11</c:ELIN>"),
		CIVIC("<c:ELIN>++111</c:ELIN>"),
		CIVIC("<c:ELIN>1 11</c:ELIN>"),
		CIVIC("<c:ELIN>111;abc</c:ELIN>"),
		CIVIC("<c:ELIN>&#49;11</c:ELIN>"),
		CIVIC("<c:ELIN>123456789012345678901234567890123</c:ELIN>"),
		CIVIC("<c:A><c:ELIN>111</c:ELIN></c:A>"),
		CIVIC("<c:elin>111</c:elin>"),
		CIVIC("<c:ELIN><b>111</b></c:ELIN>"),
		"<!DOCTYPE p>" CIVIC("<c:ELIN>111</c:ELIN>"),
		"</p>" CIVIC("<c:ELIN>111</c:ELIN>"),
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		assert_elins(rows[i], "");
}

/* What is cut off keeps what stood before; what is nested without end is given up. */
static void a_hostile_document_is_bounded(void **state)
{
	char deep[4096] = "";

	(void)state;
	assert_elins("<p><c:civicAddress><c:ELIN>111</c:ELIN><", "111");
	assert_elins("<p><c:civicAddress><c:ELIN>111</c:ELIN><a b='", "111");
	assert_elins("<p><c:civicAddress><c:ELIN>111</c:ELIN><!-- ", "111");
	for (unsigned i = 0; i < 30; i++)
		strcat(deep, "<a>");
	strcat(deep, "<civicAddress><ELIN>111</ELIN>");
	assert_elins(deep, "111");
	strcat(deep, "<ELIN><b>");
	assert_elins(deep, "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_the_numbers_of_a_civic_address),
		cmocka_unit_test(nothing_else_is_a_number),
		cmocka_unit_test(a_hostile_document_is_bounded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
