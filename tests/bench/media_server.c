#include "media_server.h"
#include "media_ng.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define START_MS 5000

struct media_server {
	struct media_params params;
	pid_t pid;
	clockid_t cpu;
	int control;         /* a child of ours; -1: rtpengine */
	struct media_ng *ng; /* rtpengine */
	unsigned churned;
};

void media_check(int err, const char *what)
{
	if (err == 0)
		return;
	fprintf(stderr, "%s: %s\n", what, err_str(err));
	exit(1);
}

void media_read(int fd, void *data, size_t len)
{
	for (size_t done = 0; done < len;) {
		ssize_t n = read(fd, (uint8_t *)data + done, len - done);

		if (n <= 0)
			exit(1);
		done += (size_t)n;
	}
}

void media_write(int fd, const void *data, size_t len)
{
	for (size_t done = 0; done < len;) {
		ssize_t n = write(fd, (const uint8_t *)data + done, len - done);

		if (n <= 0)
			exit(1);
		done += (size_t)n;
	}
}

struct relay_key media_key(enum relay_suite suite, unsigned seed)
{
	static const size_t len[] = {44, 28, 46, 30, 46, 30, 0};
	struct relay_key key = {.suite = suite};

	key.key.len = len[suite];
	for (size_t i = 0; i < key.key.len; i++)
		key.key.bytes[i] = (uint8_t)(seed >> i % 4 * 8);
	return key;
}

struct media_passed media_pass(const struct relay_key *key)
{
	struct media_passed passed = {
		.suite = key->suite, .len = key->key.len, .mki_len = key->mki_len};

	memcpy(passed.bytes, key->key.bytes, key->key.len);
	memcpy(passed.mki, key->mki, sizeof(passed.mki));
	return passed;
}

struct relay_key media_take(const struct media_passed *passed)
{
	struct relay_key key = {
		.suite = (enum relay_suite)passed->suite, .mki_len = passed->mki_len};

	media_check(secret_set(&key.key, passed->bytes, passed->len), "key");
	memcpy(key.mki, passed->mki, sizeof(key.mki));
	return key;
}

/* Every server has addresses of its own, so that many can stand at a time with all ports. */
static struct addr next_address(void)
{
	static unsigned count;
	struct addr addr;
	char text[32];

	snprintf(text, sizeof(text), "127.0.%u.%u", 64 + getpid() % 128,
		1 + count++ % 250);
	media_check(addr_parse(&addr, text, 0), text);
	return addr;
}

bool media_pin(unsigned core)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(core, &set);
	return sched_setaffinity(0, sizeof(set), &set) == 0;
}

static pid_t fork_on(unsigned core)
{
	pid_t parent = getpid(), pid = fork();

	if (pid != 0)
		return pid;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent || !media_pin(core))
		_exit(1);
	return 0;
}

/* Never returns. */
static void exec_other(
	const struct media_params *params, const struct addr local[2], int control)
{
	char number[5][24], internal[ADDR_TEXT_SIZE], external[ADDR_TEXT_SIZE];
	const unsigned long values[5] = {
		3, sizeof(struct media_call), params->io, params->tick_us, params->suite};

	for (unsigned i = 0; i < 5; i++)
		snprintf(number[i], sizeof(number[i]), "%lu", values[i]);
	/* What is 3 already would close itself. */
	if (control == 3)
		control = dup(control);
	if (dup2(control, 3) == 3)
		execl(params->program, params->program, number[0], number[1], number[2],
			number[3], number[4], addr_text(&local[0], internal),
			addr_text(&local[1], external), (char *)NULL);
	_exit(127);
}

static int start_child(struct media_server *server, struct err_text *text)
{
	const struct media_params *params = &server->params;
	const struct addr local[2] = {next_address(), next_address()};
	struct media_ready ready;
	int control[2];

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, control) != 0)
		return err_set(text, -errno, "socketpair: %s", err_str(-errno));
	fflush(NULL);
	server->pid = fork_on(params->core);
	if (server->pid == 0) {
		close(control[0]);
		if (params->kind == MEDIA_OTHER)
			exec_other(params, local, control[1]);
		(params->kind == MEDIA_BARE ? media_bare_run : media_tandem_run)(
			params, local, control[1]);
		_exit(0);
	}
	close(control[1]);
	server->control = control[0];
	media_read(server->control, &ready, sizeof(ready));
	return err_set(text, ready.err, "%s", ready.text.text);
}

static int start_rtpengine(struct media_server *server, struct err_text *text)
{
	const struct addr local = next_address();
	struct addr ng;

	server->control = -1;
	fflush(NULL);
	media_ng_address(&ng, &local);
	server->pid = fork_on(server->params.core);
	if (server->pid == 0) {
		media_ng_exec(&ng);
		_exit(127);
	}
	return media_ng_new(&server->ng, &ng, START_MS, text);
}

int media_server_start(struct media_server **ret, const struct media_params *params,
	struct err_text *text)
{
	struct media_server *server = calloc(1, sizeof(*server));
	int err;

	if (!server)
		return err_set(text, -ENOMEM, "out of memory");
	server->params = *params;
	server->control = -1;
	err = params->kind == MEDIA_RTPENGINE ? start_rtpengine(server, text)
					      : start_child(server, text);
	if (err == 0 && clock_getcpuclockid(server->pid, &server->cpu) != 0)
		err = err_set(text, ERR_STATE, "the server has ended");
	if (err != 0) {
		media_server_stop(server);
		return err;
	}
	*ret = server;
	return 0;
}

void media_server_stop(struct media_server *server)
{
	if (!server)
		return;
	if (server->control >= 0)
		close(server->control);
	else
		kill(server->pid, SIGKILL);
	waitpid(server->pid, NULL, 0);
	media_ng_free(server->ng);
	free(server);
}

const struct media_params *media_server_params(const struct media_server *server)
{
	return &server->params;
}

static void order(struct media_server *server, enum media_order what,
	struct media_call *calls, unsigned first, unsigned count)
{
	const struct media_request request = {what, first, count};

	media_write(server->control, &request, sizeof(request));
	if (!calls)
		return;
	media_write(server->control, calls + first, count * sizeof(*calls));
	media_read(server->control, calls + first, count * sizeof(*calls));
}

void media_server_open(struct media_server *server, struct media_call *calls,
	unsigned first, unsigned count)
{
	if (!server->ng)
		order(server, MEDIA_OPEN, calls, first, count);
	for (unsigned i = first; server->ng && i < first + count; i++)
		media_ng_open(server->ng, i, server->params.suite, &calls[i]);
}

static void churn_rtpengine(
	struct media_server *server, const struct media_call *call, unsigned count)
{
	/* Names that no other call has. */
	unsigned first = 1000000 + server->churned;

	for (unsigned i = 0; i < count + MEDIA_CHURN_LIVE; i++) {
		struct media_call next = *call;

		if (i >= MEDIA_CHURN_LIVE)
			media_ng_close(server->ng, first + i - MEDIA_CHURN_LIVE);
		if (i < count)
			media_ng_open(server->ng, first + i, server->params.suite, &next);
	}
	server->churned += count;
}

double media_server_churn(struct media_server *server, const struct media_call *call,
	unsigned count, double *ret_loop_us)
{
	double before = media_server_cpu_us(server);
	struct media_call one = *call;
	double loop_us = 0;

	if (server->ng) {
		churn_rtpengine(server, call, count);
	} else {
		const struct media_request request = {MEDIA_CHURN, 0, count};

		media_write(server->control, &request, sizeof(request));
		media_write(server->control, &one, sizeof(one));
		media_read(server->control, &one, sizeof(one));
		if (server->params.kind == MEDIA_TANDEM)
			media_read(server->control, &loop_us, sizeof(loop_us));
	}
	*ret_loop_us = loop_us;
	/* What its other threads still have to do; costs no CPU. */
	usleep(300000);
	return media_server_cpu_us(server) - before;
}

double media_server_cpu_us(const struct media_server *server)
{
	struct timespec used = {0};

	clock_gettime(server->cpu, &used);
	return (double)used.tv_sec * 1e6 + (double)used.tv_nsec / 1e3;
}

/* proc(5): fields 14 and 15 of stat; the name, which may hold anything, ends at the last ')'. */
void media_server_ticks(
	const struct media_server *server, uint64_t *ret_user, uint64_t *ret_system)
{
	char path[64], line[1024] = "";
	unsigned long user = 0, system = 0;
	const char *rest;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/stat", server->pid);
	file = fopen(path, "r");
	rest = file && fgets(line, sizeof(line), file) ? strrchr(line, ')') : NULL;
	if (rest)
		sscanf(rest, ") %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu",
			&user, &system);
	if (file)
		fclose(file);
	*ret_user = user;
	*ret_system = system;
}

void media_server_memory(struct media_server *server, struct media_memory *ret)
{
	char path[64], line[256];
	FILE *file;

	*ret = (struct media_memory){0};
	snprintf(path, sizeof(path), "/proc/%d/status", server->pid);
	file = fopen(path, "r");
	while (file && fgets(line, sizeof(line), file))
		if (strncmp(line, "VmRSS:", 6) == 0)
			ret->rss_kb = strtod(line + 6, NULL);
	if (file)
		fclose(file);
	if (server->params.kind != MEDIA_TANDEM)
		return;
	order(server, MEDIA_HEAP, NULL, 0, 0);
	media_read(server->control, &ret->heap_kb, sizeof(ret->heap_kb));
}

void media_server_captured(struct media_server *server, struct media_captured *ret)
{
	*ret = (struct media_captured){0};
	if (server->params.capture == MEDIA_NO_CAPTURE)
		return;
	order(server, MEDIA_CAPTURED, NULL, 0, 0);
	media_read(server->control, ret, sizeof(*ret));
}
