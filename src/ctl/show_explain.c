#include "ctl/show_explain.h"

#include "admin/api.h"
#include "ctl/show_value.h"

#include <stdio.h>
#include <string.h>

/* Long lines are broken at blanks, so that they can be read. */
#define WIDTH 78
#define INDENT 16

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

	printf("%s ", show_word(result, "kind"));
	show_safe(show_word(result, "id"), strlen(show_word(result, "id")));
	printf("  tls = %s  checked %s\n\n", show_word(result, "tls"),
		show_word(result, "checked"));
	json_array_foreach(json_object_get(result, "steps"), i, step)
	{
		printf("%-8s%-8s", show_word(step, "step"), show_word(step, "verdict"));
		print_folded(show_word(step, "words"));
		if (show_word(step, "fix")[0]) {
			printf("%*s", INDENT, "-> ");
			print_folded(show_word(step, "fix"));
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
