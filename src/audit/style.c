#include "audit/style.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct style *style_new(enum config_capture_format format,
	struct age_recipients *recipients, const char *server)
{
	struct style *style = calloc(1, sizeof(*style));

	if (!style)
		return NULL;
	style->refs = 1;
	style->format = format;
	style->recipients = age_recipients_ref(recipients);
	style->server = strdup(server);
	if (!style->server) {
		style_unref(style);
		return NULL;
	}
	return style;
}

struct style *style_ref(struct style *style)
{
	__atomic_fetch_add(&style->refs, 1, __ATOMIC_RELAXED);
	return style;
}

void style_unref(struct style *style)
{
	if (!style || __atomic_fetch_sub(&style->refs, 1, __ATOMIC_ACQ_REL) > 1)
		return;
	age_recipients_unref(style->recipients);
	free(style->server);
	free(style);
}

const char *style_file_name(
	const struct style *style, unsigned part, char buf[static STYLE_NAME_SIZE])
{
	char number[16] = "";

	if (part > 1)
		snprintf(number, sizeof(number), ".%u", part);
	snprintf(buf, STYLE_NAME_SIZE, "call%s.%s%s", number,
		style->format == CONFIG_CAPTURE_PCAP ? "pcap" : "pcapng",
		style->recipients ? ".age" : "");
	return buf;
}
