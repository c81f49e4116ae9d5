/*
 * What is read of captures: a file of either format, as somebody may have left it in its folder, and the file that names
 * those whom captures are encrypted for. The first byte says which.
 */
#include "admin/ladder.h"
#include "audit/age.h"
#include "audit/capture_read.h"
#include "audit/pcapng.h"
#include "base/err.h"
#include "fuzz.h"

#include <string.h>

struct seen {
	struct ladder *ladder; /* what is made of it */
	unsigned count;
	unsigned sum;
};

static void touch(struct seen *seen, struct span text)
{
	for (size_t i = 0; i < text.len; i++)
		seen->sum += (unsigned char)text.p[i];
}

/* Each byte is touched, so that a sanitizer sees one that is not there. */
static bool data_h(void *arg, const struct capture_item *item)
{
	struct seen *seen = arg;
	char text[ADDR_TEXT_SIZE];

	touch(seen, item->data);
	touch(seen, item->comment);
	touch(seen, span_of(item->leg));
	touch(seen, span_of(item->trunk));
	touch(seen, span_of(addr_text(&item->source, text)));
	touch(seen, span_of(addr_text(&item->destination, text)));
	MUST(item->knows || (!item->sent && !item->leg[0] && item->comment.len == 0));
	seen->count++;
	if (seen->ladder)
		ladder_add(seen->ladder,
			&(const struct ladder_datagram){.wall_us = item->wall_us,
				.source = item->source,
				.destination = item->destination,
				.knows = item->knows,
				.sent = item->sent,
				.leg = item->leg,
				.name = item->trunk,
				.how = item->comment,
				.data = item->data});
	return true;
}

/* It can be written, and read again. */
static void draw(struct ladder *ladder)
{
	json_t *drawn = ladder_json(ladder, "capture", ""), *again;
	char *text = drawn ? json_dumps(drawn, 0) : NULL;

	MUST(text);
	again = json_loads(text, 0, NULL);
	MUST(again);
	MUST(json_array_size(json_object_get(drawn, "parties")) <= LADDER_PARTIES_MAX);
	json_decref(again);
	json_decref(drawn);
	free(text);
}

static void read_file(const uint8_t *data, size_t size)
{
	char *copy = malloc(size);
	FILE *file = copy ? fmemopen(copy, size, "r") : NULL;
	struct seen seen = {.ladder = ladder_new(true)};
	int err;

	if (file) {
		memcpy(copy, data, size);
		err = capture_read_file(file, data_h, &seen);
		MUST(err == 0 || err == ERR_FORMAT);
		MUST(seen.count <= CAPTURE_READ_MAX);
		if (seen.ladder)
			draw(seen.ladder);
	}
	ladder_free(seen.ladder);
	free(copy);
}

static void read_blocks(const uint8_t *data, size_t size)
{
	size_t at = 0, len;

	while (size - at >= PCAPNG_BLOCK_HEAD &&
		(len = pcapng_block_len(data + at)) > 0) {
		MUST(len % 4 == 0 && len <= PCAPNG_BLOCK_MAX);
		if (len > size - at)
			break;
		at += len;
	}
}

static void read_recipients(const uint8_t *data, size_t size)
{
	struct age_recipients *recipients = NULL;
	struct err_text text = {""};
	int err = age_recipients_read(
		&recipients, (struct span){(const char *)data, size}, &text);

	MUST(err ? !recipients && text.text[0] : recipients != NULL);
	if (recipients)
		MUST(age_recipients_count(recipients) >= 1 &&
			age_recipients_count(recipients) <= AGE_RECIPIENTS_MAX);
	age_recipients_unref(recipients);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size < 2)
		return 0;
	if (data[0] % 2) {
		read_recipients(data + 1, size - 1);
		return 0;
	}
	read_file(data + 1, size - 1);
	read_blocks(data + 1, size - 1);
	return 0;
}
