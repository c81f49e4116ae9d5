#include "days.h"

#include "../audit/capture_fixture.h"
#include "audit/cdr.h"
#include "audit/datagram.h"
#include "audit/folder.h"
#include "audit/store_name.h"
#include "base/clock.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define CALL_ID "one@pbx1.example.com"

const char *days_path(const struct days *days, const char *name)
{
	static char paths[4][300];
	static unsigned next;
	char *path = paths[next++ % 4];

	snprintf(path, sizeof(paths[0]), "%s/%s", days->folder, name);
	return path;
}

static void make_folder(const struct days *days, const char *name)
{
	assert_int_equal(mkdir(days_path(days, name), 0700), 0);
}

static void write_text(const struct days *days, const char *name, const char *text)
{
	FILE *file = fopen(days_path(days, name), "w");

	assert_non_null(file);
	fputs(text, file);
	fclose(file);
}

void days_start(struct days *days)
{
	char path[] = "/tmp/tandem-replay-XXXXXX";

	assert_non_null(mkdtemp(path));
	*days = (struct days){.folder = strdup(path)};
	make_folder(days, "state");
	make_folder(days, "state/audit");
}

void days_stop(struct days *days)
{
	char command[200];

	snprintf(command, sizeof(command), "rm -rf '%s'", days->folder);
	assert_int_equal(system(command), 0);
	free(days->folder);
}

void days_config(struct days *days, const char *name, const char *main)
{
	char path[100];
	struct buf text;

	make_folder(days, name);
	snprintf(path, sizeof(path), "%s/gateways.d", name);
	make_folder(days, path);
	buf_init(&text, 0);
	buf_printf(&text,
		"[tandem]\nfqdn = us.example.com\nstate-dir = %s\nrun-dir = %s\n"
		"[internal]\nlisten = 127.0.0.1:5061\ncertificate = us.pem\nkey = "
		"us.key\n"
		"trust = ca.pem\n[external]\nudp = 127.0.0.1:5060\n"
		"tls = 127.0.0.1:5062\ncertificate = us.pem\nkey = us.key\ntrust = "
		"ca.pem\n"
		"[media]\ninternal-address = 127.0.0.1\nexternal-address = 127.0.0.1\n"
		"[emergency]\nnumbers = 112\n[server pbx1]\nhost = pbx1.example.com\n"
		"[server pbx2]\nhost = pbx2.example.com\n%s",
		days_path(days, "state"), days_path(days, "run"), main);
	snprintf(path, sizeof(path), "%s/tandem.conf", name);
	write_text(days, path, buf_str(&text));
	buf_free(&text);
}

void days_gateway(struct days *days, const char *name, const char *id, const char *lines)
{
	char path[100], text[1000];

	snprintf(path, sizeof(path), "%s/gateways.d/%s.conf", name, id);
	snprintf(text, sizeof(text), "[gateway]\nhost = %s.example.net\n%s%s", id,
		strstr(lines, "tls =") ? "" : "tls = no\ntransport = udp\n", lines);
	write_text(days, path, text);
}

void days_world(struct days *days, const char *name, struct world *ret)
{
	struct config_errors errors;
	struct config *config = NULL;
	char file[100];

	snprintf(file, sizeof(file), "%s/tandem.conf", name);
	config_errors_init(&errors);
	if (config_load(&config, days_path(days, file), &errors))
		fail_msg("%s", buf_str(&errors.text));
	config_errors_free(&errors);
	assert_int_equal(world_open(ret, config), 0);
}

/* ---- calls ---- */

static const char *or_else(const char *text, const char *fallback)
{
	return text ? text : fallback;
}

static void fill_record(
	struct days *days, const struct days_call *call, struct record *ret)
{
	static char id[32], via[80], target[80];
	static struct record_attempt attempt;
	const char *to = or_else(call->target, "a");
	const uint64_t now_us = clock_real()->wall_us(clock_real());

	snprintf(id, sizeof(id), "5f3c-%06u", ++days->calls);
	snprintf(via, sizeof(via), "%s", or_else(call->via, "server pbx1"));
	snprintf(target, sizeof(target), "trunk %s", to);
	attempt = (struct record_attempt){.target = target + strlen("trunk ")};
	*ret = (struct record){.call = days->calls,
		.id = id,
		.inbound = via[0] == 't',
		.emergency = or_else(call->emergency, ""),
		.method = or_else(call->method, "INVITE"),
		.location = "",
		.elin = "",
		.from = or_else(call->from, "+493011"),
		.to = or_else(call->to, "+493022"),
		.from_received = call->to_received ? or_else(call->from, "+493011") : "",
		.to_received = or_else(call->to_received, ""),
		.start_wall_us = now_us - UINT64_C(3600000000),
		.end_us = 1000000,
		.status = to[0] ? 200 : 404,
		.cause = "bye",
		.ended_by = "tandem",
		.detail = "",
		.media_note = "",
		.far_reason = "",
		.attempts = &attempt,
		.attempt_count = to[0] != '\0'};
	ret->legs[0] = ret->legs[1] = record_leg_none();
	ret->legs[0].side = SIDE_INTERNAL;
	ret->legs[1].side = SIDE_EXTERNAL;
	ret->legs[ret->inbound].party = via;
	ret->legs[ret->inbound].call_id = CALL_ID;
	ret->legs[!ret->inbound].party = ret->inbound ? "server pbx1" : target;
}

static void add_invite(struct capture *file, const struct days_call *call,
	const struct record *record, const char *call_id)
{
	static uint8_t packet[DATAGRAM_MAX];
	char text[2000];
	struct addr addr;
	size_t len, whole;

	snprintf(text, sizeof(text),
		"INVITE sip:%s@us.example.com SIP/2.0\r\n"
		"Via: SIP/2.0/TLS pbx1.example.com;branch=z9hG4bK1\r\nMax-Forwards: "
		"70\r\n"
		"From: <sip:%s@pbx1.example.com>;tag=a\r\nTo: <sip:%s@us.example.com>\r\n"
		"Call-ID: %s\r\nCSeq: 1 INVITE\r\n"
		"Contact: <sip:pbx1.example.com>\r\n%sContent-Length: 0\r\n\r\n",
		record->to, record->from, record->to, call_id, call->headers);
	assert_int_equal(addr_parse(&addr, "192.0.2.1:5060", 0), 0);
	len = datagram_build(packet, &addr, &addr, text, strlen(text), &whole);
	assert_true(fixture_capture_add(file, 0, record->start_wall_us, packet, len));
}

static void capture(
	struct days *days, const struct days_call *call, const struct record *record)
{
	const int root = folder_root(days_path(days, "state"));
	char date[STORE_DATE_SIZE];
	struct capture *file;
	uint64_t stored, lost;
	int fd;

	fd = folder_call(root, store_date(record->start_wall_us, date), record->id);
	assert_true(fd >= 0);
	assert_int_equal(
		fixture_capture_new(&file, fd,
			days->calls % 2 ? CONFIG_CAPTURE_PCAP : CONFIG_CAPTURE_PCAPNG,
			NULL),
		0);
	capture_interface(file, "a", "");
	if (call->before)
		add_invite(file, call, record, call->before);
	add_invite(file, call, record, or_else(call->call_id, CALL_ID));
	assert_int_equal(capture_flush(file, &stored, &lost), 0);
	capture_close(file);
	close(fd);
	close(root);
}

char *days_line(struct days *days, const struct days_call *call)
{
	struct record record;
	struct buf line;
	char *text;

	fill_record(days, call, &record);
	if (call->headers)
		capture(days, call, &record);
	buf_init(&line, 0);
	cdr_format(&record, &line);
	text = strdup(buf_str(&line));
	buf_free(&line);
	return text;
}

void days_put(struct days *days, const char *line)
{
	FILE *file = fopen(days_path(days, "state/cdr.jsonl"), "a");

	assert_non_null(file);
	fprintf(file, "%s\n", line);
	fclose(file);
}

void days_call(struct days *days, const struct days_call *call)
{
	char *line = days_line(days, call);

	days_put(days, line);
	free(line);
}

int days_audit(const struct days *days)
{
	const int fd = open(days_path(days, "state/audit"), O_RDONLY | O_DIRECTORY);

	assert_true(fd >= 0);
	return fd;
}
