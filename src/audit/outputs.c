#include "audit/outputs.h"

#include "base/err.h"
#include "evidence/digest.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct output {
	char name[OUTPUTS_NAME_SIZE];
	struct digest *digest;
};

struct outputs {
	outputs_h *h;
	void *arg;
	unsigned count;
	struct output list[OUTPUTS_MAX];
};

int outputs_new(struct outputs **ret, outputs_h *h, void *arg)
{
	struct outputs *outputs = calloc(1, sizeof(*outputs));

	if (!outputs)
		return -ENOMEM;
	outputs->h = h;
	outputs->arg = arg;
	*ret = outputs;
	return 0;
}

void outputs_free(struct outputs *outputs)
{
	if (!outputs)
		return;
	for (unsigned i = 0; i < outputs->count; i++)
		digest_free(outputs->list[i].digest);
	free(outputs);
}

/* The latest first: it is the one that goes on. */
static struct output *find(struct outputs *outputs, const char *name)
{
	for (unsigned i = outputs->count; i-- > 0;)
		if (strcmp(outputs->list[i].name, name) == 0)
			return &outputs->list[i];
	return NULL;
}

int outputs_add(struct outputs *outputs, const char *name, struct span piece)
{
	struct output *output = find(outputs, name);

	if (!output && outputs->count == OUTPUTS_MAX)
		return ERR_LIMIT;
	if (!output) {
		output = &outputs->list[outputs->count];
		if (digest_new(&output->digest) != 0)
			return -ENOMEM;
		snprintf(output->name, sizeof(output->name), "%s", name);
		outputs->count++;
	}
	digest_add(output->digest, piece.p, piece.len);
	outputs->h(outputs->arg, name, piece);
	return 0;
}

void outputs_sums(const struct outputs *outputs, struct buf *out)
{
	char text[DIGEST_TEXT_SIZE];
	struct tlog_hash hash;

	for (unsigned i = 0; i < outputs->count; i++) {
		if (digest_look(outputs->list[i].digest, &hash) != 0) {
			out->err = -ENOMEM;
			return;
		}
		buf_add_str(out, digest_text(&hash, text));
		buf_add_str(out, "  ");
		buf_add_str(out, outputs->list[i].name);
		buf_add_char(out, '\n');
	}
}
