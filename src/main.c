/* tandemd: options, the background, exit codes. */
#include "base/log.h"
#include "config/config.h"
#include "privilege.h"
#include "server.h"
#include "tandem-config.h"
#include "tls/policy.h"
#include "trunk/trunk.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <syslog.h>
#include <unistd.h>

#ifndef TANDEM_SYSCONFDIR
#define TANDEM_SYSCONFDIR "/etc/tandem"
#endif

enum { EXIT_USAGE = 2, EXIT_CONFIG = 6 };

static const char usage[] =
	"usage: tandemd [-c FILE] [-d] [-f] [-t]\n"
	"  -c FILE  configuration (" TANDEM_SYSCONFDIR "/tandem.conf)\n"
	"  -d       log at debug level\n"
	"  -f       stay in the foreground\n"
	"  -t       check the configuration and exit: 0, or 6 with the mistakes\n"
	"  -V       print the version and exit\n";

/* The files of the configuration, and every certificate, anchor and CRL that they name, read by whom a
 * start makes of us. */
static int check(const char *file)
{
	struct config_errors errors;
	struct err_text text = {{0}};
	struct config *config = NULL;
	bool changed;
	int err = policy_start(&text);

	config_errors_init(&errors);
	if (!err)
		err = config_load(&config, file, &errors);
	if (!err)
		err = privilege_check(config, &text);
	if (!err)
		privilege_warn(config);
	if (!err)
		err = privilege_become(&config, &errors, &changed, &text);
	if (!err && config->tandem.fips == CONFIG_FIPS_REQUIRED)
		err = policy_fips_check(&text);
	if (!err)
		err = trunks_check(config, &text);
	fwrite(errors.text.data, 1, errors.text.len, stderr);
	if (err && (text.text[0] || !errors.text.len))
		fprintf(stderr, "%s: error: %s\n", file,
			text.text[0] ? text.text : err_str(err));
	if (!err)
		printf("%s: %zu servers, %zu gateways: no mistakes\n", file,
			config->server_count, config->gateway_count);
	config_errors_free(&errors);
	config_unref(config);
	policy_stop();
	return err ? EXIT_CONFIG : EXIT_SUCCESS;
}

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
	log_set_sink(syslog_h, NULL);
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
	int err = server_start(&server, file, &text);
	int status = EXIT_SUCCESS;

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

int main(int argc, char **argv)
{
	const char *file = TANDEM_SYSCONFDIR "/tandem.conf";
	bool foreground = false;
	bool check_only = false;
	int option;

	while ((option = getopt(argc, argv, "c:dftVh")) != -1) {
		switch (option) {
		case 'c':
			file = optarg;
			break;
		case 'd':
			log_set_level(LOG_LEVEL_DEBUG);
			break;
		case 'f':
			foreground = true;
			break;
		case 't':
			check_only = true;
			break;
		case 'V':
			puts("tandemd " PACKAGE_VERSION);
			return EXIT_SUCCESS;
		case 'h':
			fputs(usage, stdout);
			return EXIT_SUCCESS;
		default:
			fputs(usage, stderr);
			return EXIT_USAGE;
		}
	}
	if (optind != argc) {
		fputs(usage, stderr);
		return EXIT_USAGE;
	}
	return check_only ? check(file) : serve(file, foreground);
}
