#include "ctl/show_explain.h"

#include "admin/api.h"
#include "ctl/show_value.h"

#include <stdio.h>
#include <string.h>

/* Long lines are broken at blanks, so that they can be read. */
#define WIDTH 78
#define INDENT 16

static const char *word(const json_t *object, const char *name)
{
	const char *text = json_string_value(json_object_get(object, name));

	return text ? text : "";
}

/* TEXT from column INDENT on. */
static void print_folded(const char *text)
{
	const size_t room = WIDTH - INDENT;

	while (strlen(text) > room) {
		size_t len = room;

		while (len > 0 && text[len] != ' ')
			len--;
		if (len == 0)
			len = strcspn(text, " ");
		show_safe(text, len);
		text += len + strspn(text + len, " ");
		if (text[0])
			printf("\n%*s", INDENT, "");
	}
	show_safe(text, strlen(text));
	putchar('\n');
}

void show_explain(const json_t *result)
{
	const json_t *step;
	size_t i;

	printf("%s ", word(result, "kind"));
	show_safe(word(result, "id"), strlen(word(result, "id")));
	printf("  tls = %s  checked %s\n\n", word(result, "tls"),
		word(result, "checked"));
	json_array_foreach(json_object_get(result, "steps"), i, step)
	{
		printf("%-8s%-8s", word(step, "step"), word(step, "verdict"));
		print_folded(word(step, "words"));
		if (word(step, "fix")[0]) {
			printf("%*s", INDENT, "-> ");
			print_folded(word(step, "fix"));
		}
	}
	printf("\n%s\n", json_is_true(json_object_get(result, "would_work"))
				 ? "TLS works, as far as could be seen."
				 : "TLS does not work.");
}

int show_explain_code(const json_t *result)
{
	return json_is_true(json_object_get(result, "would_work")) ? API_OK : API_FAILED;
}
