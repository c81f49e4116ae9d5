#include "check/check_priv.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* The server that writes this state-dir, if it is the one of this run-dir too. */
static long find_running(const struct config *config)
{
	char *lock, *pid_file;
	long pid = 0;

	if (asprintf(&lock, "%s/lock", config->tandem.state_dir) < 0)
		return 0;
	if (asprintf(&pid_file, "%s/tandemd.pid", config->tandem.run_dir) < 0)
		pid_file = NULL;
	if (pid_file)
		pid = holder_in_file(pid_file);
	if (pid > 0 && pid != holder_of_lock(lock))
		pid = 0;
	free(lock);
	free(pid_file);
	return pid;
}

void check_begin(struct check *check, struct config *config, struct findings *findings,
	enum check_by by)
{
	memset(check, 0, sizeof(*check));
	check->config = config;
	check->findings = findings;
	check->by = by;
	if (by == CHECK_BY_TEST)
		check->running = find_running(config);
	if (by == CHECK_BY_SERVER)
		check->running = getpid();
}

void check_end(struct check *check)
{
	locator_free(&check->locator);
}

void check_machine(struct check *check)
{
	if (check->by == CHECK_BY_TEST && check->running)
		findings_add(check->findings, FINDING_NOTE,
			(struct place){check->config->file, 0, 0}, "",
			"the server of this configuration runs, process %ld: what it "
			"holds counts as free",
			check->running);
	check_folders(check);
	check_ports(check);
	check_media(check);
	check_limits(check);
}

void check_rights(struct check *check)
{
	check_folder_contents(check);
}

void check_advice(struct check *check)
{
	check_gateways(check);
	check_microsoft(check);
	check_names(check);
}
