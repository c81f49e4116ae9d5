/*
 * Files that are watched for changes: certificates, keys, lists. The handler is called once
 * after a change, when the files have been quiet for a while, however many changed together.
 * Loop thread.
 *
 * A file has changed when stat(2) of its path, links followed, gives another result. This is
 * right for files that are written in place, renamed, or swapped by a link (certbot,
 * Kubernetes). Events of inotify on the folders only start the comparison. Where there are no
 * events (network file systems, a folder that may not be read, the target of a link), it is
 * done every FILES_POLL_MS.
 */
#pragma once

#include "base/loop.h"

#include <stddef.h>

/* The handler waits until nothing happened for so long: a certificate and its key are two
 * files. */
#define FILES_QUIET_MS 300
/* But it waits no longer than this after the first event, however busy the folder is. */
#define FILES_DELAY_MAX_MS 2000
#define FILES_POLL_MS 10000

struct files;

typedef void files_h(void *arg);

/* H is called from the loop, never from within a function below. 0 or negative. Without
 * inotify the files are only compared every FILES_POLL_MS, and one warning says so. */
int files_new(struct files **ret, struct loop *loop, files_h *h, void *arg);
void files_free(struct files *files); /* NULL is fine */

/*
 * Watches the COUNT PATHS (copied; repeats and "" are fine) and nothing else. What was
 * watched before keeps its state: a change that was not reported yet will be. A new path is
 * compared with its state of now, so call this before the files are read. 0 or -ENOMEM: then all is as before.
 */
int files_set(struct files *files, const char *const *paths, size_t count);
