#ifdef HAVE_CONFIG_H
#include "tandem-config.h"
#endif

#include "process/sandbox.h"

#include "../unit.h"

#include "base/denied.h"
#include "base/log.h"
#include "base/thread.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <locale.h>
#include <net/if.h>
#include <netdb.h>
#include <netinet/in.h>
#include <pwd.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#ifdef HAVE_LIBSECCOMP
#include <seccomp.h>
#endif

/* Each case is a process of its own: a sandbox is for good. */
struct fixture {
	char folder[64];
	char state_dir[96], run_dir[96], file[96], elsewhere[96], key[96];
	struct config config;
};

static void write_file(const char *path)
{
	FILE *file = fopen(path, "we");

	assert_non_null(file);
	fputs("text\n", file);
	fclose(file);
}

static int begin(void **state)
{
	struct fixture *fixture = calloc(1, sizeof(*fixture));
	struct config *config = &fixture->config;

	assert_non_null(fixture);
	snprintf(fixture->folder, sizeof(fixture->folder), "/tmp/tandem-unit-XXXXXX");
	assert_non_null(mkdtemp(fixture->folder));
#define IN(member, name)                                                                 \
	snprintf(fixture->member, sizeof(fixture->member), "%s/%s", fixture->folder, name)
	IN(state_dir, "state");
	IN(run_dir, "run");
	IN(file, "etc/tandem.conf");
	IN(key, "keys/internal.key");
	IN(elsewhere, "elsewhere");
#undef IN
	assert_int_equal(mkdir(fixture->state_dir, 0700), 0);
	assert_int_equal(mkdir(fixture->run_dir, 0700), 0);
	*state = fixture;
	config->tandem.state_dir = fixture->state_dir;
	config->tandem.run_dir = fixture->run_dir;
	config->tandem.gateway_dir = fixture->state_dir;
	config->tandem.profile_dir = fixture->state_dir;
	config->tandem.token_dir = fixture->run_dir;
	config->tandem.sandbox = CONFIG_SANDBOX_REQUIRED;
	config->internal.tls.key = fixture->key;
	config->file = fixture->file;
	for (size_t i = 0; i < 2; i++) {
		char *path = i ? fixture->key : fixture->file;
		char *slash = strrchr(path, '/');

		*slash = '\0';
		assert_int_equal(mkdir(path, 0700), 0);
		*slash = '/';
		write_file(path);
	}
	write_file(fixture->elsewhere);
	return 0;
}

static int end(void **state)
{
	struct fixture *fixture = *state;
	char command[96];

	snprintf(command, sizeof(command), "rm -rf '%s'", fixture->folder);
	assert_int_equal(system(command), 0);
	free(fixture);
	return 0;
}

#ifndef TANDEM_INSTRUMENTED

/* In a child: what a start does before and after it begins threads. */
static void confine(struct fixture *fixture, bool files, bool calls)
{
	struct err_text text = {""};

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) ||
		(files && sandbox_files(&fixture->config, &text)) ||
		(calls && sandbox_calls(&fixture->config, &text))) {
		fprintf(stderr, "%s\n", text.text);
		_exit(99);
	}
}

#endif

struct outcome {
	int status;
	char said[2048];
};

/* Runs H in a child, whose stderr is kept. */
static void run(
	struct fixture *fixture, void (*h)(struct fixture *fixture), struct outcome *ret)
{
	size_t len = 0;
	ssize_t got;
	int ends[2];
	pid_t pid;

	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		dup2(ends[1], STDERR_FILENO);
		h(fixture);
		_exit(0);
	}
	close(ends[1]);
	while ((got = read(ends[0], ret->said + len, sizeof(ret->said) - 1 - len)) > 0)
		len += (size_t)got;
	ret->said[len] = '\0';
	close(ends[0]);
	assert_int_equal(waitpid(pid, &ret->status, 0), pid);
}

/* In a child: an assert that ends it. */
#define CHECK(condition)                                                                 \
	do {                                                                             \
		if (!(condition)) {                                                      \
			fprintf(stderr, "line %d: %s: %s\n", __LINE__, #condition,       \
				strerror(errno));                                        \
			_exit(1);                                                        \
		}                                                                        \
	} while (0)

#if defined(HAVE_LIBSECCOMP) && !defined(TANDEM_INSTRUMENTED)

static void expect_success(struct fixture *fixture, void (*h)(struct fixture *fixture))
{
	struct outcome outcome;

	run(fixture, h, &outcome);
	if (!WIFEXITED(outcome.status) || WEXITSTATUS(outcome.status) != 0)
		fail_msg("status 0x%x: %s", (unsigned)outcome.status, outcome.said);
}

/* ---- what is forbidden ---- */

static const struct forbidden {
	const char *name;
	long number;
	unsigned long args[6];
} forbidden[] = {
	{"execve", SYS_execve, {0}},
	{"execveat", SYS_execveat, {0}},
	{"ptrace", SYS_ptrace, {PTRACE_TRACEME}},
	{"process_vm_readv", SYS_process_vm_readv, {0}},
	{"process_vm_writev", SYS_process_vm_writev, {0}},
	{"pidfd_getfd", SYS_pidfd_getfd, {0}},
	{"bpf", SYS_bpf, {0}},
	{"perf_event_open", SYS_perf_event_open, {0}},
	{"userfaultfd", SYS_userfaultfd, {0}},
	{"mount", SYS_mount, {0}},
	{"pivot_root", SYS_pivot_root, {0}},
	{"chroot", SYS_chroot, {0}},
	{"kexec_load", SYS_kexec_load, {0}},
	{"init_module", SYS_init_module, {0}},
	{"finit_module", SYS_finit_module, {0}},
	{"reboot", SYS_reboot, {0}},
	{"keyctl", SYS_keyctl, {0}},
	{"add_key", SYS_add_key, {0}},
	{"unshare", SYS_unshare, {0}},
	{"setns", SYS_setns, {0}},
	{"setuid", SYS_setuid, {0}},
	{"capset", SYS_capset, {0}},
	{"personality", SYS_personality, {0}},
	{"io_uring_setup", SYS_io_uring_setup, {0}},
	{"listen", SYS_listen, {0}},
	{"symlinkat", SYS_symlinkat, {0}},
	{"mknodat", SYS_mknodat, {0}},
	{"fchmodat", SYS_fchmodat, {0}},
	{"fchownat", SYS_fchownat, {0}},
	{"sched_setscheduler", SYS_sched_setscheduler, {0}},
	{"clock_settime", SYS_clock_settime, {0}},
	/* forbidden with these arguments */
	{"clone", SYS_clone, {SIGCHLD}},
	{"socket", SYS_socket, {AF_PACKET, SOCK_RAW, 0}},
	{"socket", SYS_socket, {AF_ALG, SOCK_SEQPACKET, 0}},
	{"socket", SYS_socket, {AF_VSOCK, SOCK_STREAM, 0}},
	{"prctl", SYS_prctl, {PR_SET_DUMPABLE, 1}},
	{"prctl", SYS_prctl, {PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE}},
	{"ioctl", SYS_ioctl, {0, TIOCSTI}},
	{"ioctl", SYS_ioctl, {0, SIOCGIFNAME}},
	{"mprotect", SYS_mprotect, {0, 4096, PROT_READ | PROT_EXEC}},
	{"mmap", SYS_mmap,
		{0, 4096, PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, ~0UL}},
	{"kill", SYS_kill, {1, 0}},
	{"tgkill", SYS_tgkill, {1, 1, 0}},
	{"prlimit64", SYS_prlimit64, {0, RLIMIT_CORE, 1}},
};

static const struct forbidden *attempt;

static void attempt_it(void)
{
	const unsigned long *args = attempt->args;

	syscall(attempt->number, args[0], args[1], args[2], args[3], args[4], args[5]);
}

static void attempt_h(struct fixture *fixture)
{
	confine(fixture, true, true);
	attempt_it();
}

static void *attempt_thread(void *arg)
{
	const int *fd = arg;
	char byte;

	/* comes when the filter is loaded */
	CHECK(read(*fd, &byte, 1) == 1);
	attempt_it();
	return NULL;
}

/* By a thread that was there before the filter. */
static void attempt_by_thread_h(struct fixture *fixture)
{
	pthread_t thread;
	int ends[2];

	CHECK(pipe2(ends, O_CLOEXEC) == 0);
	confine(fixture, true, false);
	CHECK(thread_start(&thread, "unit", attempt_thread, &ends[0]) == 0);
	confine(fixture, false, true);
	CHECK(write(ends[1], "", 1) == 1);
	pthread_join(thread, NULL);
}

static void expect_death(struct fixture *fixture, void (*h)(struct fixture *fixture))
{
	struct outcome outcome;
	char expected[96];

	run(fixture, h, &outcome);
	snprintf(expected, sizeof(expected),
		"error sandbox event=forbidden-call syscall=%s number=%ld ",
		attempt->name, attempt->number);
	if (!WIFSIGNALED(outcome.status) || WTERMSIG(outcome.status) != SIGSYS)
		fail_msg("%s: status 0x%x: %s", attempt->name, (unsigned)outcome.status,
			outcome.said);
	if (!strstr(outcome.said, expected))
		fail_msg("%s: the line is \"%s\"", attempt->name, outcome.said);
}

static void a_forbidden_call_ends_the_process_and_is_named(void **state)
{
	for (size_t i = 0; i < sizeof(forbidden) / sizeof(forbidden[0]); i++) {
		attempt = &forbidden[i];
		expect_death(*state, attempt_h);
	}
}

static void so_does_that_of_a_thread_that_was_there_before(void **state)
{
	attempt = &forbidden[0];
	expect_death(*state, attempt_by_thread_h);
}

static int report_ends[2];

static void report_h(struct fixture *fixture)
{
	sandbox_report_to(report_ends[1], "<27>mark: ");
	attempt_h(fixture);
}

/* As to syslog, whose socket takes datagrams. */
static void the_line_can_go_elsewhere_with_a_mark(void **state)
{
	static const char expected[] = "<27>mark: error sandbox event=forbidden-call ";
	struct outcome outcome;
	char line[512];
	ssize_t len;

	attempt = &forbidden[0];
	assert_int_equal(
		socketpair(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0, report_ends), 0);
	run(*state, report_h, &outcome);
	assert_true(WIFSIGNALED(outcome.status));
	assert_string_equal(outcome.said, "");
	len = recv(report_ends[0], line, sizeof(line), MSG_DONTWAIT);
	assert_true(len > (ssize_t)strlen(expected));
	assert_memory_equal(line, expected, strlen(expected));
	close(report_ends[0]);
	close(report_ends[1]);
}

/* ---- what is allowed: one function a group of the table ---- */

static void *thread_h(void *arg)
{
	void *memory = malloc(300000);

	CHECK(memory);
	memset(memory, 1, 300000);
	free(memory);
	setpriority(PRIO_PROCESS, (id_t)gettid(), 10);
	*(int *)arg = 1;
	return NULL;
}

static void threads_h(struct fixture *fixture)
{
	pthread_t threads[8];
	int done[8] = {0};

	confine(fixture, true, true);
	for (size_t i = 0; i < 8; i++)
		CHECK(thread_start(&threads[i], "unit", thread_h, &done[i]) == 0);
	for (size_t i = 0; i < 8; i++) {
		CHECK(pthread_join(threads[i], NULL) == 0);
		CHECK(done[i] == 1);
	}
}

static void waiting_h(struct fixture *fixture)
{
	struct epoll_event event = {.events = EPOLLIN};
	int epoll, fd;

	confine(fixture, true, true);
	epoll = epoll_create1(EPOLL_CLOEXEC);
	fd = eventfd(1, EFD_NONBLOCK);
	CHECK(epoll >= 0 && fd >= 0);
	CHECK(epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event) == 0);
	CHECK(epoll_wait(epoll, &event, 1, 0) == 1);
	CHECK(inotify_init1(IN_CLOEXEC) >= 0);
}

static void files_h(struct fixture *fixture)
{
	struct stat status;
	char path[128], moved[128];
	int fd;

	confine(fixture, true, true);
	snprintf(path, sizeof(path), "%s/folder", fixture->state_dir);
	CHECK(mkdir(path, 0700) == 0);
	snprintf(path, sizeof(path), "%s/folder/file", fixture->state_dir);
	snprintf(moved, sizeof(moved), "%s/moved", fixture->state_dir);
	fd = open(path, O_RDWR | O_CREAT | O_EXCL, 0600);
	CHECK(fd >= 0 && write(fd, "x", 1) == 1 && fsync(fd) == 0);
	CHECK(fdatasync(fd) == 0 && ftruncate(fd, 0) == 0 && fstat(fd, &status) == 0);
	close(fd);
	CHECK(rename(path, moved) == 0 || errno == EXDEV); /* EXDEV: the first ABI */
	CHECK(unlink(moved) == 0 || unlink(path) == 0);
}

static void sockets_h(struct fixture *fixture)
{
	struct sockaddr_in local = {
		.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	int stream, datagram;

	confine(fixture, true, true);
	stream = socket(AF_INET, SOCK_STREAM, 0);
	datagram = socket(AF_INET6, SOCK_DGRAM, 0);
	CHECK(stream >= 0);
	CHECK(datagram >= 0 || errno == EAFNOSUPPORT);
	CHECK(bind(stream, (struct sockaddr *)&local, sizeof(local)) == 0);
	CHECK(socket(AF_UNIX, SOCK_DGRAM, 0) >= 0);
	CHECK(sendto(stream, "", 0, MSG_NOSIGNAL | MSG_DONTWAIT, NULL, 0) <= 0);
}

/* Names and users by modules that are loaded now, character sets, a library. */
static void libraries_h(struct fixture *fixture)
{
	const struct addrinfo hints = {.ai_flags = AI_NUMERICHOST};
	struct addrinfo *found;

	confine(fixture, true, true);
	CHECK(getpwnam("root") && getpwuid(0));
	(void)getpwnam("nobody-by-this-name");
	CHECK(getaddrinfo("127.0.0.1", "5060", &hints, &found) == 0);
	freeaddrinfo(found);
	(void)getaddrinfo("localhost", NULL, NULL, &found);
	(void)setlocale(LC_ALL, "C.UTF-8");
	CHECK(dlopen("libm.so.6", RTLD_NOW) || dlerror());
	CHECK(sysconf(_SC_NPROCESSORS_ONLN) > 0);
}

static void abort_h(struct fixture *fixture)
{
	confine(fixture, true, true);
	log_release_at_crash();
	abort();
}

static void a_crash_is_still_a_crash(void **state)
{
	struct outcome outcome;

	run(*state, abort_h, &outcome);
	assert_true(WIFSIGNALED(outcome.status));
	assert_int_equal(WTERMSIG(outcome.status), SIGABRT);
}

static void what_a_server_needs_is_allowed(void **state)
{
	expect_success(*state, threads_h);
	expect_success(*state, waiting_h);
	expect_success(*state, files_h);
	expect_success(*state, sockets_h);
	expect_success(*state, libraries_h);
}

static void new_ways_h(struct fixture *fixture)
{
	confine(fixture, true, true);
	CHECK(syscall(SYS_clone3, NULL, 0) == -1 && errno == ENOSYS);
	CHECK(memfd_create("unit", 0) == -1 && errno == ENOSYS);
}

static void what_glibc_can_do_without_is_not_there(void **state)
{
	expect_success(*state, new_ways_h);
}

/* ---- a kernel that lacks one of them ---- */

/* In a child: the kernel answers CALL with ENOSYS, as one without it. */
static void take_away(const char *call)
{
	scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ALLOW);

	CHECK(filter);
	CHECK(seccomp_rule_add(filter, SCMP_ACT_ERRNO(ENOSYS),
		      seccomp_syscall_resolve_name(call), 0) == 0);
	CHECK(seccomp_load(filter) == 0);
	seccomp_release(filter);
}

static void no_landlock_h(struct fixture *fixture)
{
	struct err_text text = {""};

	take_away("landlock_create_ruleset");
	CHECK(sandbox_files(&fixture->config, &text) == ERR_CONFIG);
	CHECK(strstr(text.text, "[tandem] sandbox = required, but the files cannot be "
				"confined: the kernel has no Landlock"));
	fixture->config.tandem.sandbox = CONFIG_SANDBOX_YES;
	CHECK(sandbox_files(&fixture->config, &text) == 0);
	CHECK(sandbox_state()->landlock_abi == 0);
	CHECK(strstr(sandbox_state()->files_why, "no Landlock"));
	CHECK(open(fixture->elsewhere, O_RDWR) >= 0);
}

static void no_seccomp_h(struct fixture *fixture)
{
	struct err_text text = {""};

	take_away("seccomp");
	CHECK(sandbox_calls(&fixture->config, &text) == ERR_CONFIG);
	CHECK(strstr(text.text, "but the system calls cannot be confined: seccomp"));
	fixture->config.tandem.sandbox = CONFIG_SANDBOX_YES;
	CHECK(sandbox_calls(&fixture->config, &text) == 0);
	CHECK(sandbox_state()->calls_allowed == 0);
	CHECK(strstr(sandbox_state()->calls_why, "seccomp"));
	CHECK(prctl(PR_SET_DUMPABLE, 1) == 0);
}

static void what_the_kernel_lacks_is_said_or_refused(void **state)
{
	expect_success(*state, no_landlock_h);
	expect_success(*state, no_seccomp_h);
}

#endif

#ifndef TANDEM_INSTRUMENTED

/* ---- files ---- */

static void opens_h(struct fixture *fixture)
{
	char path[128], second[128];

	confine(fixture, true, false);
	if (sandbox_state()->landlock_abi == 0)
		_exit(77);
	CHECK(open(fixture->file, O_RDONLY) >= 0);
	CHECK(open(fixture->file, O_WRONLY) < 0 && errno == EACCES);
	CHECK(open(fixture->key, O_RDONLY) >= 0);
	CHECK(open(fixture->elsewhere, O_RDONLY) < 0 && errno == EACCES);
	CHECK(denied_why(fixture->elsewhere, -EACCES) == ERR_SANDBOX);
	CHECK(denied_why(fixture->elsewhere, -ENOENT) == -ENOENT);
	CHECK(denied_why(fixture->key, -EACCES) == -EACCES);
	snprintf(second, sizeof(second), "%s/second", fixture->state_dir);
	snprintf(path, sizeof(path), "%s/keys/not-yet.key", fixture->folder);
	CHECK(denied_why(path, -EACCES) == -EACCES);
	snprintf(path, sizeof(path), "%s/none/not-yet.key", fixture->folder);
	CHECK(denied_why(path, -EACCES) == ERR_SANDBOX);
	snprintf(path, sizeof(path), "%s/new", fixture->folder);
	CHECK(open(path, O_WRONLY | O_CREAT, 0600) < 0 && errno == EACCES);
	CHECK(mkdir(path, 0700) < 0 && errno == EACCES);
	CHECK(unlink(fixture->elsewhere) < 0 && errno == EACCES);
	snprintf(path, sizeof(path), "%s/new", fixture->state_dir);
	CHECK(open(path, O_WRONLY | O_CREAT, 0600) >= 0);
	CHECK(symlink(fixture->file, path) < 0);
	/* a second name in its own folder, but of nothing that may be read alone */
	CHECK(linkat(AT_FDCWD, path, AT_FDCWD, second, 0) == 0);
	CHECK(unlink(second) == 0);
	CHECK(linkat(AT_FDCWD, fixture->key, AT_FDCWD, second, 0) < 0);
	snprintf(path, sizeof(path), "%s/new", fixture->run_dir);
	CHECK(open(path, O_WRONLY | O_CREAT, 0600) >= 0);
	CHECK(open("/etc/passwd", O_RDONLY) >= 0);
	CHECK(open("/etc/passwd", O_WRONLY) < 0);
	CHECK(open("/dev/null", O_RDWR) >= 0);
	CHECK(strcmp(getenv("TMPDIR"), fixture->run_dir) == 0);
}

static void executes_h(struct fixture *fixture)
{
	confine(fixture, true, false);
	if (sandbox_state()->landlock_abi == 0)
		_exit(77);
	execl("/bin/true", "true", NULL);
	CHECK(errno == EACCES);
}

/* By kernels that know this rule. */
static void reaches_out_h(struct fixture *fixture)
{
	confine(fixture, true, false);
	if (sandbox_state()->landlock_abi < 6)
		_exit(77);
	CHECK(kill(getpid(), 0) == 0);
	CHECK(kill(getppid(), 0) < 0 && errno == EPERM);
}

static void expect_confined(struct fixture *fixture, void (*h)(struct fixture *fixture))
{
	struct outcome outcome;

	/* where the kernel has no Landlock it is said, and there is nothing to see */
	fixture->config.tandem.sandbox = CONFIG_SANDBOX_YES;
	run(fixture, h, &outcome);
	if (WIFEXITED(outcome.status) && WEXITSTATUS(outcome.status) == 77)
		skip();
	if (!WIFEXITED(outcome.status) || WEXITSTATUS(outcome.status) != 0)
		fail_msg("status 0x%x: %s", (unsigned)outcome.status, outcome.said);
}

static void files_are_those_of_the_configuration(void **state)
{
	expect_confined(*state, opens_h);
}

static void nothing_is_executed(void **state)
{
	expect_confined(*state, executes_h);
}

static void nobody_else_is_signalled(void **state)
{
	expect_confined(*state, reaches_out_h);
}

#endif

/* ---- what an operator chose ---- */

static void off_h(struct fixture *fixture)
{
	struct err_text text = {""};

	fixture->config.tandem.sandbox = CONFIG_SANDBOX_NO;
	CHECK(sandbox_files(&fixture->config, &text) == 0);
	CHECK(sandbox_calls(&fixture->config, &text) == 0);
	CHECK(strcmp(sandbox_state()->files_why, "[tandem] sandbox = no") == 0);
	CHECK(strcmp(sandbox_state()->calls_why, "[tandem] sandbox = no") == 0);
	CHECK(open(fixture->elsewhere, O_RDWR) >= 0);
	CHECK(denied_why(fixture->elsewhere, -EACCES) == -EACCES);
	CHECK(prctl(PR_SET_DUMPABLE, 1) == 0);
}

static void off_is_off_and_said(void **state)
{
	struct outcome outcome;

	run(*state, off_h, &outcome);
	if (!WIFEXITED(outcome.status) || WEXITSTATUS(outcome.status) != 0)
		fail_msg("status 0x%x: %s", (unsigned)outcome.status, outcome.said);
	assert_non_null(
		strstr(outcome.said, "warning sandbox event=not-confined part=\"files\" "
				     "reason=\"[tandem] sandbox = no\""));
	assert_non_null(strstr(outcome.said, "part=\"system calls\""));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#if defined(HAVE_LIBSECCOMP) && !defined(TANDEM_INSTRUMENTED)
		cmocka_unit_test_setup_teardown(
			a_forbidden_call_ends_the_process_and_is_named, begin, end),
		cmocka_unit_test_setup_teardown(
			so_does_that_of_a_thread_that_was_there_before, begin, end),
		cmocka_unit_test_setup_teardown(
			the_line_can_go_elsewhere_with_a_mark, begin, end),
		cmocka_unit_test_setup_teardown(a_crash_is_still_a_crash, begin, end),
		cmocka_unit_test_setup_teardown(
			what_a_server_needs_is_allowed, begin, end),
		cmocka_unit_test_setup_teardown(
			what_glibc_can_do_without_is_not_there, begin, end),
		cmocka_unit_test_setup_teardown(
			what_the_kernel_lacks_is_said_or_refused, begin, end),
#endif
#ifndef TANDEM_INSTRUMENTED
		cmocka_unit_test_setup_teardown(
			files_are_those_of_the_configuration, begin, end),
		cmocka_unit_test_setup_teardown(nothing_is_executed, begin, end),
		cmocka_unit_test_setup_teardown(nobody_else_is_signalled, begin, end),
#endif
		cmocka_unit_test_setup_teardown(off_is_off_and_said, begin, end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
