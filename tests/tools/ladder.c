/*
 * The SIP messages of a capture, for the demo, which is to need no more packages than it must.
 *
 *   ladder CALL.pcapng
 *
 * Prints a line for each: seconds since the first packet, source and destination port, first line, with
 * tabs between. It reads what a call's capture has: IP packets with UDP datagrams, of which those are SIP
 * that say so. Exit 0 when there was one at least.
 */
#include <netinet/in.h>
#include <netinet/ip.h>
#include <netinet/ip6.h>
#include <netinet/udp.h>
#include <pcap/pcap.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#define SIP_VERSION "SIP/2.0"

/* What stands before each packet of a capture in pcapng. */
#define COOKED_HEAD 16

/* The UDP header within the packet of SIZE bytes, or NULL where it has none. */
static const u_char *find_udp(const u_char *packet, size_t size)
{
	size_t head = 0;

	if (size >= sizeof(struct ip) && packet[0] >> 4 == 4 && packet[9] == IPPROTO_UDP)
		head = 4 * (size_t)(packet[0] & 0x0f);
	else if (size >= sizeof(struct ip6_hdr) && packet[0] >> 4 == 6 &&
		 packet[6] == IPPROTO_UDP)
		head = sizeof(struct ip6_hdr);
	return head && size >= head + sizeof(struct udphdr) ? packet + head : NULL;
}

/* How long the first line of a SIP message is, or 0 for what is none. */
static size_t sip_line(const u_char *text, size_t size)
{
	static const size_t version = sizeof(SIP_VERSION) - 1;
	const u_char *end = memchr(text, '\r', size);
	const size_t len = end ? (size_t)(end - text) : 0;

	if (len <= version || (memcmp(text, SIP_VERSION, version) != 0 &&
				      memcmp(end - version, SIP_VERSION, version) != 0))
		return 0;
	return len;
}

/* Whether the packet was one. */
static bool print_packet(const struct pcap_pkthdr *header, const u_char *packet,
	const struct timeval *first)
{
	const u_char *udp = find_udp(packet, header->caplen);
	const u_char *text = udp ? udp + sizeof(struct udphdr) : NULL;
	const size_t size = text ? header->caplen - (size_t)(text - packet) : 0;
	const size_t len = sip_line(text, size);

	if (len == 0)
		return false;
	printf("%.3f\t%d\t%d\t%.*s\n",
		(double)(header->ts.tv_sec - first->tv_sec) +
			(double)(header->ts.tv_usec - first->tv_usec) / 1e6,
		udp[0] << 8 | udp[1], udp[2] << 8 | udp[3], (int)len, (const char *)text);
	return true;
}

int main(int argc, char **argv)
{
	char error[PCAP_ERRBUF_SIZE];
	struct pcap_pkthdr *header;
	struct timeval first = {0};
	const u_char *packet;
	pcap_t *pcap;
	bpf_u_int32 head = 0;
	int messages = 0;

	if (argc != 2) {
		fputs("usage: ladder CALL.pcapng\n", stderr);
		return 2;
	}
	pcap = pcap_open_offline(argv[1], error);
	if (pcap && pcap_datalink(pcap) == DLT_LINUX_SLL)
		head = COOKED_HEAD;
	if (!pcap || (!head && pcap_datalink(pcap) != DLT_RAW)) {
		fprintf(stderr, "ladder: %s: %s\n", argv[1],
			pcap ? "its packets are not IP's" : error);
		return 1;
	}
	for (bool begun = false; pcap_next_ex(pcap, &header, &packet) == 1;
		begun = true) {
		if (!begun)
			first = header->ts;
		if (header->caplen < head)
			continue;
		header->caplen -= head;
		messages += print_packet(header, packet + head, &first);
	}
	pcap_close(pcap);
	return messages > 0 ? 0 : 1;
}
