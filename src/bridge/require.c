#include "bridge/require.h"

void require_unknown(const struct message *request, struct buf *out)
{
	struct span line, option;

	for (unsigned nth = 0; message_line(request, "Require", nth, &line); nth++) {
		while (span_next(&line, ',', &option)) {
			option = span_trim(option);
			if (!message_token_valid(option) ||
				span_equal_nocase(option, "100rel") ||
				span_equal_nocase(option, "timer") ||
				span_equal_nocase(option, "replaces") ||
				span_equal_nocase(option, "from-change"))
				continue;
			if (out->len)
				buf_add_str(out, ", ");
			buf_add_span(out, option);
		}
	}
}

bool require_has_unknown(const struct message *request)
{
	struct buf options;
	bool has;

	buf_init(&options, 0);
	require_unknown(request, &options);
	has = options.len > 0;
	buf_free(&options);
	return has;
}
