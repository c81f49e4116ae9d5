/* Lines of the format of Prometheus. */
#include "admin/metrics_priv.h"

void metrics_head(struct buf *out, const char *name, const char *type, const char *help)
{
	buf_printf(out, "# HELP tandem_%s %s\n# TYPE tandem_%s %s\n", name, help, name,
		type);
}

void metrics_label(struct buf *out, const char *name, const char *value)
{
	buf_printf(out, "%s=\"", name);
	for (; *value; value++) {
		if (*value == '\\' || *value == '"')
			buf_add_char(out, '\\');
		if (*value == '\n')
			buf_add_str(out, "\\n");
		else
			buf_add_char(out, *value);
	}
	buf_add_char(out, '"');
}

void metrics_party(struct buf *out, const struct trunk *trunk)
{
	metrics_label(out, trunk_word(trunk->kind), trunk->id);
}
