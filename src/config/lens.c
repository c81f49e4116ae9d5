#include "config/lens.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/*
 * One node a line, flat: a title is "[]" with what is between the brackets, an entry its
 * key with its value; blank lines and comments have no label. Flat, because that parses
 * twice as fast as nodes in sections, and because Augeas then tells the very line that
 * does not fit, where it would else tell the section's first. A comment begins with ; or #
 * at the start of a line or behind a blank, so pkcs11:token=a;object=b is one value.
 */
static const char lens_text[] =
	"module Tandem =\n"
	"let tail = del /([ \\t]+[;#][^\\n]*|[ \\t]*\\r?)\\n/ \"\\n\"\n"
	"let indent = del /[ \\t]*/ \"\"\n"
	"let word = /[^] \\t\\r\\n;#=[][^] \\t\\r\\n=[]*/\n"
	"let value = /[^ \\t\\r\\n;#][^ \\t\\r\\n]*([ \\t]+[^ \\t\\r\\n;#][^ "
	"\\t\\r\\n]*)*/\n"
	"let note = [ del /[ \\t]*([;#][^\\n]*|\\r)?\\n/ \"\\n\" ]\n"
	"let entry = [ indent . key word . del /[ \\t]*=[ \\t]*/ \" = \" . store value . "
	"tail ]\n"
	"let bare = [ indent . key word . del /[ \\t]*=/ \" =\" . tail ]\n"
	"let title = [ indent . del /\\[[ \\t]*/ \"[\" . label \"[]\"\n"
	"  . store /[^] \\t\\r\\n;#=[][^]\\r\\n=[]*/ . del /\\]/ \"]\" . tail ]\n"
	"let lns = (title | entry | bare | note)*\n";

/* The longest TMPDIR. */
#define LENS_PARENT_MAX 512

static int write_file(const char *path)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	ssize_t written;
	int err = 0;

	if (fd < 0)
		return -errno;
	written = write(fd, lens_text, sizeof(lens_text) - 1);
	if (written < 0)
		err = -errno;
	else if (written != (ssize_t)sizeof(lens_text) - 1)
		err = -ENOSPC;
	if (close(fd) != 0 && err == 0)
		err = -errno;
	return err;
}

/* Augeas loads modules from files alone, so the lens is in one while it compiles. */
static int make_folder(char *ret_folder, size_t size)
{
	const char *const parents[] = {getenv("TMPDIR"), "/dev/shm", "/tmp", "/run"};
	int err = 0;

	for (size_t i = 0; i < sizeof(parents) / sizeof(parents[0]); i++) {
		if (!parents[i] || strlen(parents[i]) > LENS_PARENT_MAX)
			continue;
		snprintf(ret_folder, size, "%s/tandem-lens-XXXXXX", parents[i]);
		if (mkdtemp(ret_folder) != NULL)
			return 0;
		err = -errno;
	}
	return err;
}

static int compile(
	struct augeas **ret, const char *folder, unsigned flags, struct err_text *text)
{
	struct augeas *augeas = aug_init("/", folder, flags);
	int code;

	if (augeas == NULL)
		return err_set(text, -ENOMEM, "augeas cannot start");
	/* The module is loaded when it is first used. */
	if (aug_error(augeas) == AUG_NOERROR && aug_set(augeas, "/in", "\n") == 0 &&
		aug_text_store(augeas, LENS_NAME, "/in", "/out") == 0) {
		*ret = augeas;
		return 0;
	}
	code = aug_error(augeas) == AUG_ENOMEM ? -ENOMEM : ERR_LIBRARY;
	err_set(text, code, "augeas: %s: %s", aug_error_message(augeas),
		aug_error_details(augeas) != NULL ? aug_error_details(augeas) : "");
	aug_close(augeas);
	return code;
}

int lens_open(struct augeas **ret, bool checked, struct err_text *text)
{
	unsigned flags =
		AUG_NO_STDINC | AUG_NO_LOAD | AUG_NO_MODL_AUTOLOAD | AUG_NO_ERR_CLOSE;
	char folder[LENS_PARENT_MAX + 32];
	char path[sizeof(folder) + 16];
	int err;

	if (checked)
		flags |= AUG_TYPE_CHECK;
	err = make_folder(folder, sizeof(folder));
	if (err != 0)
		return err_set(
			text, err, "no folder for temporary files: %s", err_str(err));
	snprintf(path, sizeof(path), "%s/tandem.aug", folder);
	err = write_file(path);
	if (err == 0)
		err = compile(ret, folder, flags, text);
	else
		err_set(text, err, "%s: %s", path, err_str(err));
	unlink(path);
	rmdir(folder);
	return err;
}
