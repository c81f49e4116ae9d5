#include <pcap.h>

#include "audit/capture_read.h"

#include "audit/pcapng.h"
#include "audit/pcapng_read.h"
#include "audit/style.h"
#include "base/err.h"
#include "base/regular.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define IPV4_HEAD 20
#define IPV6_HEAD 40
#define UDP_HEAD 8
#define UDP_PROTOCOL 17

struct capture_reader {
	FILE *file;   /* of pcapng; NULL: libpcap has it */
	pcap_t *pcap; /* of the classic format */
	struct pcapng_read pcapng;
	uint8_t block[PCAPNG_BLOCK_MAX]; /* last: only what a file has is touched */
};

/* ---- what a packet carries ---- */

static size_t get16(const unsigned char *at)
{
	return (size_t)at[0] << 8 | at[1];
}

/* Where the UDP header of PACKET is; 0: it has none. */
static size_t udp_at(const unsigned char *packet, size_t len)
{
	if (len >= IPV4_HEAD && packet[0] == 0x45 && packet[9] == UDP_PROTOCOL)
		return IPV4_HEAD;
	if (len >= IPV6_HEAD && packet[0] >> 4 == 6 && packet[6] == UDP_PROTOCOL)
		return IPV6_HEAD;
	return 0;
}

static void take_addr(
	struct addr *ret, bool v6, const unsigned char *host, const unsigned char *port)
{
	memset(ret, 0, sizeof(*ret));
	if (v6) {
		ret->v6.sin6_family = AF_INET6;
		memcpy(&ret->v6.sin6_addr, host, 16);
		memcpy(&ret->v6.sin6_port, port, 2);
		ret->len = sizeof(ret->v6);
	} else {
		ret->v4.sin_family = AF_INET;
		memcpy(&ret->v4.sin_addr, host, 4);
		memcpy(&ret->v4.sin_port, port, 2);
		ret->len = sizeof(ret->v4);
	}
}

/* Addresses and data of IP, a packet. False: it carries nothing, or not all of it is there. */
static bool take_datagram(struct capture_item *item, struct span ip)
{
	const unsigned char *packet = (const unsigned char *)ip.p;
	const size_t at = udp_at(packet, ip.len);
	const bool v6 = at == IPV6_HEAD;
	size_t udp_len;

	if (!at || ip.len < at + UDP_HEAD)
		return false;
	udp_len = get16(packet + at + 4);
	if (udp_len < UDP_HEAD || udp_len > ip.len - at)
		return false;
	take_addr(&item->source, v6, packet + (v6 ? 8 : 12), packet + at);
	take_addr(&item->destination, v6, packet + (v6 ? 24 : 16), packet + at + 2);
	item->data = (struct span){ip.p + at + UDP_HEAD, udp_len - UDP_HEAD};
	return true;
}

/* ---- pcapng ---- */

/* The next block, in READER's memory. Its length; 0: the file ends; ERR_FORMAT. */
static ssize_t next_block(struct capture_reader *reader)
{
	const size_t got = fread(reader->block, 1, PCAPNG_BLOCK_HEAD, reader->file);
	size_t len;

	if (got == 0 && !ferror(reader->file))
		return 0;
	if (got < PCAPNG_BLOCK_HEAD)
		return ERR_FORMAT;
	len = pcapng_read_len(reader->block);
	if (len == 0 ||
		fread(reader->block + PCAPNG_BLOCK_HEAD, 1, len - PCAPNG_BLOCK_HEAD,
			reader->file) < len - PCAPNG_BLOCK_HEAD)
		return ERR_FORMAT;
	return (ssize_t)len;
}

/* 1: ITEM is a datagram; 0: the block is something else; -ENODATA: the file ends; ERR_FORMAT. */
static int next_of_pcapng(struct capture_reader *reader, struct capture_item *item)
{
	struct pcapng_read_packet packet;
	const ssize_t len = next_block(reader);
	int result;

	if (len == 0)
		return -ENODATA;
	if (len < 0)
		return (int)len;
	result = pcapng_read_block(&reader->pcapng, reader->block, (size_t)len, &packet);
	if (result != 1)
		return result;
	*item = (struct capture_item){.wall_us = packet.wall_us,
		.knows = true,
		.sent = packet.sent,
		.leg = packet.interface->name,
		.trunk = packet.interface->description,
		.comment = packet.comment};
	return take_datagram(item, packet.ip);
}

/* ---- the classic format ---- */

/* The same. */
static int next_of_pcap(struct capture_reader *reader, struct capture_item *item)
{
	struct pcap_pkthdr *head;
	const unsigned char *packet;
	const int result = pcap_next_ex(reader->pcap, &head, &packet);

	if (result == PCAP_ERROR_BREAK)
		return -ENODATA;
	if (result != 1)
		return ERR_FORMAT;
	if (head->caplen != head->len)
		return 0;
	*item = (struct capture_item){.wall_us = (uint64_t)head->ts.tv_sec * 1000000 +
						 (uint64_t)head->ts.tv_usec,
		.leg = "",
		.trunk = "",
		.comment = {"", 0}};
	return take_datagram(item, (struct span){(const char *)packet, head->caplen});
}

/* FILE is taken. */
static int open_pcap(struct capture_reader *reader, FILE *file)
{
	char text[PCAP_ERRBUF_SIZE];

	reader->pcap = pcap_fopen_offline(file, text);
	if (!reader->pcap) {
		fclose(file);
		return ERR_FORMAT;
	}
	return pcap_datalink(reader->pcap) == DLT_RAW ? 0 : ERR_FORMAT;
}

/* ---- both ---- */

static bool is_pcapng(FILE *file)
{
	char magic[sizeof(PCAPNG_READ_MAGIC) - 1];
	const size_t got = fread(magic, 1, sizeof(magic), file);

	rewind(file);
	return got == sizeof(magic) &&
	       memcmp(magic, PCAPNG_READ_MAGIC, sizeof(magic)) == 0;
}

int capture_reader_of(struct capture_reader **ret, FILE *file)
{
	struct capture_reader *reader = malloc(sizeof(*reader));
	int err = 0;

	if (!reader) {
		fclose(file);
		return -ENOMEM;
	}
	memset(reader, 0, offsetof(struct capture_reader, block));
	if (is_pcapng(file))
		reader->file = file;
	else
		err = open_pcap(reader, file);
	if (err)
		capture_reader_free(reader);
	else
		*ret = reader;
	return err;
}

void capture_reader_free(struct capture_reader *reader)
{
	if (!reader)
		return;
	if (reader->file)
		fclose(reader->file);
	if (reader->pcap)
		pcap_close(reader->pcap); /* and the file */
	free(reader);
}

int capture_reader_step(
	struct capture_reader *reader, unsigned count, capture_read_h *h, void *arg)
{
	struct capture_item item;
	int result;

	for (unsigned i = 0; i < count; i++) {
		result = reader->file ? next_of_pcapng(reader, &item)
				      : next_of_pcap(reader, &item);
		if (result == -ENODATA)
			return 0;
		if (result < 0)
			return result;
		if (result == 1 && !h(arg, &item))
			return 0;
	}
	return -EAGAIN;
}

static int open_named(struct capture_reader **ret, int dir_fd, const char *name)
{
	const int fd = regular_open(dir_fd, name, NULL);
	FILE *file;

	if (fd < 0)
		return fd;
	file = fdopen(fd, "r");
	if (!file) {
		close(fd);
		return -ENOMEM;
	}
	return capture_reader_of(ret, file);
}

/* Those that are encrypted come last. */
static const struct {
	const char *name;
	bool encrypted;
} names[] = {
	{"call.pcapng", false},
	{"call.pcap", false},
	{"call.pcapng.age", true},
	{"call.pcapng.age" STYLE_UNFINISHED, true},
	{"call.pcap.age", true},
	{"call.pcap.age" STYLE_UNFINISHED, true},
};

/* Which of NAMES is there; NULL: none. */
static const char *find_name(int dir_fd, bool *ret_encrypted)
{
	struct stat st;

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (fstatat(dir_fd, names[i].name, &st, AT_SYMLINK_NOFOLLOW) != 0)
			continue;
		*ret_encrypted = names[i].encrypted;
		return names[i].name;
	}
	return NULL;
}

const char *capture_read_name(int dir_fd)
{
	bool encrypted;

	return find_name(dir_fd, &encrypted);
}

int capture_reader_open(struct capture_reader **ret, int dir_fd)
{
	bool encrypted = false;
	const char *name = find_name(dir_fd, &encrypted);

	if (!name)
		return -ENOENT;
	return encrypted ? ERR_STATE : open_named(ret, dir_fd, name);
}

static int read_first(struct capture_reader *reader, capture_read_h *h, void *arg)
{
	const int err = capture_reader_step(reader, CAPTURE_READ_MAX, h, arg);

	capture_reader_free(reader);
	return err == -EAGAIN ? 0 : err;
}

int capture_read_file(FILE *file, capture_read_h *h, void *arg)
{
	struct capture_reader *reader;
	const int err = capture_reader_of(&reader, file);

	return err ? err : read_first(reader, h, arg);
}

int capture_read(int dir_fd, capture_read_h *h, void *arg)
{
	struct capture_reader *reader;
	const int err = capture_reader_open(&reader, dir_fd);

	return err ? err : read_first(reader, h, arg);
}
