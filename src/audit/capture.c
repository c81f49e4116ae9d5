/*
 * libpcap cannot tell that a record was not written (pcap_dump() returns nothing) and
 * opens files in ways that follow links. So the file is opened here, appended to through
 * a stream of ours whose errors are looked at, and cut back to its last whole record when
 * a write fell short. Bytes reach the file strictly in order: what is there after a failed
 * write is a prefix of what should be, and walking its record headers finds the cut.
 */
#include <pcap.h>

#include "audit/capture.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdio_ext.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define SNAPLEN 262144
#define BUFFER_SIZE 16384
#define FILE_HEAD 24
#define RECORD_HEAD 16
#define US_PER_S UINT64_C(1000000)

struct capture {
	FILE *file;            /* appends */
	pcap_dumper_t *dumper; /* closes file */
	off_t good;            /* up to here the file is known to be whole */
	off_t added;           /* bytes added since */
	uint64_t pending;      /* records added since */
	int err;               /* 0, or the negated errno of a write since */
	char buffer[BUFFER_SIZE];
};

static int last_error(void)
{
	return errno > 0 ? -errno : -EIO;
}

/* The end of the last whole record of FD, which is SIZE bytes long and whole up to FROM. */
static off_t walk(int fd, off_t from, off_t size, uint64_t *ret_records)
{
	uint32_t head[RECORD_HEAD / sizeof(uint32_t)];
	off_t next;

	*ret_records = 0;
	while (from + RECORD_HEAD <= size) {
		/* Seconds, microseconds, bytes here, bytes once: in our own byte order. */
		if (pread(fd, head, RECORD_HEAD, from) != RECORD_HEAD ||
			head[2] > SNAPLEN)
			break;
		next = from + RECORD_HEAD + (off_t)head[2];
		if (next > size)
			break;
		from = next;
		(*ret_records)++;
	}
	return from;
}

/* Gives FILE to libpcap, which puts a file header into its buffer. FILE is closed on
 * failure. */
static pcap_dumper_t *dumper_of(FILE *file)
{
	pcap_t *pcap = pcap_open_dead_with_tstamp_precision(
		DLT_RAW, SNAPLEN, PCAP_TSTAMP_PRECISION_MICRO);
	pcap_dumper_t *dumper;

	if (!pcap) {
		fclose(file);
		return NULL;
	}
	dumper = pcap_dump_fopen(pcap, file);
	pcap_close(pcap);
	return dumper;
}

/* Takes FD, even on failure. */
static int capture_start(struct capture *capture, int fd, bool create)
{
	struct stat st;
	int err;

	if (fstat(fd, &st) < 0) {
		err = last_error();
		close(fd);
		return err;
	}
	/* A second name could be a way to have us write into somebody's file. */
	if (!S_ISREG(st.st_mode) || st.st_nlink != 1) {
		close(fd);
		return -EPERM;
	}
	capture->file = fdopen(fd, "a+");
	if (!capture->file) {
		err = last_error();
		close(fd);
		return err;
	}
	setvbuf(capture->file, capture->buffer, _IOFBF, sizeof(capture->buffer));
	__fsetlocking(capture->file, FSETLOCKING_BYCALLER); /* one thread alone */
	capture->dumper = dumper_of(capture->file);
	if (!capture->dumper)
		return -ENOMEM;
	if (!create) {
		/* The header is still in the buffer, and this file has one. */
		__fpurge(capture->file);
		capture->good = st.st_size;
		return 0;
	}
	if (fflush(capture->file) != 0)
		return last_error();
	capture->good = FILE_HEAD;
	return 0;
}

int capture_open(struct capture **ret, int dir_fd, const char *name, bool create)
{
	const int flags = O_RDWR | O_APPEND | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK;
	struct capture *capture;
	int fd, err;

	fd = openat(dir_fd, name, create ? flags | O_CREAT | O_EXCL : flags, 0600);
	if (fd < 0)
		return last_error();
	capture = calloc(1, sizeof(*capture));
	if (!capture) {
		close(fd);
		err = -ENOMEM;
		goto out;
	}
	err = capture_start(capture, fd, create);
	if (err)
		goto out;
	*ret = capture;
	return 0;
out:
	capture_close(capture);
	if (create)
		unlinkat(dir_fd, name, 0);
	return err;
}

void capture_add(struct capture *capture, uint64_t wall_us, const void *packet,
	size_t len, size_t whole)
{
	struct pcap_pkthdr head = {
		.ts = {.tv_sec = (time_t)(wall_us / US_PER_S),
			.tv_usec = (suseconds_t)(wall_us % US_PER_S)},
		.caplen = (bpf_u_int32)len,
		.len = (bpf_u_int32)whole,
	};

	capture->pending++;
	if (capture->err)
		return;
	errno = 0;
	pcap_dump((u_char *)capture->dumper, &head, packet);
	capture->added += RECORD_HEAD + (off_t)len;
	if (ferror(capture->file))
		capture->err = last_error();
}

bool capture_would_write(const struct capture *capture, size_t len)
{
	return capture->added + RECORD_HEAD + (off_t)len >= BUFFER_SIZE;
}

uint64_t capture_drop(struct capture *capture)
{
	uint64_t lost = capture->pending;

	__fpurge(capture->file);
	capture->pending = 0;
	capture->added = 0;
	capture->err = 0;
	return lost;
}

/* A write fell short: keeps the whole records that reached the file. Returns how many. */
static uint64_t cut_back(struct capture *capture)
{
	int fd = fileno(capture->file);
	uint64_t whole = 0;
	struct stat st;

	__fpurge(capture->file);
	clearerr(capture->file);
	if (fstat(fd, &st) == 0)
		capture->good = walk(fd, capture->good, st.st_size, &whole);
	/* Nothing better can be done when even this fails: the next flush comes here again,
	 * and capture_repair() at the next start. */
	(void)!ftruncate(fd, capture->good);
	return whole;
}

int capture_flush(struct capture *capture, uint64_t *ret_stored, uint64_t *ret_lost)
{
	int err = capture->err;
	uint64_t stored = 0;
	struct stat st;

	errno = 0;
	if (!err && fflush(capture->file) != 0)
		err = last_error();
	if (err) {
		stored = cut_back(capture);
	} else if (fstat(fileno(capture->file), &st) == 0 && st.st_nlink == 0) {
		err = -ENOENT;
	} else {
		stored = capture->pending;
		capture->good += capture->added;
	}
	*ret_stored = stored;
	*ret_lost = capture->pending - stored;
	capture->pending = 0;
	capture->added = 0;
	capture->err = 0;
	return err;
}

void capture_close(struct capture *capture)
{
	if (!capture)
		return;
	if (capture->dumper) {
		__fpurge(capture->file);
		pcap_dump_close(capture->dumper);
	}
	free(capture);
}

int capture_repair(int dir_fd, const char *name, off_t *ret_cut)
{
	int fd = openat(dir_fd, name, O_RDWR | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);
	uint64_t records;
	struct stat st;
	off_t end = 0;
	int err = 0;

	if (fd < 0)
		return last_error();
	if (fstat(fd, &st) < 0) {
		err = last_error();
	} else if (!S_ISREG(st.st_mode) || st.st_nlink != 1) {
		err = -EPERM;
	} else {
		if (st.st_size >= FILE_HEAD)
			end = walk(fd, FILE_HEAD, st.st_size, &records);
		if (end < st.st_size && ftruncate(fd, end) < 0)
			err = last_error();
		if (!err)
			*ret_cut = st.st_size - end;
	}
	close(fd);
	return err;
}
