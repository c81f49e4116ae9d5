#include "admin/origin_json.h"

#include "admin/api.h"
#include "base/buf.h"
#include "config/effective.h"

#include <string.h>

/* "/usr/share/.../generic-tls.conf" is called generic-tls. */
static void add_profile(struct buf *out, const char *file)
{
	const char *slash = strrchr(file, '/');
	const char *name = slash ? slash + 1 : file;
	const size_t len = strlen(name);

	buf_add_str(out, "profile ");
	buf_add(out, name, len > 5 ? len - 5 : len);
}

json_t *origin_json(const struct effective *value)
{
	json_t *text;
	struct buf out;

	buf_init(&out, 0);
	if (value->from == EFFECTIVE_PROFILE)
		add_profile(&out, value->file);
	if (value->from == EFFECTIVE_INHERITED)
		buf_printf(&out, "[%s]", value->section);
	if (out.len > 0 && value->file)
		buf_add_str(&out, ", ");
	if (value->file)
		buf_printf(&out, "%s:%u", value->file, value->line);
	else
		buf_add_str(&out, out.len > 0 ? ", default" : "default");
	text = api_text(buf_str(&out) ? out.data : "");
	buf_free(&out);
	return text;
}
