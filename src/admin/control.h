/*
 * The control socket: a UNIX stream socket on which one JSON request a line is answered by
 * one JSON line. {"noun":"trunk","verb":"show","args":["gw"],"user":...} ->
 * {"code":0,"result":...} or {"code":4,"error":"no such trunk: ..."} (with "result" where
 * there are details); code is what tandemctl exits with. "user" is who the client says it
 * works for, noted beside what the kernel says of it. Loop thread.
 *
 * A verb may take its time over its answer: until that has left the client's next request
 * is not read. A client that goes away gives its question up.
 *
 * An answer may come in parts, {"part":...} a line each, before the line with its code. It takes
 * as long as the client wants. At most 256 kB of parts wait for it; what comes then is dropped,
 * and whoever sends the parts counts it.
 *
 * Bounds: a request is 64 kB at most, 32 clients, 30 s for a request to arrive whole, for
 * its answer to come, and for that to be read; who exceeds one is cut.
 */
#pragma once

#include "admin/api.h"
#include "base/err.h"
#include "base/loop.h"

#include <sys/types.h>

struct control;

/*
 * Listens on PATH (0660; a dead socket there is replaced, a live one is an error), which belongs to GROUP
 * unless that is (gid_t)-1. 0, or negative with TEXT. API is borrowed.
 */
int control_new(struct control **ret, struct loop *loop, const char *path, gid_t group,
	struct api *api, struct err_text *text);
/* Closes and unlinks. NULL is fine. */
void control_free(struct control *control);
