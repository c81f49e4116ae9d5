#include "limits.h"

#include <signal.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/time.h>

/* Shared, because a signal may be sent to one of the processes alone. */
static volatile sig_atomic_t *asked;

static void ask(int number)
{
	(void)number;
	*asked = 1;
}

void limits_begin(void)
{
	const struct sigaction action = {.sa_handler = ask, .sa_flags = SA_RESTART};
	void *page = mmap(NULL, sizeof(*asked), PROT_READ | PROT_WRITE,
		MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (page == MAP_FAILED)
		abort();
	asked = page;
	if (sigaction(SIGINT, &action, NULL) || sigaction(SIGTERM, &action, NULL))
		abort();
}

bool limits_end_asked(void)
{
	return *asked != 0;
}

void limits_cpu(unsigned seconds)
{
	const struct itimerval timer = {.it_value = {.tv_sec = (time_t)seconds}};

	setitimer(ITIMER_PROF, &timer, NULL);
}
