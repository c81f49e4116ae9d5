/*
 * The capture is made here, with the rights of whoever calls, and not by the server, which has no capability and, by its
 * sandbox, no socket of this kind. The server keeps the secrets meanwhile, and says which addresses matter.
 */
#include <pcap.h>

#include "ctl/wire_capture.h"

#include "base/err.h"
#include "base/span.h"
#include "ctl/client.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define SNAPLEN 262144
#define WAIT_MS 200
#define BUFFER_BYTES (32 << 20)
#define FILES_MAX 1000
#define MIB (UINT64_C(1) << 20)
#define FILTER_SIZE 8192
#define NAME_SIZE 32

struct wire {
	const struct session *session;
	/* options */
	const char *interface, *expression, *trunk, *for_text;
	uint64_t size, files;
	/* of the server */
	char *folder;
	char filter[FILTER_SIZE];
	/* what is written */
	pcap_t *pcap;
	pcap_dumper_t *dumper;
	int folder_fd;
	unsigned number; /* of the file */
	uint64_t written, packets;
	struct err_text text;
};

static volatile sig_atomic_t stopped;

static void on_signal(int number)
{
	(void)number;
	stopped = 1;
}

/* ---- options ---- */

static bool take_number(const char *value, uint64_t max, uint64_t *ret)
{
	return span_uint(span_of(value), max, ret) == 0 && *ret > 0;
}

static bool take_option(struct wire *wire, const char *name, const char *value)
{
	bool good = true;

	if (strcmp(name, "--trunk") == 0)
		wire->trunk = value;
	else if (strcmp(name, "--filter") == 0)
		wire->expression = value;
	else if (strcmp(name, "--for") == 0)
		wire->for_text = value;
	else if (strcmp(name, "--interface") == 0)
		wire->interface = value;
	else if (strcmp(name, "--size") == 0)
		good = take_number(value, 100000, &wire->size);
	else if (strcmp(name, "--files") == 0)
		good = take_number(value, FILES_MAX, &wire->files);
	else
		good = false;
	return good;
}

static bool read_options(struct wire *wire, char *const *args)
{
	for (; *args; args++) {
		if (strcmp(*args, "--wire") == 0)
			continue;
		if (!args[1] || !take_option(wire, args[0], args[1]))
			return false;
		args++;
	}
	return wire->for_text != NULL;
}

/* ---- libpcap ---- */

/* Before anything begins: is it an expression? */
static bool check_expression(struct wire *wire)
{
	pcap_t *dead = pcap_open_dead(DLT_LINUX_SLL, SNAPLEN);
	struct bpf_program program;
	bool good;

	if (!dead)
		return false;
	good = pcap_compile(dead, &program, wire->expression ? wire->expression : "", 1,
		       PCAP_NETMASK_UNKNOWN) == 0;
	if (good)
		pcap_freecode(&program);
	else
		err_set(&wire->text, -EINVAL, "--filter: %s", pcap_geterr(dead));
	pcap_close(dead);
	return good;
}

static bool open_interface(struct wire *wire)
{
	char why[PCAP_ERRBUF_SIZE] = "";
	int err;

	wire->pcap = pcap_create(wire->interface, why);
	if (!wire->pcap) {
		err_set(&wire->text, -EIO, "%s: %s", wire->interface, why);
		return false;
	}
	pcap_set_snaplen(wire->pcap, SNAPLEN);
	pcap_set_timeout(wire->pcap, WAIT_MS);
	pcap_set_buffer_size(wire->pcap, BUFFER_BYTES);
	err = pcap_activate(wire->pcap);
	if (err >= 0 && pcap_setnonblock(wire->pcap, 1, why) != 0)
		err = PCAP_ERROR;
	if (err == PCAP_ERROR_PERM_DENIED)
		err_set(&wire->text, -EPERM,
			"%s: capturing on the wire takes root, or CAP_NET_RAW",
			wire->interface);
	else if (err < 0)
		err_set(&wire->text, -EIO, "%s: %s", wire->interface,
			pcap_geterr(wire->pcap));
	return err >= 0;
}

static bool use_filter(struct wire *wire)
{
	struct bpf_program program;
	bool good = pcap_compile(wire->pcap, &program, wire->filter, 1,
			    PCAP_NETMASK_UNKNOWN) == 0;

	if (good) {
		good = pcap_setfilter(wire->pcap, &program) == 0;
		pcap_freecode(&program);
	}
	if (!good)
		err_set(&wire->text, -EINVAL, "filter: %s", pcap_geterr(wire->pcap));
	return good;
}

/* ---- the server ---- */

static bool take_answer(struct wire *wire, const json_t *answer)
{
	const json_t *result = json_object_get(answer, "result");
	const char *folder = json_string_value(json_object_get(result, "folder"));
	const char *filter = json_string_value(json_object_get(result, "filter"));
	const char *mine = wire->expression ? wire->expression : "";
	const char *error = json_string_value(json_object_get(answer, "error"));

	if (!folder || !filter) {
		err_set(&wire->text, -EIO, "%s", error ? error : "no answer");
		return false;
	}
	wire->folder = strdup(folder);
	if (filter[0] && mine[0])
		snprintf(wire->filter, sizeof(wire->filter), "(%s) and (%s)", filter,
			mine);
	else
		snprintf(wire->filter, sizeof(wire->filter), "%s%s", filter, mine);
	return wire->folder != NULL;
}

static char *word(const char *text)
{
	return strdup(text);
}

/* The exit code; API_OK: the secrets are kept. */
static int begin_keys(struct wire *wire)
{
	char *args[5] = {word("--for"), word(wire->for_text), NULL, NULL, NULL};
	json_t *answer = NULL;
	int code;

	if (wire->trunk) {
		args[2] = word("--trunk");
		args[3] = word(wire->trunk);
	}
	code = (int)client_ask(wire->session->options->socket_path, "wire", "start", args,
		&answer, &wire->text);
	if (code == API_OK) {
		code = (int)json_integer_value(json_object_get(answer, "code"));
		if (!take_answer(wire, answer) && code == API_OK)
			code = API_FAILED;
	}
	json_decref(answer);
	for (unsigned i = 0; i < 4; i++)
		free(args[i]);
	return code;
}

static void end_keys(const struct wire *wire)
{
	char *const none[] = {NULL};
	struct err_text text;
	json_t *answer = NULL;

	(void)client_ask(wire->session->options->socket_path, "wire", "stop", none,
		&answer, &text);
	json_decref(answer);
}

/* ---- files ---- */

static const char *file_name(unsigned number, char buf[static NAME_SIZE])
{
	snprintf(buf, NAME_SIZE, "wire-%06u.pcap", number);
	return buf;
}

/* The folder is the server's: links in it are not followed, and nothing in it is replaced. */
static bool next_file(struct wire *wire)
{
	char name[NAME_SIZE];
	struct stat st;
	FILE *stream = NULL;
	int fd;

	if (wire->dumper)
		pcap_dump_close(wire->dumper);
	wire->dumper = NULL;
	wire->written = 0;
	wire->number++;
	fd = openat(wire->folder_fd, file_name(wire->number, name),
		O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd >= 0 && fstat(wire->folder_fd, &st) == 0)
		(void)!fchown(fd, st.st_uid, st.st_gid);
	if (fd >= 0)
		stream = fdopen(fd, "w");
	if (stream)
		wire->dumper = pcap_dump_fopen(wire->pcap, stream);
	if (!wire->dumper) {
		err_set(&wire->text, -errno, "%s/%s: %s", wire->folder, name,
			err_str(-errno));
		return false;
	}
	if (wire->number > wire->files)
		unlinkat(wire->folder_fd,
			file_name(wire->number - (unsigned)wire->files, name), 0);
	return true;
}

static void packet_h(u_char *arg, const struct pcap_pkthdr *head, const u_char *data)
{
	struct wire *wire = (struct wire *)arg;

	if (!wire->dumper)
		return;
	pcap_dump((u_char *)wire->dumper, head, data);
	wire->written += head->caplen + 16;
	wire->packets++;
	if (wire->written >= wire->size * MIB)
		(void)next_file(wire);
}

/* ---- all of it ---- */

static bool read_time(const char *text, time_t *ret)
{
	char *unit;
	const long number = strtol(text, &unit, 10);
	const char *const units = "smhd";
	const long seconds[] = {1, 60, 3600, 86400};
	const char *at = unit[0] && !unit[1] ? strchr(units, unit[0]) : NULL;

	if (!at || number <= 0 || number > 86400)
		return false;
	*ret = number * seconds[at - units];
	return true;
}

/* From here on both come while packets are waited for, and at no other time. */
static void hold_signals(sigset_t *ret_before)
{
	struct sigaction action = {.sa_handler = on_signal};
	sigset_t both;

	sigemptyset(&both);
	sigaddset(&both, SIGINT);
	sigaddset(&both, SIGTERM);
	sigprocmask(SIG_BLOCK, &both, ret_before);
	sigdelset(ret_before, SIGINT);
	sigdelset(ret_before, SIGTERM);
	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
}

/*
 * libpcap's own wait has no end where no packet passes (its time is that of a block of packets which has begun), and goes
 * on behind a signal.
 */
static bool take_packets(struct wire *wire, long wait_ms, const sigset_t *signals)
{
	struct pollfd ready = {
		.fd = pcap_get_selectable_fd(wire->pcap), .events = POLLIN};
	const struct timespec wait = {.tv_nsec = wait_ms * 1000000L};

	(void)ppoll(&ready, 1, &wait, signals);
	if (pcap_dispatch(wire->pcap, -1, packet_h, (u_char *)wire) < 0) {
		err_set(&wire->text, -EIO, "%s: %s", wire->interface,
			pcap_geterr(wire->pcap));
		return false;
	}
	if (wire->dumper && pcap_dump_flush(wire->dumper) != 0) {
		err_set(&wire->text, -errno, "%s: %s", wire->folder, err_str(-errno));
		return false;
	}
	return wire->dumper != NULL;
}

static int go(struct wire *wire)
{
	const time_t begun = time(NULL);
	time_t seconds = 0;
	sigset_t signals;
	bool good = true;

	if (!read_time(wire->for_text, &seconds))
		return API_USAGE;
	hold_signals(&signals);
	wire->folder_fd =
		open(wire->folder, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (wire->folder_fd < 0) {
		err_set(&wire->text, -errno, "%s: %s", wire->folder, err_str(-errno));
		return API_FAILED;
	}
	if (!use_filter(wire) || !next_file(wire))
		return API_FAILED;
	if (!wire->session->options->quiet) {
		printf("%s: until it is interrupted, or for %s\n", wire->folder,
			wire->for_text);
		fflush(stdout);
	}
	while (good && !stopped && time(NULL) - begun < seconds)
		good = take_packets(wire, WAIT_MS, &signals);
	/* The kernel hands out blocks of packets: the last one is full, or old enough, only later. */
	if (good)
		good = take_packets(wire, 2L * WAIT_MS, &signals);
	if (!wire->session->options->quiet)
		printf("%llu packets\n", (unsigned long long)wire->packets);
	return good ? API_OK : API_FAILED;
}

static int run(struct wire *wire)
{
	int code;

	if (!check_expression(wire))
		return API_USAGE;
	/* before the server keeps anything */
	if (!open_interface(wire))
		return wire->text.text[0] && strstr(wire->text.text, "CAP_NET_RAW")
			       ? API_DENIED
			       : API_FAILED;
	code = begin_keys(wire);
	if (code != API_OK)
		return code;
	code = go(wire);
	end_keys(wire);
	return code;
}

int wire_capture(
	const struct session *session, const struct command *command, char *const *args)
{
	struct wire wire = {.session = session,
		.interface = "any",
		.size = 100,
		.files = 10,
		.folder_fd = -1};
	int code = API_USAGE;

	if (read_options(&wire, args))
		code = run(&wire);
	else
		err_set(&wire.text, 0, "usage: %s", command->usage);
	if (code != API_OK)
		fprintf(stderr, "tandemctl: %s\n", wire.text.text);
	if (wire.dumper)
		pcap_dump_close(wire.dumper);
	if (wire.pcap)
		pcap_close(wire.pcap);
	if (wire.folder_fd >= 0)
		close(wire.folder_fd);
	free(wire.folder);
	return code;
}
