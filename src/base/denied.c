#include "base/denied.h"

#include "base/err.h"

#include <errno.h>
#include <stddef.h>

static denied_h *current; /* RO after start */

void denied_set(denied_h *h)
{
	current = h;
}

int denied_why(const char *path, int err)
{
	int saved_errno = errno;

	if (err == -EACCES && current && current(path))
		err = ERR_SANDBOX;
	errno = saved_errno;
	return err;
}
