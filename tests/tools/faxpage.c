/*
 * faxpage HERE THERE HERE THERE FOLDER: sends a fax of one page, by spandsp's T.38 terminals,
 * from the port HERE of the first pair to THERE and out of the second pair's, whatever lies
 * between them on this host. 0 when the page that came is the page that went, row by row.
 *
 * The fax machines are spandsp's; the UDPTL around their packets is made here, with two copies of
 * earlier packets in each. Time passes for them as fast as datagrams do. Before the fax each sends
 * four datagrams that are no UDPTL.
 *
 * faxpage draw FILE: writes the page, for others to send. faxpage same FILE: 0 when it is that page.
 */
#include <arpa/inet.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <tiffio.h>
#include <unistd.h>

#include <spandsp.h>

#define WIDTH 1728
#define ROWS 300
#define COPIES 2
#define IFP_MAX 512
#define STEP_SAMPLES 160 /* 20 ms */
#define STEPS_MAX (50 * 120)
#define STEP_WAIT_MS 2

struct machine {
	int fd;
	t38_terminal_state_t *terminal;
	t38_core_state_t *core;
	uint16_t seq;
	uint8_t sent[COPIES + 1][IFP_MAX]; /* by SEQ */
	size_t sent_len[COPIES + 1];
	unsigned datagrams; /* received */
	bool done;
	bool well;
};

static void die(const char *what)
{
	(void)fprintf(stderr, "faxpage: %s\n", what);
	exit(2);
}

/* --- the page --- */

static void draw(uint8_t row[static WIDTH / 8], unsigned y)
{
	for (unsigned x = 0; x < WIDTH / 8; x++)
		row[x] = (uint8_t)(y % 16 < 2                      ? 0xff
				   : (x * 7 + y / 8 * 13) % 31 < 8 ? 0xf0
								   : 0);
}

static void write_page(const char *path)
{
	TIFF *tiff = TIFFOpen(path, "w");
	uint8_t row[WIDTH / 8];

	if (!tiff)
		die("the page cannot be written");
	TIFFSetField(tiff, TIFFTAG_COMPRESSION, COMPRESSION_CCITT_T6);
	TIFFSetField(tiff, TIFFTAG_IMAGEWIDTH, WIDTH);
	TIFFSetField(tiff, TIFFTAG_IMAGELENGTH, ROWS);
	TIFFSetField(tiff, TIFFTAG_BITSPERSAMPLE, 1);
	TIFFSetField(tiff, TIFFTAG_SAMPLESPERPIXEL, 1);
	TIFFSetField(tiff, TIFFTAG_ROWSPERSTRIP, ROWS);
	TIFFSetField(tiff, TIFFTAG_PHOTOMETRIC, PHOTOMETRIC_MINISWHITE);
	TIFFSetField(tiff, TIFFTAG_FILLORDER, FILLORDER_LSB2MSB);
	TIFFSetField(tiff, TIFFTAG_RESOLUTIONUNIT, RESUNIT_INCH);
	TIFFSetField(tiff, TIFFTAG_XRESOLUTION, 204.0);
	TIFFSetField(tiff, TIFFTAG_YRESOLUTION, 98.0);
	for (unsigned y = 0; y < ROWS; y++) {
		draw(row, y);
		if (TIFFWriteScanline(tiff, row, y, 0) < 0)
			die("the page cannot be written");
	}
	TIFFClose(tiff);
}

static bool is_page(const char *path)
{
	TIFF *tiff = TIFFOpen(path, "r");
	uint8_t row[WIDTH / 8], wanted[WIDTH / 8];
	uint32_t width = 0, rows = 0;
	bool same;

	if (!tiff)
		return false;
	TIFFGetField(tiff, TIFFTAG_IMAGEWIDTH, &width);
	TIFFGetField(tiff, TIFFTAG_IMAGELENGTH, &rows);
	same = width == WIDTH && rows == ROWS;
	for (unsigned y = 0; same && y < ROWS; y++) {
		draw(wanted, y);
		same = TIFFReadScanline(tiff, row, y, 0) >= 0 &&
		       memcmp(row, wanted, sizeof(row)) == 0;
	}
	TIFFClose(tiff);
	return same;
}

/* --- UDPTL --- */

/* An open type: its length, of one or two bytes, and itself. */
static size_t put(uint8_t *out, const uint8_t *data, size_t len)
{
	size_t head = 0;

	if (len >= 128)
		out[head++] = (uint8_t)(0x80 | len >> 8);
	out[head++] = (uint8_t)len;
	memcpy(out + head, data, len);
	return head + len;
}

static int send_h(
	t38_core_state_t *core, void *arg, const uint8_t *data, int len, int count)
{
	struct machine *machine = arg;
	unsigned slot = machine->seq % (COPIES + 1);
	unsigned copies = machine->seq < COPIES ? machine->seq : COPIES;
	uint8_t out[(COPIES + 1) * (IFP_MAX + 2) + 4];
	size_t at = 2;

	(void)core;
	(void)count;
	if (len <= 0 || len > IFP_MAX)
		die("a packet of an odd length");
	memcpy(machine->sent[slot], data, (size_t)len);
	machine->sent_len[slot] = (size_t)len;
	out[0] = (uint8_t)(machine->seq >> 8);
	out[1] = (uint8_t)machine->seq;
	at += put(out + at, data, (size_t)len);
	out[at++] = 0; /* copies, not error correction */
	out[at++] = (uint8_t)copies;
	for (unsigned i = 1; i <= copies; i++) {
		slot = (unsigned)(machine->seq - i) % (COPIES + 1);
		at += put(out + at, machine->sent[slot], machine->sent_len[slot]);
	}
	machine->seq++;
	(void)send(machine->fd, out, at, 0);
	return 0;
}

/* The primary packet alone: nothing is lost on the loopback. */
static void receive(struct machine *machine)
{
	uint8_t data[2048];
	ssize_t len;

	while ((len = recv(machine->fd, data, sizeof(data), MSG_DONTWAIT)) > 3) {
		size_t head = data[2] < 0x80 ? 3 : 4;
		size_t primary =
			head == 3 ? data[2] : (size_t)((data[2] & 0x3f) << 8 | data[3]);

		if (head + primary > (size_t)len)
			die("a datagram that is cut");
		machine->datagrams++;
		t38_core_rx_ifp_packet(machine->core, data + head, (int)primary,
			(uint16_t)(data[0] << 8 | data[1]));
	}
}

/* --- the machines --- */

static void ended_h(t30_state_t *t30, void *arg, int code)
{
	struct machine *machine = arg;

	(void)t30;
	machine->done = true;
	machine->well = code == T30_ERR_OK;
	if (!machine->well)
		(void)fprintf(stderr, "faxpage: %s\n", t30_completion_code_to_str(code));
}

static int open_port(const char *here, const char *there)
{
	struct sockaddr_in address = {
		.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	int fd = socket(AF_INET, SOCK_DGRAM, 0);

	address.sin_port = htons((uint16_t)atoi(here));
	if (fd < 0 || bind(fd, (struct sockaddr *)&address, sizeof(address)) != 0)
		die("the port cannot be opened");
	address.sin_port = htons((uint16_t)atoi(there));
	if (connect(fd, (struct sockaddr *)&address, sizeof(address)) != 0)
		die("the far port cannot be used");
	return fd;
}

/* PAGE goes when CALLING, else it comes. */
static void start(struct machine *machine, const char *here, const char *there,
	const char *page, bool calling)
{
	t30_state_t *t30;

	machine->fd = open_port(here, there);
	machine->terminal = t38_terminal_init(NULL, calling, send_h, machine);
	if (!machine->terminal)
		die("no T.38 terminal");
	machine->core = t38_terminal_get_t38_core_state(machine->terminal);
	t30 = t38_terminal_get_t30_state(machine->terminal);
	t30_set_phase_e_handler(t30, ended_h, machine);
	t30_set_ecm_capability(t30, TRUE);
	t30_set_supported_compressions(t30, T30_SUPPORT_T4_1D_COMPRESSION |
						    T30_SUPPORT_T4_2D_COMPRESSION |
						    T30_SUPPORT_T6_COMPRESSION);
	if (calling)
		t30_set_tx_file(t30, page, -1, -1);
	else
		t30_set_rx_file(t30, page, -1);
}

static void send_noise(const struct machine *machine)
{
	static const uint8_t rtp[172] = {0x80, 8, 5, 0, 0, 0, 0, 160};
	static const uint8_t stun[20] = {0, 1, 0, 0, 0x21, 0x12, 0xa4, 0x42};
	static const uint8_t dtls[] = {0x16, 0xfe, 0xfd, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 1};
	static const uint8_t cut[] = {0, 0, 4, 1, 2};

	if (send(machine->fd, rtp, sizeof(rtp), 0) < 0 ||
		send(machine->fd, stun, sizeof(stun), 0) < 0 ||
		send(machine->fd, dtls, sizeof(dtls), 0) < 0 ||
		send(machine->fd, cut, sizeof(cut), 0) < 0)
		die("nothing can be sent");
}

int main(int argc, char **argv)
{
	static struct machine sender, receiver;
	char sent[256], came[256];
	unsigned steps = 0;

	if (argc == 3 && strcmp(argv[1], "draw") == 0) {
		write_page(argv[2]);
		return 0;
	}
	if (argc == 3 && strcmp(argv[1], "same") == 0)
		return is_page(argv[2]) ? 0 : 1;
	if (argc != 6)
		die("faxpage HERE THERE HERE THERE FOLDER");
	(void)snprintf(sent, sizeof(sent), "%s/sent.tif", argv[5]);
	(void)snprintf(came, sizeof(came), "%s/came.tif", argv[5]);
	write_page(sent);
	start(&sender, argv[1], argv[2], sent, true);
	start(&receiver, argv[3], argv[4], came, false);
	send_noise(&sender);
	send_noise(&receiver);
	while (steps++ < STEPS_MAX && !(sender.done && receiver.done)) {
		struct pollfd ready[] = {{.fd = sender.fd, .events = POLLIN},
			{.fd = receiver.fd, .events = POLLIN}};

		sender.done |=
			t38_terminal_send_timeout(sender.terminal, STEP_SAMPLES) != 0;
		receiver.done |=
			t38_terminal_send_timeout(receiver.terminal, STEP_SAMPLES) != 0;
		(void)poll(ready, 2, STEP_WAIT_MS);
		receive(&sender);
		receive(&receiver);
	}
	t38_terminal_free(sender.terminal);
	t38_terminal_free(receiver.terminal);
	printf("sent %u datagrams, received %u by the one and %u by the other\n",
		sender.seq + receiver.seq, sender.datagrams, receiver.datagrams);
	if (!sender.well || !receiver.well || !is_page(came)) {
		(void)fprintf(stderr, "faxpage: the page did not come as it went\n");
		return 1;
	}
	return 0;
}
