/* seccomp, by libseccomp: the table becomes a filter, and a call that it forbids becomes a line and the end. */
#ifdef HAVE_CONFIG_H
#include "tandem-config.h"
#endif

#include "process/sandbox_priv.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#ifdef HAVE_LIBSECCOMP

#include <seccomp.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

/* More than any architecture of Linux has. */
#define CALLS_MAX 512

/* For the handler, which may not ask the library. RO after start */
static char *call_names[CALLS_MAX];
static int report_fd = STDERR_FILENO;
static char report_mark[64];

void sandbox_report_to(int fd, const char *mark)
{
	report_fd = fd;
	snprintf(report_mark, sizeof(report_mark), "%s", mark);
}

static char *put_text(char *at, const char *text)
{
	while (*text)
		*at++ = *text++;
	return at;
}

static char *put_number(char *at, unsigned number)
{
	char digits[12];
	size_t count = 0;

	do
		digits[count++] = (char)('0' + number % 10);
	while ((number /= 10) > 0);
	while (count > 0)
		*at++ = digits[--count];
	return at;
}

/* The thread that made the call is here, in the call: nothing that could take a lock or memory. */
static void forbidden_h(int signal_number, siginfo_t *info, void *context)
{
	const struct sigaction deadly = {.sa_handler = SIG_DFL};
	unsigned number = (unsigned)info->si_syscall;
	char line[320];
	char *end = put_text(line, report_mark);

	(void)context;
	end = put_text(end, "error sandbox event=forbidden-call syscall=");
	end = put_text(end, number < CALLS_MAX && call_names[number] ? call_names[number]
								     : "unknown");
	end = put_number(put_text(end, " number="), number);
	end = put_number(put_text(end, " thread="), (unsigned)syscall(SYS_gettid));
	end = put_text(end, " note=\"the server ends: this is a fault of it, or of a "
			    "library, or an attack; [tandem] sandbox\"\n");
	if (send(report_fd, line, (size_t)(end - line), MSG_NOSIGNAL) < 0 &&
		errno == ENOTSOCK && write(report_fd, line, (size_t)(end - line)) < 0)
		errno = 0; /* a line that cannot be written has nobody to be told to */
	sigaction(signal_number, &deadly, NULL);
	/* blocked until this returns: then it is delivered */
	syscall(SYS_tgkill, getpid(), syscall(SYS_gettid), signal_number);
}

static int catch_forbidden(void)
{
	const struct sigaction action = {
		.sa_sigaction = forbidden_h, .sa_flags = SA_SIGINFO};
	sigset_t set;

	for (int i = 0; i < CALLS_MAX; i++)
		if (!call_names[i])
			call_names[i] =
				seccomp_syscall_resolve_num_arch(SCMP_ARCH_NATIVE, i);
	sigemptyset(&set);
	sigaddset(&set, SIGSYS);
	if (sigaction(SIGSYS, &action, NULL) || pthread_sigmask(SIG_UNBLOCK, &set, NULL))
		return -errno;
	return 0;
}

/* 0, also for a call that this architecture does not have; then *RET_KNOWN is false. */
static int add_rule(
	scmp_filter_ctx filter, const struct sandbox_rule *rule, bool *ret_known)
{
	int number = seccomp_syscall_resolve_name(rule->name);
	struct scmp_arg_cmp compare = SCMP_CMP(
		rule->arg, SCMP_CMP_MASKED_EQ, rule->mask ? rule->mask : UINT32_MAX, 0);

	/* the library numbers calls of other architectures below zero */
	*ret_known = number >= 0;
	if (number < 0)
		return 0;
	switch (rule->when) {
	case SANDBOX_ALWAYS:
		return seccomp_rule_add(filter, SCMP_ACT_ALLOW, number, 0);
	case SANDBOX_NO_SUCH:
		*ret_known = false;
		return seccomp_rule_add(filter, SCMP_ACT_ERRNO(ENOSYS), number, 0);
	case SANDBOX_EQUAL:
		compare.datum_b = rule->value;
		break;
	case SANDBOX_OURS:
		compare.datum_b = (uint64_t)getpid();
		break;
	}
	return seccomp_rule_add_array(filter, SCMP_ACT_ALLOW, number, 1, &compare);
}

static int fill(scmp_filter_ctx filter, unsigned *ret_allowed)
{
	const char *before = "";
	int err = seccomp_attr_set(filter, SCMP_FLTATR_CTL_TSYNC, 1);

	/* calls by another table, as 32-bit programs make them, end it without a line */
	if (!err)
		err = seccomp_attr_set(
			filter, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS);
	/* where a thread of a library cannot be heard, the kernel's own log says it */
	(void)seccomp_attr_set(filter, SCMP_FLTATR_CTL_LOG, 1);
	/* a tree instead of a list: 150 comparisons of each call are felt */
	(void)seccomp_attr_set(filter, SCMP_FLTATR_CTL_OPTIMIZE, 2);
	*ret_allowed = 0;
	for (size_t i = 0; err == 0 && i < sandbox_rule_count; i++) {
		const struct sandbox_rule *rule = &sandbox_rules[i];
		bool known;

		err = add_rule(filter, rule, &known);
		if (known && strcmp(rule->name, before) != 0)
			++*ret_allowed;
		before = rule->name;
	}
	return err;
}

int sandbox_filter(unsigned *ret_allowed, struct err_text *text)
{
	scmp_filter_ctx filter = seccomp_init(SCMP_ACT_TRAP);
	int err = filter ? fill(filter, ret_allowed) : -ENOMEM;

	if (!err)
		err = catch_forbidden();
	if (!err)
		err = seccomp_load(filter);
	if (filter)
		seccomp_release(filter);
	return err ? err_set(text, err, "seccomp: %s", strerror(-err)) : 0;
}

#else

void sandbox_report_to(int fd, const char *mark)
{
	(void)fd;
	(void)mark;
}

int sandbox_filter(unsigned *ret_allowed, struct err_text *text)
{
	(void)ret_allowed;
	return err_set(text, -ENOSYS, "built without libseccomp");
}

#endif
