/*
 * A disk that is full, as far as a process can make one.
 */
#pragma once

#include "unit.h"

#include <signal.h>
#include <sys/resource.h>

/* No file that this process writes gets longer than BYTES: write(2) takes what there is room for, then fails with EFBIG. RLIM_INFINITY:
 * as long as it may. */
static inline void limit_files(rlim_t bytes)
{
	struct rlimit limit;

	signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
	limit.rlim_cur = bytes < limit.rlim_max ? bytes : limit.rlim_max;
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
}
