#include "admin/control.h"

#include "base/buf.h"
#include "base/descriptors.h"
#include "base/list.h"
#include "base/log.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define REQUEST_MAX 65536
#define CLIENTS_MAX 32
#define CLIENT_MS 30000
#define BACKLOG 16
#define ARGS_MAX 40
#define WHO_SIZE 160
/* What waits for a client that reads its answer in parts, at most: more is dropped. */
#define PARTS_MAX ((size_t)256 << 10)
/* How long no new client is waited for when there is not even a descriptor of the reserve. */
#define NO_DESCRIPTORS_MS 100

struct control {
	struct loop *loop;
	struct api *api;
	char *path;
	int fd;
	struct loop_fd watch;
	struct list clients;
	unsigned client_count;
	/* For clients, when others have taken all descriptors: an operator must get in then of
	 * all times. */
	struct descriptors_reserve reserve;
	struct timer retry; /* listens again, and fills the reserve */
};

struct client {
	struct list node;
	struct control *control;
	int fd;
	struct loop_fd watch;
	struct timer
		timer; /* runs from the first byte of a request to the last of its answer */
	struct ucred cred;
	struct buf in, out;
	size_t searched;          /* bytes of in known to hold no line end */
	bool ended;               /* the client will send no more */
	struct api_call *pending; /* its answer comes later */
	bool parted;              /* it comes in parts, for as long as it takes */
};

static void client_free(struct client *client)
{
	api_abandon(client->pending);
	list_remove(&client->node);
	client->control->client_count--;
	timer_stop(&client->timer);
	loop_unwatch(&client->watch);
	descriptors_keep(&client->control->reserve, client->fd);
	buf_free(&client->in);
	buf_free(&client->out);
	free(client);
}

static void on_timeout(void *arg)
{
	struct client *client = arg;

	log_info("control", "event=cut pid=%d reason=%s", (int)client->cred.pid,
		client->pending ? "no-answer" : "slow");
	client_free(client);
}

/* Appends ANSWER, which it takes, as a line. */
static void answer(struct client *client, json_t *object)
{
	/* 15 digits: 33.3 is not written 33.299999999999997 */
	const size_t flags = JSON_COMPACT | JSON_REAL_PRECISION(15);
	char *text = object ? json_dumps(object, flags) : NULL;

	json_decref(object);
	if (text)
		buf_add_str(&client->out, text);
	else
		buf_add_str(&client->out, "{\"code\":1,\"error\":\"out of memory\"}");
	buf_add_char(&client->out, '\n');
	free(text);
}

static void answer_error(struct client *client, enum api_code code, const char *error)
{
	answer(client, json_pack("{s:i, s:s}", "code", (int)code, "error", error));
}

/* Reads the strings of JSON array ARGS. Returns how many, or -1. */
static int read_args(const json_t *args, const char *ret_args[static ARGS_MAX])
{
	size_t count = json_array_size(args);

	if (args && (!json_is_array(args) || count > ARGS_MAX))
		return -1;
	for (size_t i = 0; i < count; i++) {
		ret_args[i] = json_string_value(json_array_get(args, i));
		if (!ret_args[i])
			return -1;
	}
	return (int)count;
}

/* RESULT, which may be NULL, is taken. */
static void answer_code(struct client *client, enum api_code code, json_t *result,
	const struct err_text *text)
{
	json_t *object = json_pack("{s:i}", "code", (int)code);

	if (code != API_OK)
		json_object_set_new(object, "error",
			json_string(text->text[0] ? text->text : "failed"));
	if (result)
		json_object_set_new(object, "result", result);
	answer(client, object);
}

static void done_h(
	void *arg, enum api_code code, json_t *result, const struct err_text *text);

static bool part_h(void *arg, json_t *part)
{
	struct client *client = arg;
	struct buf *out = &client->out;

	client->parted = true;
	if (out->len >= PARTS_MAX) {
		json_decref(part);
		return false;
	}
	answer(client, json_pack("{s:o}", "part", part));
	/* Not at once: a client that is gone is not freed under its handler's feet. */
	loop_rewatch(&client->watch, EPOLLOUT);
	return true;
}

static void run_request(struct client *client, const json_t *request)
{
	const char *noun = json_string_value(json_object_get(request, "noun"));
	const char *verb = json_string_value(json_object_get(request, "verb"));
	const char *user = json_string_value(json_object_get(request, "user"));
	const char *args[ARGS_MAX];
	int arg_count = read_args(json_object_get(request, "args"), args);
	struct err_text text = {""};
	struct api_request asked;
	json_t *result = NULL;
	char who[WHO_SIZE];
	enum api_code code;

	if (!noun || arg_count < 0) {
		answer_error(client, API_USAGE,
			"a request is {\"noun\":TEXT,\"verb\":TEXT,\"args\":[TEXT...]}");
		return;
	}
	snprintf(who, sizeof(who), "uid %u pid %d%s%.64s", (unsigned)client->cred.uid,
		(int)client->cred.pid, user ? " user " : "", user ? user : "");
	asked = (struct api_request){.who = who,
		.noun = noun,
		.verb = verb ? verb : "",
		.args = args,
		.arg_count = (size_t)arg_count,
		.done_h = done_h,
		.part_h = part_h,
		.arg = client};
	code = api_call(client->control->api, &asked, &client->pending, &result, &text);
	if (code != API_PENDING)
		answer_code(client, code, result, &text);
}

static void take_line(struct client *client, const char *line, size_t len)
{
	json_error_t error;
	json_t *request = json_loadb(line, len, JSON_REJECT_DUPLICATES, &error);

	if (json_is_object(request))
		run_request(client, request);
	else
		answer_error(client, API_USAGE, "the request is not a JSON object");
	json_decref(request);
}

/* Takes one whole line off what was read. False when there is none. */
static bool next_line(struct client *client)
{
	struct buf *in = &client->in;
	const char *end;
	size_t len;

	if (in->len == client->searched)
		return false;
	end = memchr(in->data + client->searched, '\n', in->len - client->searched);
	if (!end) {
		client->searched = in->len;
		return false;
	}
	len = (size_t)(end - in->data);
	take_line(client, in->data, len);
	buf_consume(in, len + 1);
	client->searched = 0;
	return true;
}

/* 0; -EAGAIN when the client must read first; else it is to be cut. */
static int write_out(struct client *client)
{
	struct buf *out = &client->out;
	size_t done = 0;
	ssize_t n;
	int err = out->err;

	while (!err && done < out->len) {
		n = send(client->fd, out->data + done, out->len - done, MSG_NOSIGNAL);
		if (n >= 0)
			done += (size_t)n;
		else if (errno != EINTR)
			err = -errno;
	}
	buf_consume(out, done);
	return err;
}

/* 0 when something was read, -EAGAIN, or what ends the client. */
static int read_in(struct client *client)
{
	char *room = buf_reserve(&client->in, 4096);
	ssize_t n;

	if (!room)
		return -EMSGSIZE;
	n = recv(client->fd, room, 4096, 0);
	if (n < 0)
		return errno == EINTR ? -EAGAIN : -errno;
	if (n == 0) {
		client->ended = true;
		return 0;
	}
	client->in.len += (size_t)n;
	return 0;
}

/* Answers what is there, one request after the other: the next one is looked at only when
 * the last answer has left, so that a client cannot make answers pile up. */
static int serve(struct client *client)
{
	int err;

	do {
		err = write_out(client);
		if (err)
			return err;
	} while (!client->pending && next_line(client));
	if (client->pending)
		return 0;
	if (client->in.len >= REQUEST_MAX) {
		answer_error(client, API_USAGE, "the request is longer than 64 kB");
		write_out(client);
		return -EMSGSIZE;
	}
	return client->ended ? ERR_CLOSED : 0;
}

/* Serves CLIENT and waits for what comes next. */
static void go_on(struct client *client, int err)
{
	struct timers *timers = loop_timers(client->control->loop);
	bool was_pending = client->pending != NULL;
	bool writing;

	if (!err)
		err = serve(client);
	if (err && err != -EAGAIN) {
		client_free(client);
		return;
	}
	writing = client->out.len > 0;
	/* Without a wish for events a client that is gone is still told. */
	loop_rewatch(&client->watch, writing ? EPOLLOUT : client->pending ? 0U : EPOLLIN);
	if (client->pending ? client->parted : !writing && client->in.len == 0)
		timer_stop(&client->timer);
	else if (!timer_running(&client->timer) || (client->pending && !was_pending))
		timer_start(timers, &client->timer, CLIENT_MS, on_timeout, client);
}

static void on_client(void *arg, uint32_t events)
{
	struct client *client = arg;
	bool writing = client->out.len > 0;
	int err = 0;

	if (client->pending)
		err = writing && !(events & (EPOLLHUP | EPOLLERR)) ? 0 : ERR_CLOSED;
	else if (!writing && (events & (EPOLLIN | EPOLLHUP | EPOLLERR)))
		err = read_in(client);
	else if (writing && (events & (EPOLLHUP | EPOLLERR)))
		err = ERR_CLOSED;
	go_on(client, err);
}

static void done_h(
	void *arg, enum api_code code, json_t *result, const struct err_text *text)
{
	struct client *client = arg;

	client->pending = NULL;
	client->parted = false;
	answer_code(client, code, result, text);
	go_on(client, 0);
}

/* Takes FD, even on failure. */
static void client_new(struct control *control, int fd)
{
	struct client *client = calloc(1, sizeof(*client));
	socklen_t len = sizeof(client->cred);

	if (!client) {
		close(fd);
		return;
	}
	client->control = control;
	client->fd = fd;
	buf_init(&client->in, REQUEST_MAX + 4096);
	buf_init(&client->out, 0);
	list_init(&client->node);
	list_append(&control->clients, &client->node);
	control->client_count++;
	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &client->cred, &len) < 0 ||
		loop_watch(control->loop, &client->watch, fd, EPOLLIN, on_client,
			client) != 0)
		client_free(client);
}

static void on_accept(void *arg, uint32_t events);

static void on_retry(void *arg)
{
	struct control *control = arg;
	const bool whole = descriptors_hold(&control->reserve);

	if (!control->watch.loop)
		loop_watch(control->loop, &control->watch, control->fd, EPOLLIN,
			on_accept, control);
	if (!whole || !control->watch.loop)
		timer_start(loop_timers(control->loop), &control->retry,
			NO_DESCRIPTORS_MS, on_retry, control);
}

/* A descriptor, also out of the reserve; or the negated errno. */
static int accept_client(struct control *control)
{
	int fd = accept4(control->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
	int err = fd < 0 ? -errno : 0;

	if (descriptors_are_out(err) && descriptors_spend(&control->reserve)) {
		fd = accept4(control->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
		err = fd < 0 ? -errno : 0;
	}
	return err ? err : fd;
}

/* Whoever waits would make each turn begin at once, for nothing. */
static void rest(struct control *control)
{
	loop_unwatch(&control->watch);
	timer_start(loop_timers(control->loop), &control->retry, NO_DESCRIPTORS_MS,
		on_retry, control);
}

static void on_accept(void *arg, uint32_t events)
{
	struct control *control = arg;
	int fd = accept_client(control);

	(void)events;
	if (descriptors_are_out(fd))
		rest(control);
	if (fd < 0)
		return;
	if (control->client_count >= CLIENTS_MAX) {
		static const char busy[] =
			"{\"code\":1,\"error\":\"too many control clients\"}\n";

		(void)!send(fd, busy, sizeof(busy) - 1, MSG_NOSIGNAL);
		close(fd);
		return;
	}
	client_new(control, fd);
}

/* Whether somebody listens at ADDRESS. */
static bool is_alive(const struct sockaddr_un *address)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	bool alive;

	if (fd < 0)
		return false;
	alive = connect(fd, (const struct sockaddr *)address, sizeof(*address)) == 0 ||
		errno == EAGAIN;
	close(fd);
	return alive;
}

/* A socket that a killed server left is removed; anything else there is an error. */
static int clear_path(const struct sockaddr_un *address, struct err_text *text)
{
	const char *path = address->sun_path;
	struct stat st;

	if (lstat(path, &st) < 0)
		return errno == ENOENT
			       ? 0
			       : err_set(text, -errno, "%s: %s", path, err_str(-errno));
	if (!S_ISSOCK(st.st_mode))
		return err_set(text, -EEXIST, "%s exists and is no socket", path);
	if (is_alive(address))
		return err_set(text, -EADDRINUSE, "another server listens on %s", path);
	if (unlink(path) < 0)
		return err_set(text, -errno, "cannot remove dead socket %s: %s", path,
			err_str(-errno));
	return 0;
}

static int listen_on(struct control *control, gid_t group, struct err_text *text)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	mode_t mask;
	int err;

	if (strlen(control->path) >= sizeof(address.sun_path))
		return err_set(text, -ENAMETOOLONG, "%s is too long for a socket",
			control->path);
	memcpy(address.sun_path, control->path, strlen(control->path) + 1);
	err = clear_path(&address, text);
	if (err)
		return err;
	control->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (control->fd < 0)
		return err_set(text, -errno, "cannot make a socket: %s", err_str(-errno));
	/* So that at no moment others may connect. */
	mask = umask(0117);
	err = bind(control->fd, (struct sockaddr *)&address, sizeof(address)) < 0 ? -errno
										  : 0;
	umask(mask);
	if (!err && group != (gid_t)-1 && lchown(control->path, (uid_t)-1, group) < 0)
		return err_set(text, -errno,
			"%s cannot be given to group %u: %s; start as root, or be a "
			"member of it",
			control->path, (unsigned)group, err_str(-errno));
	if (!err && listen(control->fd, BACKLOG) < 0)
		err = -errno;
	if (err)
		return err_set(text, err, "cannot listen on %s: %s", control->path,
			err_str(err));
	return 0;
}

int control_new(struct control **ret, struct loop *loop, const char *path, gid_t group,
	struct api *api, struct err_text *text)
{
	struct control *control = calloc(1, sizeof(*control));
	int err;

	if (!control)
		return err_set(text, -ENOMEM, "out of memory");
	control->loop = loop;
	control->api = api;
	control->fd = -1;
	list_init(&control->clients);
	descriptors_hold(&control->reserve);
	control->path = strdup(path);
	err = control->path ? listen_on(control, group, text)
			    : err_set(text, -ENOMEM, "out of memory");
	if (err) {
		/* The path may be another server's: it is not ours to unlink. */
		free(control->path);
		control->path = NULL;
		goto out;
	}
	err = loop_watch(loop, &control->watch, control->fd, EPOLLIN, on_accept, control);
	if (err) {
		err_set(text, err, "cannot watch %s: %s", path, err_str(err));
		goto out;
	}
	*ret = control;
	return 0;
out:
	control_free(control);
	return err;
}

void control_free(struct control *control)
{
	if (!control)
		return;
	LIST_FOREACH (&control->clients, node, next)
		client_free(LIST_ENTRY(node, struct client, node));
	timer_stop(&control->retry);
	descriptors_free(&control->reserve);
	loop_unwatch(&control->watch);
	if (control->fd >= 0)
		close(control->fd);
	if (control->path)
		unlink(control->path);
	free(control->path);
	free(control);
}
