#ifdef HAVE_CONFIG_H
#include "tandem-config.h"
#endif

#include "process/sandbox_priv.h"

#include "base/denied.h"
#include "base/log.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#define MODULE "sandbox"

/* RO after start */
static struct sandbox_state state;
static struct sandbox_paths allowed;

const struct sandbox_state *sandbox_state(void)
{
	return &state;
}

/* An instrumented program does what none should: it executes others, traces itself, writes files at its end. */
static const char *unfit(const struct config *config)
{
	if (config->tandem.sandbox == CONFIG_SANDBOX_NO)
		return "[tandem] sandbox = no";
#ifdef TANDEM_INSTRUMENTED
	return "built with a sanitizer or for coverage";
#else
	return NULL;
#endif
}

/* PART cannot be confined, for the reason WHY. */
static int go_without(const struct config *config, const char *part, const char *why,
	char *ret_why, size_t size, struct err_text *text)
{
	snprintf(ret_why, size, "%s", why);
	if (config->tandem.sandbox == CONFIG_SANDBOX_REQUIRED)
		return err_set(text, ERR_CONFIG,
			"[tandem] sandbox = required, but the %s cannot be confined: %s",
			part, why);
	log_warning(MODULE, "event=not-confined part=\"%s\" reason=\"%s\"", part, why);
	return 0;
}

static bool is_forbidden(const char *path)
{
	return !sandbox_reaches(&allowed, path);
}

static int files_without(
	const struct config *config, const char *why, struct err_text *text)
{
	return go_without(
		config, "files", why, state.files_why, sizeof(state.files_why), text);
}

int sandbox_files(const struct config *config, struct err_text *text)
{
	const char *why = unfit(config);
	struct err_text reason;
	unsigned abi;
	int err;

	if (why)
		return files_without(config, why, text);
	abi = sandbox_landlock_abi();
	if (abi == 0)
		return files_without(config,
			errno == EPERM
				? "the container or the unit does not allow Landlock "
				  "(its filter of system calls)"
				: "the kernel has no Landlock (5.13 and later, "
				  "lsm=landlock)",
			text);
	err = sandbox_list_paths(config, &allowed);
	if (!err && setenv("TMPDIR", config->tandem.run_dir, 1))
		err = -errno;
	if (err)
		return err;
	if (sandbox_landlock(abi, &allowed, &reason))
		return files_without(config, reason.text, text);
	state.landlock_abi = abi;
	denied_set(is_forbidden);
	return 0;
}

static int calls_without(
	const struct config *config, const char *why, struct err_text *text)
{
	return go_without(config, "system calls", why, state.calls_why,
		sizeof(state.calls_why), text);
}

int sandbox_calls(const struct config *config, struct err_text *text)
{
	const char *why = unfit(config);
	struct err_text reason;
	unsigned count = 0;

	if (why)
		return calls_without(config, why, text);
	if (sandbox_filter(&count, &reason))
		return calls_without(config, reason.text, text);
	state.calls_allowed = count;
	return 0;
}
