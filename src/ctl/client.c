#include "ctl/client.h"

#include "base/buf.h"
#include "ctl/unreachable.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

/* The longest list is far shorter; a server that sends more is none of ours. */
#define ANSWER_MAX ((size_t)64 << 20)

static enum api_code connect_to(
	const char *path, time_t patience_s, int *ret_fd, struct err_text *text)
{
	const struct timeval patience = {.tv_sec = patience_s};
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd, err;

	if (strlen(path) >= sizeof(address.sun_path)) {
		err_set(text, 0, "%s is too long for a socket", path);
		return API_USAGE;
	}
	memcpy(address.sun_path, path, strlen(path) + 1);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0) {
		err_set(text, 0, "cannot make a socket: %s", err_str(-errno));
		return API_FAILED;
	}
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
	if (connect(fd, (struct sockaddr *)&address, sizeof(address)) == 0) {
		*ret_fd = fd;
		return API_OK;
	}
	err = errno;
	close(fd);
	return unreachable_explain(path, err, text);
}

static char *request_line(const char *noun, const char *verb, char *const *args)
{
	const char *user = getenv("SUDO_USER");
	json_t *array = json_array();
	json_t *request =
		json_pack("{s:s, s:s, s:o}", "noun", noun, "verb", verb, "args", array);
	char *line;

	/* A word that is not UTF-8 makes the array shorter: the server then says so. */
	for (; *args; args++)
		json_array_append_new(array, json_string(*args));
	if (user)
		json_object_set_new(request, "user", json_string(user));
	line = json_dumps(request, JSON_COMPACT);
	json_decref(request);
	return line;
}

static int send_line(int fd, const char *line)
{
	size_t len = strlen(line), done = 0;
	ssize_t n;

	while (done <= len) {
		/* The NUL's place is the line end's. */
		if (done < len)
			n = send(fd, line + done, len - done, MSG_NOSIGNAL);
		else
			n = send(fd, "\n", 1, MSG_NOSIGNAL);
		if (n < 0 && errno != EINTR)
			return -errno;
		if (n > 0)
			done += (size_t)n;
	}
	return 0;
}

/* Reads until there is a whole line, whose length without its end is in *RET_LEN. */
static int read_line(int fd, struct buf *answer, size_t *ret_len)
{
	const char *end = NULL;
	size_t searched = 0;
	char *room;
	ssize_t n;

	for (;;) {
		if (answer->len > searched)
			end = memchr(
				answer->data + searched, '\n', answer->len - searched);
		if (end) {
			*ret_len = (size_t)(end - answer->data);
			return 0;
		}
		searched = answer->len;
		room = buf_reserve(answer, 65536);
		if (!room)
			return answer->err;
		n = recv(fd, room, 65536, 0);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n < 0 ? -errno : ERR_CLOSED;
		answer->len += (size_t)n;
	}
}

/* One line of FD as an object. */
static int read_object(int fd, struct buf *bytes, json_t **ret)
{
	json_t *object;
	size_t len = 0;
	int err = read_line(fd, bytes, &len);

	if (err)
		return err;
	object = json_loadb(bytes->data, len, 0, NULL);
	buf_consume(bytes, len + 1);
	if (!json_is_object(object)) {
		json_decref(object);
		return ERR_FORMAT;
	}
	*ret = object;
	return 0;
}

/* Parts, and what comes after them. 1: no more is wanted. */
static int read_answer(
	int fd, struct buf *bytes, client_part_h *part_h, void *arg, json_t **ret)
{
	const json_t *part;
	json_t *object;
	bool more;
	int err;

	for (;;) {
		err = read_object(fd, bytes, &object);
		if (err)
			return err;
		part = json_object_get(object, "part");
		if (!part || !part_h)
			break;
		more = part_h(arg, part);
		json_decref(object);
		if (!more)
			return 1;
	}
	if (!json_is_integer(json_object_get(object, "code"))) {
		json_decref(object);
		return ERR_FORMAT;
	}
	*ret = object;
	return 0;
}

/* What is asked, and who waits for it. */
struct question {
	const char *socket_path, *noun, *verb;
	char *const *args;
	time_t patience_s; /* 0: for ever */
	client_part_h *part_h;
	void *arg;
};

static enum api_code ask(
	const struct question *question, json_t **ret_answer, struct err_text *text)
{
	struct buf bytes;
	enum api_code code;
	char *line;
	int fd = -1, err;

	code = connect_to(question->socket_path, question->patience_s, &fd, text);
	if (code != API_OK)
		return code;
	buf_init(&bytes, ANSWER_MAX);
	line = request_line(question->noun, question->verb, question->args);
	err = line ? send_line(fd, line) : -ENOMEM;
	if (!err)
		err = read_answer(
			fd, &bytes, question->part_h, question->arg, ret_answer);
	if (err < 0) {
		err_set(text, err, "no answer from %s: %s", question->socket_path,
			err == ERR_CLOSED   ? "the server has ended"
			: err == ERR_FORMAT ? "it is no tandemd"
					    : err_str(err));
		code = API_FAILED;
	}
	free(line);
	buf_free(&bytes);
	close(fd);
	return code;
}

enum api_code client_ask(const char *socket_path, const char *noun, const char *verb,
	char *const *args, json_t **ret_answer, struct err_text *text)
{
	const struct question question = {.socket_path = socket_path,
		.noun = noun,
		.verb = verb,
		.args = args,
		.patience_s = API_ANSWER_S};

	return ask(&question, ret_answer, text);
}

enum api_code client_ask_quickly(const char *socket_path, const char *noun,
	const char *verb, char *const *args, json_t **ret_answer, struct err_text *text)
{
	const struct question question = {.socket_path = socket_path,
		.noun = noun,
		.verb = verb,
		.args = args,
		.patience_s = 1};

	return ask(&question, ret_answer, text);
}

enum api_code client_follow(const char *socket_path, const char *noun, const char *verb,
	char *const *args, client_part_h *part_h, void *arg, json_t **ret_answer,
	struct err_text *text)
{
	const struct question question = {.socket_path = socket_path,
		.noun = noun,
		.verb = verb,
		.args = args,
		.part_h = part_h,
		.arg = arg};

	return ask(&question, ret_answer, text);
}
