#include "bridge/packages.h"

static const struct config_words *packages_of(const struct leg *leg)
{
	return &leg->settings->messages.info_packages;
}

/* The place of NAME among those of LEG; CONFIG_PACKAGES_MAX: there is none. */
static size_t find(const struct leg *leg, struct span name)
{
	const struct config_words *packages = packages_of(leg);

	for (size_t i = 0; i < packages->count && i < CONFIG_PACKAGES_MAX; i++)
		if (span_equal_nocase(name, packages->words[i]))
			return i;
	return CONFIG_PACKAGES_MAX;
}

/* "foo" of "foo;param=1". */
static struct span name_of(struct span value)
{
	struct span name;

	return message_param_next(&value, &name) ? name : (struct span){0};
}

void packages_note(struct leg *leg, const struct message *message)
{
	struct span line, element;

	if (!packages_of(leg)->count || !message_line(message, "Recv-Info", 0, &line))
		return;
	leg->packages = 0;
	for (unsigned nth = 0; message_line(message, "Recv-Info", nth, &line); nth++)
		while (message_element_next(&line, &element)) {
			const size_t at = find(leg, name_of(element));

			if (at < CONFIG_PACKAGES_MAX)
				leg->packages |= 1u << at;
		}
}

void packages_add(const struct leg *leg, struct buf *out)
{
	const struct config_words *packages = packages_of(leg);

	buf_add_str(out, "Recv-Info:");
	for (size_t i = 0; i < packages->count; i++)
		buf_printf(out, "%s %s", i ? "," : "", packages->words[i]);
	buf_add_str(out, "\r\n");
}

/* CONFIG_PACKAGES_MAX: it has none, or another one. */
static size_t find_of(const struct leg *leg, const struct message *info)
{
	struct span line;

	return message_line(info, "Info-Package", 0, &line) ? find(leg, name_of(line))
							    : CONFIG_PACKAGES_MAX;
}

bool packages_are_named(const struct leg *leg, const struct message *info)
{
	return find_of(leg, info) < CONFIG_PACKAGES_MAX;
}

bool packages_are_taken(const struct leg *leg, const struct message *info)
{
	const size_t at = find_of(leg, info);

	return at < CONFIG_PACKAGES_MAX && leg->packages >> at & 1;
}
