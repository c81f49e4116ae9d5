/*
 * Files that are watched for change: certificates, keys, lists. One call tells that any of
 * them is another than before, once they have rested, however many changed together. Loop
 * thread.
 *
 * What counts is what stat(2) says of each path, links followed: that is right for files
 * written in place, renamed over, and swapped by a link (certbot, Kubernetes). Events of
 * inotify on the folders only say when to look; where there are none (a network's file
 * system, a folder that may not be read, the far end of a link) a look every
 * FILES_POLL_MS finds the change.
 */
#pragma once

#include "base/loop.h"

#include <stddef.h>

/* So long nothing must happen: a certificate and its key are two files. */
#define FILES_QUIET_MS 300
/* After the first event it is told at the latest, however busy the folder is. */
#define FILES_DELAY_MAX_MS 2000
#define FILES_POLL_MS 10000

struct files;

typedef void files_h(void *arg);

/* H is called from the loop, never from within a function below. 0 or negative. Without
 * inotify it works on by looking alone, and one warning says so. */
int files_new(struct files **ret, struct loop *loop, files_h *h, void *arg);
void files_free(struct files *files); /* NULL is fine */

/*
 * Watches the COUNT PATHS (copied; repeats and "" are fine) and nothing else. What was
 * watched before keeps its state: a change that was not told yet will be. A new path counts
 * from now on, so call this before the files are read. 0 or -ENOMEM: then all is as before.
 */
int files_set(struct files *files, const char *const *paths, size_t count);
