#include <pcap.h>

#include "audit/capture_read.h"

#include "audit/pcapng.h"
#include "audit/style.h"
#include "base/err.h"
#include "base/regular.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#define IPV4_HEAD 20
#define IPV6_HEAD 40
#define UDP_HEAD 8
#define UDP_PROTOCOL 17

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

/* What PACKET, LEN bytes, carries. False: nothing, or not all of it is there. */
static bool payload_of(const unsigned char *packet, size_t len, struct span *ret)
{
	const size_t at = udp_at(packet, len);
	size_t udp_len;

	if (!at || len < at + UDP_HEAD)
		return false;
	udp_len = get16(packet + at + 4);
	if (udp_len < UDP_HEAD || udp_len > len - at)
		return false;
	*ret = (struct span){(const char *)packet + at + UDP_HEAD, udp_len - UDP_HEAD};
	return true;
}

/* What stands before each packet; negative: they are none of ours. */
static int head_of(pcap_t *pcap)
{
	switch (pcap_datalink(pcap)) {
	case DLT_LINUX_SLL:
		return PCAPNG_COOKED_HEAD;
	case DLT_RAW:
		return 0;
	default:
		return ERR_FORMAT;
	}
}

static int read_packets(pcap_t *pcap, capture_read_h *h, void *arg)
{
	const int link = head_of(pcap);
	struct pcap_pkthdr *head;
	const unsigned char *packet;
	struct span data;

	if (link < 0)
		return link;
	for (unsigned i = 0; i < CAPTURE_READ_MAX; i++) {
		const int result = pcap_next_ex(pcap, &head, &packet);

		/* the end of the file */
		if (result == PCAP_ERROR_BREAK)
			return 0;
		if (result != 1)
			return ERR_FORMAT;
		if (head->caplen == head->len && head->caplen >= (size_t)link &&
			payload_of(packet + link, head->caplen - (size_t)link, &data) &&
			!h(arg, data))
			return 0;
	}
	return 0;
}

int capture_read_file(FILE *file, capture_read_h *h, void *arg)
{
	char text[PCAP_ERRBUF_SIZE];
	pcap_t *pcap = pcap_fopen_offline(file, text);
	int err;

	if (!pcap) {
		fclose(file);
		return ERR_FORMAT;
	}
	err = read_packets(pcap, h, arg);
	pcap_close(pcap); /* and the file */
	return err;
}

static int read_named(int dir_fd, const char *name, capture_read_h *h, void *arg)
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
	return capture_read_file(file, h, arg);
}

int capture_read(int dir_fd, capture_read_h *h, void *arg)
{
	static const char *const encrypted[] = {"call.pcapng.age",
		"call.pcapng.age" STYLE_UNFINISHED, "call.pcap.age",
		"call.pcap.age" STYLE_UNFINISHED};
	struct stat st;
	int err = read_named(dir_fd, "call.pcapng", h, arg);

	if (err == -ENOENT)
		err = read_named(dir_fd, "call.pcap", h, arg);
	for (size_t i = 0; err == -ENOENT && i < sizeof(encrypted) / sizeof(*encrypted);
		i++)
		if (fstatat(dir_fd, encrypted[i], &st, AT_SYMLINK_NOFOLLOW) == 0)
			err = ERR_STATE;
	return err;
}
