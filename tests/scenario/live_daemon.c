#include "live_daemon.h"

#include "base/clock.h"
#include "ctl/client.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

/* To end by itself, all its calls being over. */
#define LIVE_STOP_MS 20000
/* Records may be longer than this only by what a party sent. */
#define LIVE_RECORD_BYTES 65536
/* What a sanitizer's process ends with after it has spoken. */
#define LIVE_SANITIZER_STATUS "99"

static char *path_in(
	const struct live_daemon *daemon, const char *name, char buf[static 200])
{
	snprintf(buf, 200, "%s/%s", daemon->folder, name);
	return buf;
}

/* ---- the folder ---- */

void live_daemon_init(struct live_daemon *daemon, const char *program)
{
	char path[200];

	*daemon = (struct live_daemon){
		.program = program, .folder = "/tmp/tandem-live-XXXXXX"};
	if (!mkdtemp(daemon->folder) ||
		mkdir(path_in(daemon, "gateways.d", path), 0700) ||
		mkdir(path_in(daemon, "profiles", path), 0700))
		abort();
}

static int remove_h(const char *path, const struct stat *st, int kind, struct FTW *walk)
{
	(void)st;
	(void)kind;
	(void)walk;
	return remove(path);
}

void live_daemon_free(struct live_daemon *daemon)
{
	if (daemon->pid > 0) {
		kill(daemon->pid, SIGKILL);
		waitpid(daemon->pid, NULL, 0);
	}
	nftw(daemon->folder, remove_h, 16, FTW_DEPTH | FTW_PHYS);
}

/* ---- the process ---- */

/* NAME says what SPECIAL and everybody's options say, and what it said before. */
static void set_sanitizer(
	const struct live_daemon *daemon, const char *name, const char *special)
{
	const char *before = getenv(name);
	char options[600];

	snprintf(options, sizeof(options),
		"%s:%s%s:halt_on_error=1:exitcode=%s:log_path=%s/sanitizer", special,
		before ? before : "", before ? ":" : "", LIVE_SANITIZER_STATUS,
		daemon->folder);
	setenv(name, options, 1);
}

static void become(const struct live_daemon *daemon)
{
	char path[200];
	int log = open(path_in(daemon, "log", path), O_WRONLY | O_CREAT | O_APPEND, 0600);

	/* it does not outlive the flow that it plays in */
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	dup2(log, STDOUT_FILENO);
	dup2(log, STDERR_FILENO);
	set_sanitizer(daemon, "ASAN_OPTIONS",
		"print_stacktrace=1:detect_stack_use_after_return=1:strict_string_checks="
		"1");
	set_sanitizer(daemon, "UBSAN_OPTIONS", "print_stacktrace=1");
	set_sanitizer(daemon, "TSAN_OPTIONS", "second_deadlock_stack=1");
	execl(daemon->program, "tandemd", "-f", "-c",
		path_in(daemon, "tandem.conf", path), (char *)NULL);
	perror(daemon->program);
	_exit(127);
}

int live_daemon_start(struct live_daemon *daemon, struct err_text *text)
{
	fflush(NULL);
	daemon->pid = fork();
	if (!daemon->pid)
		become(daemon);
	if (daemon->pid < 0)
		return err_set(text, -errno, "cannot fork");
	return 0;
}

bool live_daemon_answers(struct live_daemon *daemon)
{
	char path[200];
	struct err_text text;

	return !access(path_in(daemon, "run/control.sock", path), F_OK) &&
	       !live_daemon_ask(daemon, "status", "", NULL, NULL, &text);
}

static void print_end(struct live_daemon *daemon, int status)
{
	if (daemon->fault.text[0])
		return;
	if (WIFSIGNALED(status))
		err_set(&daemon->fault, ERR_STATE,
			"crash: tandemd was killed by signal %d", WTERMSIG(status));
	else
		err_set(&daemon->fault, ERR_STATE, "crash: tandemd ended with status %d",
			WEXITSTATUS(status));
}

/* Sanitizers that go on leave a report behind. */
static bool has_report(const struct live_daemon *daemon)
{
	DIR *folder = opendir(daemon->folder);
	struct dirent *entry;
	bool found = false;

	while (folder && (entry = readdir(folder)) != NULL)
		found = found || !strncmp(entry->d_name, "sanitizer", 9);
	if (folder)
		closedir(folder);
	return found;
}

/* Waits for its end without a busy loop: a descriptor of the process is readable then. */
static bool wait_for_end(struct live_daemon *daemon, int timeout_ms, int *ret_status)
{
	int fd = (int)syscall(SYS_pidfd_open, daemon->pid, 0);
	struct pollfd ended = {.fd = fd, .events = POLLIN};
	bool is_over = fd >= 0 && poll(&ended, 1, timeout_ms) == 1 &&
		       waitpid(daemon->pid, ret_status, 0) == daemon->pid;

	if (fd >= 0)
		close(fd);
	if (is_over)
		daemon->pid = 0;
	return is_over;
}

bool live_daemon_is_well(struct live_daemon *daemon, int timeout_ms)
{
	int status;
	bool speaks = !daemon->fault.text[0] && has_report(daemon);

	if (speaks)
		err_set(&daemon->fault, ERR_STATE, "crash: the sanitizer has a report");
	/* it ends when all of that is written */
	if (daemon->pid > 0 &&
		wait_for_end(daemon, speaks ? LIVE_DEATH_MS : timeout_ms, &status))
		print_end(daemon, status);
	return daemon->pid > 0 && !daemon->fault.text[0];
}

int live_daemon_stop(struct live_daemon *daemon, struct err_text *text)
{
	int status;
	int err = live_daemon_ask(daemon, "shutdown", "", NULL, NULL, text);

	if (err)
		return err;
	if (!wait_for_end(daemon, LIVE_STOP_MS, &status))
		return err_set(text, ERR_STATE, "hang: tandemd does not end");
	if (!WIFEXITED(status) || WEXITSTATUS(status)) {
		print_end(daemon, status);
		return err_set(text, ERR_STATE, "%s", daemon->fault.text);
	}
	if (has_report(daemon))
		return err_set(text, ERR_STATE, "crash: the sanitizer has a report");
	return 0;
}

/* ---- asking ---- */

int live_daemon_ask(struct live_daemon *daemon, const char *noun, const char *verb,
	const char *arg, json_t **ret_result, struct err_text *text)
{
	uint64_t begun_us = clock_real()->mono_us(clock_real());
	char *args[2] = {(char *)(uintptr_t)arg, NULL};
	json_t *answer = NULL;
	char path[200];
	uint64_t took_ms;
	enum api_code code = client_ask(path_in(daemon, "run/control.sock", path), noun,
		verb, args, &answer, text);

	took_ms = (clock_real()->mono_us(clock_real()) - begun_us) / 1000;
	if (took_ms > LIVE_ANSWER_MS)
		err_set(&daemon->fault, ERR_STATE,
			"hang: tandemd answered %s %s after %" PRIu64 " ms", noun, verb,
			took_ms);
	if (code != API_OK)
		return ERR_STATE;
	code = (enum api_code)json_integer_value(json_object_get(answer, "code"));
	if (code != API_OK)
		err_set(text, ERR_STATE, "%s %s: %s", noun, verb,
			json_string_value(json_object_get(answer, "error")));
	if (code == API_OK && ret_result)
		*ret_result = json_incref(json_object_get(answer, "result"));
	json_decref(answer);
	return code == API_OK ? 0 : ERR_STATE;
}

json_t *live_daemon_record(struct live_daemon *daemon)
{
	static char line[LIVE_RECORD_BYTES];
	json_t *record = NULL;
	char path[200];
	FILE *file = fopen(path_in(daemon, "state/cdr.jsonl", path), "re");

	if (!file)
		return NULL;
	if (fseek(file, daemon->journal_at, SEEK_SET))
		line[0] = '\0';
	while (!record && fgets(line, sizeof(line), file) && strchr(line, '\n')) {
		daemon->journal_at = ftell(file);
		/* There are others in the log, of no call. */
		if (!strstr(line, "\"kind\":\"call\""))
			continue;
		record = json_loads(line, 0, NULL);
		if (!record)
			err_set(&daemon->fault, ERR_FORMAT,
				"records: a line that is no JSON: %.200s", line);
	}
	fclose(file);
	return record;
}

/* ---- what it wrote ---- */

static void print_file(const char *path, size_t bytes, struct buf *out)
{
	FILE *file = fopen(path, "re");
	char *room;
	long size;

	if (!file)
		return;
	fseek(file, 0, SEEK_END);
	size = ftell(file);
	if (size > (long)bytes)
		size = (long)bytes;
	fseek(file, -size, SEEK_END);
	buf_printf(out, "--- %s\n", path);
	room = buf_reserve(out, bytes);
	if (room)
		out->len += fread(room, 1, (size_t)size, file);
	buf_add_char(out, '\n');
	fclose(file);
}

void live_daemon_print(const struct live_daemon *daemon, size_t bytes, struct buf *out)
{
	DIR *folder = opendir(daemon->folder);
	struct dirent *entry;
	char path[400];

	while (folder && (entry = readdir(folder)) != NULL) {
		if (strncmp(entry->d_name, "sanitizer", 9) &&
			strcmp(entry->d_name, "log"))
			continue;
		snprintf(path, sizeof(path), "%s/%s", daemon->folder, entry->d_name);
		print_file(path, bytes, out);
	}
	if (folder)
		closedir(folder);
}
