#include "fixture.h"

#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

const char fixture_main[] = "[tandem]\n"
			    "fqdn = med1.example.com\n"
			    "profile-dir = profiles\n"
			    "[internal]\n"
			    "certificate = internal.pem\n"
			    "key = internal.key\n"
			    "trust = enterprise.pem\n"
			    "[server pbx1]\n"
			    "host = pbx1.example.com\n"
			    "[external]\n"
			    "udp = 127.0.0.1:5060\n"
			    "certificate = external.pem\n"
			    "key = external.key\n"
			    "trust = carriers.pem\n"
			    "[media]\n"
			    "internal-address = 127.0.0.1\n"
			    "external-address = 127.0.0.2\n";

int fixture_setup(void **state)
{
	struct fixture *fixture = calloc(1, sizeof(*fixture));

	assert_non_null(fixture);
	strcpy(fixture->folder, "/tmp/tandem-test-XXXXXX");
	assert_non_null(mkdtemp(fixture->folder));
	assert_int_equal(mkdir(fixture_path(fixture, "gateways.d"), 0700), 0);
	assert_int_equal(mkdir(fixture_path(fixture, "profiles"), 0700), 0);
	config_errors_init(&fixture->errors);
	fixture_write(fixture, "tandem.conf", fixture_main);
	*state = fixture;
	return 0;
}

static int remove_entry(
	const char *path, const struct stat *status, int type, struct FTW *ftw)
{
	(void)status;
	(void)type;
	(void)ftw;
	return remove(path);
}

int fixture_teardown(void **state)
{
	struct fixture *fixture = *state;

	config_unref(fixture->config);
	config_errors_free(&fixture->errors);
	nftw(fixture->folder, remove_entry, 8, FTW_DEPTH | FTW_PHYS);
	free(fixture);
	return 0;
}

const char *fixture_path(const struct fixture *fixture, const char *name)
{
	static char path[256];

	snprintf(path, sizeof(path), "%s/%s", fixture->folder, name);
	return path;
}

void fixture_write(const struct fixture *fixture, const char *name, const char *text)
{
	int fd = open(fixture_path(fixture, name),
		O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0640);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	close(fd);
}

void fixture_write_main(const struct fixture *fixture, const char *from, const char *to)
{
	const char *at = strstr(fixture_main, from);
	char *text;

	assert_non_null(at);
	assert_true(asprintf(&text, "%.*s%s%s", (int)(at - fixture_main), fixture_main,
			    to, at + strlen(from)) > 0);
	fixture_write(fixture, "tandem.conf", text);
	free(text);
}

char *fixture_read(const struct fixture *fixture, const char *name)
{
	int fd = open(fixture_path(fixture, name), O_RDONLY | O_CLOEXEC);
	char *text = calloc(1, 8192);

	assert_true(fd >= 0);
	assert_non_null(text);
	assert_true(read(fd, text, 8191) >= 0);
	close(fd);
	return text;
}

int fixture_load(struct fixture *fixture)
{
	config_unref(fixture->config);
	fixture->config = NULL;
	config_errors_free(&fixture->errors);
	return config_load(
		&fixture->config, fixture_path(fixture, "tandem.conf"), &fixture->errors);
}

void fixture_load_ok(struct fixture *fixture)
{
	int err = fixture_load(fixture);

	if (fixture->errors.count > 0)
		print_message("%s", buf_str(&fixture->errors.text));
	assert_int_equal(err, 0);
	assert_int_equal(fixture->errors.count, 0);
	assert_non_null(fixture->config);
}

/* TEXT without any "FOLDER/", in place. */
static void strip_folder(char *text, const char *folder)
{
	size_t len = strlen(folder) + 1;
	char *at;

	while ((at = strstr(text, folder)) != NULL)
		memmove(at, at + len, strlen(at + len) + 1);
}

void fixture_load_fails(struct fixture *fixture, const char *lines)
{
	int err = fixture_load(fixture);
	const char *text = buf_str(&fixture->errors.text);
	char *stripped;

	assert_int_equal(err, ERR_CONFIG);
	assert_null(fixture->config);
	assert_non_null(text);
	stripped = strdup(text);
	assert_non_null(stripped);
	strip_folder(stripped, fixture->folder);
	assert_string_equal(stripped, lines);
	free(stripped);
}
