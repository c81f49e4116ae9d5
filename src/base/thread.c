#include "base/thread.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

struct beginning {
	void *(*run)(void *);
	void *arg;
	char name[16];
};

static void *begin(void *arg)
{
	const struct beginning beginning = *(struct beginning *)arg;

	free(arg);
	pthread_setname_np(pthread_self(), beginning.name);
	return beginning.run(beginning.arg);
}

int thread_start(pthread_t *ret, const char *name, void *(*run)(void *), void *arg)
{
	static const int faults[] = {SIGABRT, SIGBUS, SIGFPE, SIGILL, SIGSEGV, SIGSYS};
	struct beginning *beginning = malloc(sizeof(*beginning));
	sigset_t all, before;
	int err;

	if (!beginning)
		return -ENOMEM;
	beginning->run = run;
	beginning->arg = arg;
	snprintf(beginning->name, sizeof(beginning->name), "%s", name);
	sigfillset(&all);
	/* a thread's own faults are told where they happen */
	for (size_t i = 0; i < sizeof(faults) / sizeof(faults[0]); i++)
		sigdelset(&all, faults[i]);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	err = pthread_create(ret, NULL, begin, beginning);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (err)
		free(beginning);
	return -err;
}
