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

/* Of several hosts each begins with its name. */
static void print_steps(const json_t *steps)
{
	const json_t *last = json_array_get(steps, json_array_size(steps) - 1);
	const bool several = strcmp(show_word(json_array_get(steps, 0), "host"),
				     show_word(last, "host")) != 0;
	const json_t *step;
	const char *host = "";
	size_t i;

	json_array_foreach(steps, i, step)
	{
		if (several && strcmp(host, show_word(step, "host")) != 0) {
			host = show_word(step, "host");
			printf("%s", i ? "\n" : "");
			show_safe(host, strlen(host));
			putchar('\n');
		}
		printf("%-8s%-8s", show_word(step, "step"), show_word(step, "verdict"));
		print_folded(show_word(step, "words"));
		if (show_word(step, "fix")[0]) {
			printf("%*s", INDENT, "-> ");
			print_folded(show_word(step, "fix"));
		}
	}
}

void show_explain(const json_t *result)
{
	printf("%s ", show_word(result, "kind"));
	show_safe(show_word(result, "id"), strlen(show_word(result, "id")));
	printf("  tls = %s  checked %s\n\n", show_word(result, "tls"),
		show_word(result, "checked"));
	print_steps(json_object_get(result, "steps"));
	printf("\n%s\n", json_is_true(json_object_get(result, "would_work"))
				 ? "TLS works, as far as could be seen."
				 : "TLS does not work.");
}

int show_explain_code(const json_t *result)
{
	return json_is_true(json_object_get(result, "would_work")) ? API_OK : API_FAILED;
}
