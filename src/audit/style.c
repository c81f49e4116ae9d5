#include "audit/style.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define READ_STEP 4096
#define RECIPIENTS_BYTES_MAX ((size_t)64 << 10)

struct style *style_new(enum config_capture_format format,
	struct age_recipients *recipients, const char *server)
{
	struct style *style = calloc(1, sizeof(*style));

	if (!style)
		return NULL;
	style->refs = 1;
	style->format = format;
	style->media_both = true;
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
	keep_unref(style->keep);
	free(style->server);
	free(style);
}

/* FILE, which is small, appended to OUT. 0 or a negated errno. */
static int read_file(const char *file, struct buf *out)
{
	const int fd = open(file, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	ssize_t got = 1;
	char *room;
	int err = 0;

	if (fd < 0)
		return -errno;
	while (got > 0 && (room = buf_reserve(out, READ_STEP))) {
		got = read(fd, room, READ_STEP);
		if (got < 0)
			err = -errno;
		else
			out->len += (size_t)got;
	}
	close(fd);
	return err ? err : out->err;
}

static int read_recipients(
	struct age_recipients **ret, const char *file, struct err_text *text)
{
	struct err_text why = {{0}};
	struct buf lines;
	int err;

	buf_init(&lines, RECIPIENTS_BYTES_MAX);
	err = read_file(file, &lines);
	if (err)
		err_set(text, err, "recipients: cannot read %s: %s", file, err_str(err));
	if (!err) {
		err = age_recipients_read(ret, buf_span(&lines), &why);
		if (err)
			err_set(text, err, "recipients: %s: %s", file, why.text);
	}
	buf_free(&lines);
	return err;
}

int style_load(struct style **ret, const struct config *config, struct err_text *text)
{
	const char *file = config->audit.recipients;
	struct age_recipients *recipients = NULL;
	struct style *style;
	int err = file[0] ? read_recipients(&recipients, file, text) : 0;

	if (err)
		return err;
	style = style_new(config->audit.format, recipients, config->tandem.fqdn);
	age_recipients_unref(recipients);
	if (!style)
		return err_set(text, -ENOMEM, "out of memory");
	style->media_both = config->audit.media == CONFIG_CAPTURE_BOTH;
	style->keep = keep_load(config);
	if (!style->keep) {
		style_unref(style);
		return err_set(text, -ENOMEM, "out of memory");
	}
	*ret = style;
	return 0;
}

static const char *part_text(unsigned part, char buf[static 16])
{
	buf[0] = '\0';
	if (part > 1)
		snprintf(buf, 16, ".%u", part);
	return buf;
}

const char *style_leaves_name(unsigned part, char buf[static STYLE_NAME_SIZE])
{
	char number[16];

	snprintf(buf, STYLE_NAME_SIZE, "call%s" STYLE_LEAVES, part_text(part, number));
	return buf;
}

const char *style_file_name(
	const struct style *style, unsigned part, char buf[static STYLE_NAME_SIZE])
{
	char number[16];

	snprintf(buf, STYLE_NAME_SIZE, "call%s.%s%s", part_text(part, number),
		style->format == CONFIG_CAPTURE_PCAP ? "pcap" : "pcapng",
		style->recipients ? STYLE_ENCRYPTED : "");
	return buf;
}
