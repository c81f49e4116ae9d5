/*
 * What a process that was killed left of a capture. Before the audit thread starts.
 */
#pragma once

#include <stdbool.h>
#include <sys/types.h>

/*
 * Cuts the capture under DIR_FD back to its last whole record. Of an encrypted one, which nobody here can read, only
 * *ret_unfinished is set. 0 with the number of bytes cut; -ENOENT: there is none; or another negated errno.
 */
int repair_capture(int dir_fd, off_t *ret_cut, bool *ret_unfinished);
