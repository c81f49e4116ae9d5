/*
 * RUN_DIR/NAME: memory that the kernel keeps when the process is killed. It is a file that is mapped; where RUN_DIR is on a
 * memory file system, as /run is, nothing that is written there ever waits for a disk. It does not outlive the machine. One thread
 * at a time.
 */
#pragma once

#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>

struct kept {
	int fd; /* -1: of this process alone */
	char *bytes;
	size_t size; /* that can be used */
	size_t max;
};

/*
 * Maps RUN_DIR/NAME (0600, made where missing) for up to MAX bytes; what the process before left is there, up to size. RUN_DIR NULL:
 * memory that ends with the process. 0; or negative with TEXT: -ELOOP, -EPERM, -EMLINK: it is no file of ours.
 */
int kept_open(struct kept *ret, const char *run_dir, const char *name, size_t max,
	struct err_text *text);
void kept_close(struct kept *kept);

/* At least SIZE bytes can be used; those that are new are zero. 0; ERR_LIMIT: that is more than max; or a negated errno (-ENOSPC). */
int kept_grow(struct kept *kept, size_t size);
/* No more than SIZE bytes are needed: the memory of others is given back. */
void kept_shrink(struct kept *kept, size_t size);
/* Whether it is left to the next process. */
bool kept_is_left(const struct kept *kept);
