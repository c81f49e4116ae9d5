/*
 * Prints the keys of one section as the mdoc list that the manual pages hold, or of "headers" which cross and
 * which never do; see tests/unit/config/manual.sh.
 */
#include "config/header.h"
#include "config/schema.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#define WIDTH 72

/* A backslash would be a macro's. Returns the columns that it takes. */
static size_t print_word(const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++)
		printf("%s", text[i] == '\\' ? "\\e" : (const char[]){text[i], '\0'});
	return len;
}

/* TEXT wrapped, each sentence on a line of its own, as mdoc wants it. */
static void print_text(const char *text)
{
	size_t used = 0;

	while (*text != '\0') {
		size_t len = strcspn(text, " ");
		bool ends = len > 1 && text[len - 1] == '.';

		if (used > 0 && used + 1 + len > WIDTH) {
			printf("\n");
			used = 0;
		}
		/* A line that begins with a dot would be a macro. */
		used += (size_t)printf("%s%s", used > 0 ? " " : "",
			used == 0 && text[0] == '.' ? "\\&" : "");
		used += print_word(text, len);
		if (ends) {
			printf("\n");
			used = 0;
		}
		text += len;
		text += strspn(text, " ");
	}
	if (used > 0)
		printf("\n");
}

static void print_default(const struct schema_key *key)
{
	if (key->inherits)
		printf("Where not set, that of\n.Bq %s\ncounts.\n",
			schema_section_name(key->parent));
	else if (key->fallback == NULL)
		printf("Must be set.\n");
	else if (key->type == SCHEMA_SUITES)
		printf("Default: all of them.\n");
	else if (key->fallback[0] != '\0')
		printf("Default:\n.Ql %s .\n", key->fallback);
}

static void print_key(const struct schema_key *key)
{
	char expected[SCHEMA_EXPECTED_SIZE];
	char takes[SCHEMA_EXPECTED_SIZE + 16];

	printf(".It Cm %s\n", key->name);
	print_text(key->help);
	snprintf(takes, sizeof(takes), "Takes %s.",
		schema_expected(key, expected, sizeof(expected)));
	print_text(takes);
	print_default(key);
	if (key->at_start)
		printf("A reload does not take it into use, only a start does.\n");
}

/* Those that cross WITH that, or, 0, those that no rule lets cross for WHY, in a paragraph. */
static void print_headers_of(
	const struct header_known *known, size_t count, unsigned with, const char *why)
{
	char names[2048] = "";
	size_t len = 0;

	for (size_t i = 0; i < count; i++)
		if (with ? known[i].with & with : known[i].why == why)
			len += (size_t)snprintf(names + len, sizeof(names) - len, "%s%s",
				len ? ", " : "", known[i].name);
	print_text(names);
}

static void print_headers(void)
{
	static const struct {
		enum header_with with;
		const char *words;
	} kinds[] = {
		{HEADER_INVITE, "the first INVITE"},
		{HEADER_MESSAGE, "MESSAGE"},
		{HEADER_PUBLISH, "PUBLISH"},
		{HEADER_INFO, "INFO of an Info Package"},
		{HEADER_EVENT, "SUBSCRIBE and NOTIFY"},
	};
	size_t count;
	const struct header_known *known = header_list(&count);

	printf(".Bl -tag -width Ds\n");
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		printf(".It they cross with %s\n", kinds[i].words);
		print_headers_of(known, count, kinds[i].with, NULL);
	}
	for (size_t i = 0; i < count; i++) {
		size_t first = 0;

		while (known[first].why != known[i].why)
			first++;
		if (!known[i].why || first < i)
			continue;
		printf(".It by no rule: %s\n", known[i].why);
		print_headers_of(known, count, 0, known[i].why);
	}
	printf(".El\n");
}

int main(int argc, char **argv)
{
	size_t count;
	const struct schema_key *keys = schema_keys(&count);
	enum schema_section section;

	if (argc == 2 && strcmp(argv[1], "headers") == 0) {
		print_headers();
		return 0;
	}
	if (argc != 2 || (section = schema_section_find(argv[1])) == SCHEMA_SECTIONS) {
		fprintf(stderr, "usage: schema_mdoc SECTION\n");
		return 2;
	}
	printf(".Bl -tag -width Ds\n");
	for (size_t i = 0; i < count; i++) {
		if (keys[i].section == section)
			print_key(&keys[i]);
	}
	printf(".El\n");
	return 0;
}
