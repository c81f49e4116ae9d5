/* tandemd: options, the background, exit codes. */
#include "base/err.h"
#include "base/log.h"
#include "process/journald.h"
#include "process/sandbox.h"
#include "server.h"
#include "startcheck.h"
#include "tandem-config.h"

#include <fcntl.h>
#include <getopt.h>
#include <paths.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <syslog.h>
#include <unistd.h>

#ifndef TANDEM_SYSCONFDIR
#define TANDEM_SYSCONFDIR "/etc/tandem"
#endif

enum { EXIT_USAGE = 2, EXIT_CONFIG = 6 };

static const char usage[] =
	"usage: tandemd [-c FILE] [-d] [-f]\n"
	"       tandemd -t [--json] [-c FILE]\n"
	"  -c FILE  configuration (" TANDEM_SYSCONFDIR "/tandem.conf)\n"
	"  -d       log at debug level\n"
	"  -f       stay in the foreground\n"
	"  -t       check whether it would start, change nothing, and exit: 0, or 6 "
	"with\n"
	"           every mistake; --json prints the same for programs\n"
	"  -V       print the version and exit\n";

static void syslog_h(void *arg, enum log_level level, const char *line)
{
	static const int priorities[] = {LOG_ERR, LOG_WARNING, LOG_INFO, LOG_DEBUG};

	(void)arg;
	syslog(LOG_DAEMON | priorities[level], "%s", line);
}

/* Forks; the parent waits for the child's verdict on its start and exits with it. Returns
 * in the child, with where the verdict goes. */
static int go_background(void)
{
	unsigned char verdict = EXIT_FAILURE;
	int ends[2];
	pid_t pid;

	if (pipe2(ends, O_CLOEXEC) || (pid = fork()) < 0) {
		perror("tandemd: cannot go to the background");
		exit(EXIT_FAILURE);
	}
	if (pid == 0) {
		close(ends[0]);
		setsid();
		return ends[1];
	}
	close(ends[1]);
	if (read(ends[0], &verdict, 1) != 1)
		verdict = EXIT_FAILURE;
	_exit(verdict);
}

/* The line of a forbidden call can wait for no library: a socket of its own to the log. */
static void report_to_syslog(void)
{
	const struct sockaddr_un log = {.sun_family = AF_UNIX, .sun_path = _PATH_LOG};
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	char mark[64];

	snprintf(mark, sizeof(mark), "<%d>tandemd[%ld]: ", LOG_DAEMON | LOG_ERR,
		(long)getpid());
	if (fd >= 0 && connect(fd, (const struct sockaddr *)&log, sizeof(log)) == 0)
		sandbox_report_to(fd, mark);
	else if (fd >= 0)
		close(fd);
}

/* Lines of who stays on its terminal go there, unless that is the journal. */
static void use_journal(void)
{
	if (!log_stderr_is_journal())
		return;
	sandbox_report_to(STDERR_FILENO, "<3>");
	if (journald_listens())
		log_set_sink(journald_sink, NULL);
}

/* The child listens: its parent may say so, and the terminal is left alone. */
static void leave_terminal(int verdict_fd, unsigned char verdict)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	if (write(verdict_fd, &verdict, 1) != 1)
		_exit(EXIT_FAILURE); /* nobody waits: started and killed at once */
	close(verdict_fd);
	if (verdict != EXIT_SUCCESS)
		return;
	openlog("tandemd", LOG_PID, LOG_DAEMON);
	log_set_sink(journald_listens() ? journald_sink : syslog_h, NULL);
	if (null >= 0) {
		dup2(null, STDIN_FILENO);
		dup2(null, STDOUT_FILENO);
		dup2(null, STDERR_FILENO);
		close(null);
	}
}

static int serve(const char *file, bool foreground)
{
	int verdict_fd = foreground ? -1 : go_background();
	struct err_text text = {{0}};
	struct server *server = NULL;
	int status = EXIT_SUCCESS;
	int err;

	log_set_stamps(foreground);
	if (foreground)
		use_journal();
	else
		report_to_syslog();
	err = server_start(&server, file, &text);
	if (err)
		status = err == ERR_CONFIG ? EXIT_CONFIG : EXIT_FAILURE;
	if (err)
		fprintf(stderr, "tandemd: %s\n", text.text[0] ? text.text : err_str(err));
	if (!foreground)
		leave_terminal(verdict_fd, (unsigned char)status);
	log_release_at_crash();
	if (!err && server_run(server))
		status = EXIT_FAILURE;
	server_stop(server);
	return status;
}

/* What the options ask for. */
struct options {
	const char *file;
	bool foreground;
	bool check_only;
	bool as_json; /* with check_only alone */
};

/* True; false: *RET_STATUS is what to exit with. */
static bool read_options(int argc, char **argv, struct options *ret, int *ret_status)
{
	static const struct option long_options[] = {
		{"json", no_argument, NULL, 'j'},
		{NULL, 0, NULL, 0},
	};
	int option;

	*ret_status = EXIT_SUCCESS;
	while ((option = getopt_long(argc, argv, "c:dftVh", long_options, NULL)) != -1) {
		switch (option) {
		case 'c':
			ret->file = optarg;
			break;
		case 'd':
			log_set_level(LOG_LEVEL_DEBUG);
			break;
		case 'f':
			ret->foreground = true;
			break;
		case 't':
			ret->check_only = true;
			break;
		case 'j':
			ret->as_json = true;
			break;
		case 'V':
			puts("tandemd " PACKAGE_VERSION);
			return false;
		case 'h':
			fputs(usage, stdout);
			return false;
		default:
			*ret_status = EXIT_USAGE;
		}
	}
	if (optind != argc || (ret->as_json && !ret->check_only))
		*ret_status = EXIT_USAGE;
	if (*ret_status != EXIT_SUCCESS)
		fputs(usage, stderr);
	return *ret_status == EXIT_SUCCESS;
}

int main(int argc, char **argv)
{
	struct options options = {.file = TANDEM_SYSCONFDIR "/tandem.conf"};
	int status;

	if (!read_options(argc, argv, &options, &status))
		return status;
	if (options.check_only)
		return startcheck_test(options.file, options.as_json) ? EXIT_SUCCESS
								      : EXIT_CONFIG;
	return serve(options.file, options.foreground);
}
