/* It is written beside where it goes, and gets its name when it is whole: half a bundle is none. */
#include "ctl/export.h"

#include "admin/api.h"
#include "base/err.h"
#include "base/regular.h"
#include "ctl/answer.h"
#include "ctl/client.h"
#include "evidence/radix64.h"
#include "evidence/tar.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define FILES_MAX 80
#define NAME_SIZE 64
#define ARGS_MAX 16
#define COPY_BYTES 65536
#define SUFFIX ".tar"

struct writing {
	const char *to;
	char *folder; /* where it is written */
	int folder_fd;
	char names[FILES_MAX][NAME_SIZE]; /* in their order */
	unsigned count;
	uint64_t bytes;
	struct err_text text; /* why it failed */
};

static bool failed(struct writing *writing, const char *what)
{
	err_set(&writing->text, -errno, "%s: %s", what, err_str(-errno));
	return false;
}

/* The server is trusted with its content, not with our files. */
static bool name_ok(const char *name)
{
	return name && name[0] != '\0' && name[0] != '.' && strlen(name) < NAME_SIZE &&
	       strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
			    "0123456789._-") == strlen(name);
}

static bool is_known(const struct writing *writing, const char *name)
{
	for (unsigned i = 0; i < writing->count; i++)
		if (strcmp(writing->names[i], name) == 0)
			return true;
	return false;
}

static bool write_all(int fd, const void *data, size_t len)
{
	const int err = regular_write(fd, (struct span){data, len}, NULL);

	errno = -err; /* for failed() */
	return !err;
}

/* A piece of NAME, behind those before. */
static bool write_piece(
	struct writing *writing, const char *name, const void *data, size_t len)
{
	const bool known = is_known(writing, name);
	int fd;
	bool good;

	if (!known && writing->count == FILES_MAX) {
		err_set(&writing->text, ERR_LIMIT, "the server gives too many files");
		return false;
	}
	fd = openat(writing->folder_fd, name,
		O_WRONLY | O_APPEND | O_NOFOLLOW | O_CLOEXEC |
			(known ? 0 : O_CREAT | O_EXCL),
		0600);
	if (fd < 0)
		return failed(writing, name);
	if (!known)
		snprintf(writing->names[writing->count++], NAME_SIZE, "%s", name);
	good = write_all(fd, data, len) || failed(writing, name);
	if (close(fd) < 0 && good)
		good = failed(writing, name);
	writing->bytes += len;
	return good;
}

/* The folder is made when there is something to be put there: who is refused leaves nothing. */
static bool begin(struct writing *writing)
{
	if (asprintf(&writing->folder, "%s.XXXXXX", writing->to) < 0)
		writing->folder = NULL;
	if (!writing->folder || !mkdtemp(writing->folder)) {
		failed(writing, writing->to);
		free(writing->folder);
		writing->folder = NULL;
		return false;
	}
	writing->folder_fd =
		open(writing->folder, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	return writing->folder_fd >= 0 || failed(writing, writing->folder);
}

static bool part_h(void *arg, const json_t *part)
{
	const char *name = json_string_value(json_object_get(part, "file"));
	const json_t *text = json_object_get(part, "data");
	struct span data = {json_string_value(text), json_string_length(text)};
	struct writing *writing = arg;
	size_t len = 0;
	char *bytes;
	bool good;

	bytes = malloc(data.len + 1);
	good = name_ok(name) && data.p && bytes &&
	       radix64_read(data, bytes, data.len + 1, &len) == 0;
	if (!good)
		err_set(&writing->text, ERR_FORMAT,
			"the server gives what is no piece of a file");
	good = good && (writing->folder || begin(writing)) &&
	       write_piece(writing, name, bytes, len);
	free(bytes);
	return good;
}

/* ---- the archive ---- */

static bool add_file(
	struct writing *writing, int tar_fd, const char *folder, const char *name)
{
	char path[TAR_PATH_SIZE + NAME_SIZE + 256];
	static char bytes[COPY_BYTES];
	uint8_t head[TAR_BLOCK] = {0};
	struct stat st;
	int fd = openat(writing->folder_fd, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	ssize_t n = 1;
	bool good = fd >= 0 && fstat(fd, &st) == 0;

	snprintf(path, sizeof(path), "%.200s/%s", folder, name);
	if (good && tar_head(head, path, (uint64_t)st.st_size) != 0) {
		errno = ENAMETOOLONG;
		good = false;
	}
	good = good && write_all(tar_fd, head, sizeof(head));
	while (good && (n = read(fd, bytes, sizeof(bytes))) > 0)
		good = write_all(tar_fd, bytes, (size_t)n);
	memset(head, 0, sizeof(head));
	good = good && n == 0 &&
	       write_all(tar_fd, head, tar_padding((uint64_t)st.st_size));
	if (!good)
		failed(writing, name);
	if (fd >= 0)
		close(fd);
	return good;
}

/* In the archive all is in a folder of its name. */
static void folder_of(const char *to, char out[static NAME_SIZE])
{
	const char *base = strrchr(to, '/');

	base = base ? base + 1 : to;
	/* a path in a head has 100 bytes, and a name 63 */
	snprintf(out, 34, "%.*s", (int)(strlen(base) - strlen(SUFFIX)), base);
}

static bool write_archive(struct writing *writing)
{
	static const uint8_t end[2 * TAR_BLOCK];
	char folder[NAME_SIZE];
	int fd = open(
		writing->to, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	bool good;

	if (fd < 0)
		return failed(writing, writing->to);
	folder_of(writing->to, folder);
	good = true;
	for (unsigned i = 0; good && i < writing->count; i++)
		good = add_file(writing, fd, folder, writing->names[i]);
	if (good && !write_all(fd, end, sizeof(end)))
		good = failed(writing, writing->to);
	if (close(fd) < 0 && good)
		good = failed(writing, writing->to);
	if (!good)
		unlink(writing->to);
	return good;
}

/* ---- all of it ---- */

static bool is_archive(const char *to)
{
	const size_t len = strlen(to), suffix = strlen(SUFFIX);

	return len > suffix && strcmp(to + len - suffix, SUFFIX) == 0;
}

/* Where it goes nothing may be. */
static bool is_free(struct writing *writing)
{
	struct stat st;

	if (lstat(writing->to, &st) < 0)
		return true;
	errno = EEXIST;
	return failed(writing, writing->to);
}

/* What is left of it goes. */
static void end(struct writing *writing)
{
	for (unsigned i = 0; writing->folder && i < writing->count; i++)
		unlinkat(writing->folder_fd, writing->names[i], 0);
	if (writing->folder)
		rmdir(writing->folder);
	if (writing->folder_fd >= 0)
		close(writing->folder_fd);
	free(writing->folder);
}

static bool finish(struct writing *writing)
{
	if (!writing->folder)
		return err_set(&writing->text, ERR_FORMAT, "the server gives nothing") ==
		       0;
	if (is_archive(writing->to))
		return write_archive(writing);
	if (renameat2(AT_FDCWD, writing->folder, AT_FDCWD, writing->to,
		    RENAME_NOREPLACE) < 0)
		return failed(writing, writing->to);
	free(writing->folder);
	writing->folder = NULL;
	return true;
}

/* ARGS without --to, which is ours. Returns that, or NULL. */
static const char *take_to(char *const *args, char *ret_args[static ARGS_MAX])
{
	const char *to = NULL;
	unsigned count = 0;

	for (; *args && count < ARGS_MAX - 1; args++)
		if (strcmp(*args, "--to") == 0 && args[1])
			to = *++args;
		else
			ret_args[count++] = *args;
	ret_args[count] = NULL;
	return to && to[0] ? to : NULL;
}

static int say(const struct session *session, const struct writing *writing)
{
	if (session->options->format == FORMAT_JSON) {
		json_t *answer = json_pack("{s:s, s:i, s:I}", "to", writing->to, "files",
			(int)writing->count, "bytes", (json_int_t)writing->bytes);

		json_dumpf(answer, stdout, JSON_INDENT(2));
		putchar('\n');
		json_decref(answer);
	} else if (!session->options->quiet) {
		printf("%s: %u files, %llu bytes; `tandem-verify bundle` checks it\n",
			writing->to, writing->count, (unsigned long long)writing->bytes);
	}
	return answer_flush(API_OK);
}

int export_run(
	const struct session *session, const struct command *command, char *const *args)
{
	char *asked[ARGS_MAX];
	struct writing writing = {.to = take_to(args, asked), .folder_fd = -1};
	struct err_text text = {""};
	json_t *answer = NULL;
	int code = API_FAILED;

	if (!writing.to) {
		fprintf(stderr, "tandemctl: capture export: --to DIR or FILE.tar says "
				"where it goes\n");
		return API_USAGE;
	}
	if (is_free(&writing)) {
		code = (int)client_follow(session->options->socket_path, command->noun,
			command->verb, asked, part_h, &writing, &answer, &text);
		if (code == API_OK && answer)
			code = (int)json_integer_value(json_object_get(answer, "code"));
		if (code == API_OK && (!answer || !finish(&writing)))
			code = API_FAILED;
	}
	end(&writing);
	if (code == API_OK)
		code = say(session, &writing);
	else if (writing.text.text[0])
		fprintf(stderr, "tandemctl: %s\n", writing.text.text);
	else if (answer)
		code = answer_print(session, command, answer);
	else
		fprintf(stderr, "tandemctl: %s\n", text.text);
	json_decref(answer);
	return code;
}
