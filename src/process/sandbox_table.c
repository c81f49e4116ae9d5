/*
 * The system calls of a server that has started, in groups, with what each group is for. What is not here ends the
 * process. Names that an architecture does not have (arm64 has no open or poll) are passed over there.
 */
#include "process/sandbox_priv.h"

#include <linux/prctl.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>

#define ALWAYS(call)                                                                     \
	{                                                                                \
		.name = call, .when = SANDBOX_ALWAYS                                     \
	}
#define EQUAL(call, argument, what)                                                      \
	{                                                                                \
		.name = call, .when = SANDBOX_EQUAL, .arg = argument, .value = what      \
	}
/* Of the argument only the bits BITS. */
#define BITS(call, argument, bits, what)                                                 \
	{                                                                                \
		.name = call, .when = SANDBOX_EQUAL, .arg = argument, .mask = bits,      \
		.value = what                                                            \
	}
#define OURS(call, argument)                                                             \
	{                                                                                \
		.name = call, .when = SANDBOX_OURS, .arg = argument                      \
	}
#define NO_SUCH(call)                                                                    \
	{                                                                                \
		.name = call, .when = SANDBOX_NO_SUCH                                    \
	}

const struct sandbox_rule sandbox_rules[] = {
	/* The loop, and what libcurl and libunbound wait with. */
	ALWAYS("epoll_create1"), /* a transport of its own: explain */
	ALWAYS("epoll_ctl"),
	ALWAYS("epoll_pwait"),
	ALWAYS("epoll_pwait2"),
	ALWAYS("epoll_wait"),
	ALWAYS("eventfd2"),
	ALWAYS("poll"),
	ALWAYS("ppoll"),
	ALWAYS("pselect6"),
	ALWAYS("select"),
	ALWAYS("pipe2"), /* libunbound's thread and the loop */
	ALWAYS("pipe"),
	ALWAYS("socketpair"), /* libcurl wakes itself by one */

	/* Descriptors. */
	ALWAYS("close"),
	ALWAYS("close_range"),
	ALWAYS("dup"),
	ALWAYS("dup2"), /* the terminal is left once the start is complete */
	ALWAYS("dup3"),
	ALWAYS("fcntl"),
	ALWAYS("lseek"),
	ALWAYS("pread64"),
	ALWAYS("preadv"),
	ALWAYS("pwrite64"),
	ALWAYS("pwritev"),
	ALWAYS("read"),
	ALWAYS("readv"),
	ALWAYS("write"),
	ALWAYS("writev"),

	/* Files: certificates and configuration at a reload, records and captures. Which of them is Landlock's
	 * matter. */
	ALWAYS("access"),
	ALWAYS("faccessat"),
	ALWAYS("faccessat2"),
	ALWAYS("fadvise64"),
	ALWAYS("fallocate"),
	ALWAYS("fchmod"),
	ALWAYS("fchown"), /* SQLite, where the server is root's: its files get one owner */
	ALWAYS("fdatasync"),
	ALWAYS("flock"),
	ALWAYS("fstat"),
	ALWAYS("fstatfs"),
	ALWAYS("fsync"),
	ALWAYS("ftruncate"),
	ALWAYS("getcwd"),
	ALWAYS("getdents64"),
	ALWAYS("inotify_add_watch"), /* files of certificates are watched */
	ALWAYS("inotify_init1"),
	ALWAYS("inotify_rm_watch"),
	ALWAYS("linkat"), /* calls share files of certificates */
	ALWAYS("lstat"),
	ALWAYS("mkdir"),
	ALWAYS("mkdirat"),
	ALWAYS("newfstatat"),
	ALWAYS("open"),
	ALWAYS("openat"),
	ALWAYS("readlink"),
	ALWAYS("readlinkat"),
	ALWAYS("rename"),
	ALWAYS("renameat"),
	ALWAYS("renameat2"),
	ALWAYS("rmdir"),
	ALWAYS("stat"),
	ALWAYS("statfs"),
	ALWAYS("statx"),
	ALWAYS("umask"), /* tokens make their files by theirs */
	ALWAYS("unlink"),
	ALWAYS("unlinkat"),

	/* Sockets: calls, media, DNS, OCSP, the control socket's clients, the log. No raw ones, none of the
	 * packet, bluetooth, vsock and other families. Listeners are open: no further listen(). */
	ALWAYS("accept"),
	ALWAYS("accept4"),
	ALWAYS("bind"),
	ALWAYS("connect"),
	ALWAYS("getpeername"),
	ALWAYS("getsockname"),
	ALWAYS("getsockopt"),
	ALWAYS("recvfrom"),
	ALWAYS("recvmmsg"),
	ALWAYS("recvmsg"),
	ALWAYS("sendmmsg"),
	ALWAYS("sendmsg"),
	ALWAYS("sendto"),
	ALWAYS("setsockopt"),
	ALWAYS("shutdown"),
	EQUAL("socket", 0, AF_INET),
	EQUAL("socket", 0, AF_INET6),
	EQUAL("socket", 0, AF_UNIX),
	EQUAL("socket", 0,
		AF_NETLINK), /* which addresses there are: glibc and libunbound */

	/* Media by io_uring: the rings are made at the start, and further ones cannot be. */
	ALWAYS("io_uring_enter"),
	ALWAYS("io_uring_register"),

	/* Memory. What can be written is never executed; a library that is loaded late (names and users, tokens,
	 * character sets) is mapped from its file. */
	ALWAYS("brk"),
	ALWAYS("madvise"),
	ALWAYS("mlock"), /* tokens keep keys out of the swap */
	ALWAYS("mlock2"),
	ALWAYS("munlock"),
	BITS("mmap", 2, PROT_WRITE | PROT_EXEC, 0),
	BITS("mmap", 2, PROT_WRITE | PROT_EXEC, PROT_WRITE),
	BITS("mmap", 2, PROT_WRITE | PROT_EXEC, PROT_EXEC),
	BITS("mprotect", 2, PROT_EXEC, 0),
	ALWAYS("mremap"),
	ALWAYS("munmap"),
	/* libsystemd's way around a socket that is full; it tells its caller instead */
	NO_SUCH("memfd_create"),

	/* Threads: libunbound begins one with the first name. Processes are never made, which only the flags of
	 * clone() show: glibc takes that where clone3() is missing. */
	BITS("clone", 0, CLONE_THREAD | CLONE_VM | CLONE_SIGHAND,
		CLONE_THREAD | CLONE_VM | CLONE_SIGHAND),
	NO_SUCH("clone3"),
	ALWAYS("exit"),
	ALWAYS("exit_group"),
	ALWAYS("futex"),
	ALWAYS("futex_waitv"),
	ALWAYS("get_robust_list"),
	ALWAYS("getcpu"),
	ALWAYS("gettid"),
	ALWAYS("membarrier"),
	ALWAYS("rseq"),
	ALWAYS("sched_getaffinity"),
	ALWAYS("sched_yield"),
	ALWAYS("set_robust_list"),
	ALWAYS("set_tid_address"),
	ALWAYS("setpriority"), /* the audit thread comes behind */
	EQUAL("prctl", 0, PR_SET_NAME),
	EQUAL("prctl", 0, PR_GET_NAME),
	EQUAL("prctl", 0, PR_SET_VMA), /* malloc names its arenas in newer versions */
	/* only read: libcap asks, which the module of systemd for names and users brings */
	EQUAL("prctl", 0, PR_CAPBSET_READ),
	EQUAL("prctl", 0, PR_GET_DUMPABLE),
	EQUAL("prctl", 0, PR_GET_KEEPCAPS),
	EQUAL("prctl", 0, PR_GET_NO_NEW_PRIVS),
	EQUAL("prctl", 0, PR_GET_SECUREBITS),

	/* Signals: the end, and its reason. To nobody else. */
	OURS("kill", 0),
	ALWAYS("restart_syscall"),
	ALWAYS("rt_sigaction"),
	ALWAYS("rt_sigpending"),
	ALWAYS("rt_sigprocmask"),
	ALWAYS("rt_sigreturn"),
	ALWAYS("rt_sigtimedwait"),
	ALWAYS("sigaltstack"),
	ALWAYS("signalfd4"),
	OURS("tgkill", 0),

	/* Time. Where the vDSO cannot tell it, the kernel is asked. */
	ALWAYS("clock_getres"),
	ALWAYS("clock_gettime"),
	ALWAYS("clock_nanosleep"),
	ALWAYS("gettimeofday"),
	ALWAYS("nanosleep"),
	ALWAYS("time"),
	ALWAYS("times"),
	ALWAYS("timerfd_create"),
	ALWAYS("timerfd_gettime"),
	ALWAYS("timerfd_settime"),

	/* Who we are, and what of. */
	ALWAYS("getegid"),
	ALWAYS("geteuid"),
	ALWAYS("getgid"),
	ALWAYS("getgroups"),
	ALWAYS("getpid"),
	ALWAYS("getppid"),
	ALWAYS("getrandom"),
	ALWAYS("getresgid"),
	ALWAYS("getresuid"),
	ALWAYS("getrlimit"),
	ALWAYS("getrusage"),
	ALWAYS("getsid"),
	ALWAYS("getuid"),
	ALWAYS("capget"), /* tandemctl status */
	ALWAYS("sysinfo"),
	ALWAYS("uname"),
	EQUAL("prlimit64", 2, 0), /* read, not set */

	/* Devices: sockets, and whether a descriptor is a terminal. */
	EQUAL("ioctl", 1, FIONBIO),
	EQUAL("ioctl", 1, FIONREAD),
	EQUAL("ioctl", 1, FIOCLEX),
	EQUAL("ioctl", 1, TCGETS),
	EQUAL("ioctl", 1, TIOCGWINSZ),
};

const size_t sandbox_rule_count = sizeof(sandbox_rules) / sizeof(sandbox_rules[0]);
