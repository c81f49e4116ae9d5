#include "ctl/client.h"

#include "base/buf.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

/* The longest list is far shorter; a server that sends more is none of ours. */
#define ANSWER_MAX ((size_t)64 << 20)
#define ANSWER_S 60

static enum api_code connect_to(const char *path, int *ret_fd, struct err_text *text)
{
	const struct timeval patience = {.tv_sec = ANSWER_S};
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
	if (err == EACCES || err == EPERM) {
		err_set(text, 0, "%s: permission denied; try as root", path);
		return API_DENIED;
	}
	err_set(text, 0, "no server answers on %s (%s); is tandemd running?", path,
		err_str(-err));
	return API_NOT_RUNNING;
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

static int read_line(int fd, struct buf *answer)
{
	char *room;
	ssize_t n;

	for (;;) {
		room = buf_reserve(answer, 65536);
		if (!room)
			return answer->err;
		n = recv(fd, room, 65536, 0);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n < 0 ? -errno : ERR_CLOSED;
		answer->len += (size_t)n;
		if (answer->data[answer->len - 1] == '\n')
			return 0;
	}
}

enum api_code client_ask(const char *socket_path, const char *noun, const char *verb,
	char *const *args, json_t **ret_answer, struct err_text *text)
{
	json_t *answer = NULL;
	struct buf bytes;
	enum api_code code;
	char *line;
	int fd, err;

	code = connect_to(socket_path, &fd, text);
	if (code != API_OK)
		return code;
	buf_init(&bytes, ANSWER_MAX);
	line = request_line(noun, verb, args);
	err = line ? send_line(fd, line) : -ENOMEM;
	if (!err)
		err = read_line(fd, &bytes);
	if (!err)
		answer = json_loadb(bytes.data, bytes.len, 0, NULL);
	if (!err && !json_is_integer(json_object_get(answer, "code")))
		err = ERR_FORMAT;
	if (err) {
		err_set(text, err, "no answer from %s: %s", socket_path, err_str(err));
		json_decref(answer);
		code = API_FAILED;
	} else {
		*ret_answer = answer;
	}
	free(line);
	buf_free(&bytes);
	close(fd);
	return code;
}
