#include "audit/sealing.h"

#include "audit/entry.h"
#include "audit/found.h"
#include "audit/marks.h"

#include <errno.h>
#include <stdlib.h>

/* Read in one step: some milliseconds. */
#define STEP_BYTES ((size_t)2 << 20)

struct sealing {
	struct found *found;
	sealing_h *h; /* NULL: nobody is told */
	void *arg;
};

int sealing_new(struct sealing **ret)
{
	struct sealing *sealing = calloc(1, sizeof(*sealing));

	if (!sealing || found_new(&sealing->found) != 0) {
		free(sealing);
		return -ENOMEM;
	}
	*ret = sealing;
	return 0;
}

void sealing_free(struct sealing *sealing)
{
	if (!sealing)
		return;
	found_free(sealing->found);
	free(sealing);
}

void sealing_set(struct sealing *sealing, sealing_h *h, void *arg)
{
	sealing->h = h;
	sealing->arg = arg;
}

void sealing_file(struct buf *files, const struct capture *capture, enum sealing_end end)
{
	struct capture_seal seal;

	if (capture_seal(capture, &seal) != 0)
		return;
	entry_file(files, &(struct entry_file){.name = seal.name,
				  .state = end == SEALING_REMOVED ? "removed"
					   : seal.whole           ? "whole"
								  : "cut",
				  .bytes = seal.sums.bytes,
				  .sum = &seal.sums.file,
				  .packets = seal.sums.packets,
				  .blocks = seal.sums.blocks,
				  .root = seal.has_tree ? &seal.sums.root : NULL});
}

void sealing_record(struct sealing *sealing, const struct seal *seal)
{
	if (sealing->h && !seal->files.err && (seal->files.len > 0 || seal->lost > 0))
		sealing->h(sealing->arg, seal);
}

struct found *sealing_found(struct sealing *sealing)
{
	return sealing->found;
}

size_t sealing_count(const struct sealing *sealing)
{
	return found_count(sealing->found);
}

static void mark_h(void *arg, const char *date, const char *id)
{
	marks_line(arg, date, id);
}

void sealing_mark(const struct sealing *sealing, struct buf *lines)
{
	found_each(sealing->found, mark_h, lines);
}

void sealing_step(struct sealing *sealing, int root_fd, struct marks *marks)
{
	size_t budget = STEP_BYTES;
	struct found_call call;

	while (found_step(sealing->found, root_fd, &budget, &call) == 0) {
		sealing_record(sealing,
			&(struct seal){
				.date = call.date, .id = call.id, .files = call.files});
		marks_remove(marks, call.date, call.id);
		buf_free(&call.files);
	}
}
