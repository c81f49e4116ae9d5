/*
 * One open capture file: pcap, link type RAW, microseconds, while it is
 * written. capture_read.h reads it back. Audit thread.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct capture;

/*
 * Opens NAME under DIR_FD. CREATE: it must not exist and is made 0600; else it is continued
 * and must be a plain file with one name. Links are never followed. 0 or a negated errno
 * (-ELOOP: a link; -EPERM: no plain file).
 */
int capture_open(struct capture **ret, int dir_fd, const char *name, bool create);

/* Appends one record; WHOLE is the packet's length before it was cut to LEN. It may stay
 * in memory until capture_flush(). */
void capture_add(struct capture *capture, uint64_t wall_us, const void *packet,
	size_t len, size_t whole);
/* Whether adding LEN bytes more may write to the file. */
bool capture_would_write(const struct capture *capture, size_t len);
/* Forgets the records added since the last flush, none of which may have been written. Returns
 * how many. */
uint64_t capture_drop(struct capture *capture);

/*
 * Writes what is in memory. 0; or a negated errno, and the file was cut back to its last
 * whole record (-ENOENT: somebody removed the file; what it held is gone). Either way
 * *ret_stored and *ret_lost say what became of the records added since the last flush,
 * and the capture can be used further.
 */
int capture_flush(struct capture *capture, uint64_t *ret_stored, uint64_t *ret_lost);

/* After capture_flush(): what was not flushed is thrown away. NULL is fine. */
void capture_close(struct capture *capture);

/*
 * Cuts NAME under DIR_FD, left by a process that was killed, back to its last whole record.
 * 0 with the number of bytes cut, or a negated errno.
 */
int capture_repair(int dir_fd, const char *name, off_t *ret_cut);
