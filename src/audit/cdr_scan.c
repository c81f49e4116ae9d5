#include "audit/cdr_scan.h"

#include "audit/follow_files.h"
#include "audit/journal.h"
#include "base/regular.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define US_PER_S UINT64_C(1000000)

/* Halved until the first line that is wanted is known to begin at LOW, where a line begins, or
 * soon behind it. */
struct part {
	int fd;
	struct stat st;
	off_t low, high;
	bool found; /* it is; reading goes on at LOW */
};

struct cdr_scan {
	struct part *parts; /* in the order of time */
	size_t count;
	size_t part; /* that is read */
	char since[CLOCK_TEXT_SIZE];
	struct cdr_scan_counts counts;
	char bytes[CDR_SCAN_BYTES];
};

/* FD, or negative, is another part; or none where there is no such file, or where it is one that is FIRST. */
static int add_part(struct cdr_scan *scan, int fd, const struct part *first)
{
	struct part *part = &scan->parts[scan->count];

	if (fd < 0)
		return fd == -ENOENT ? 0 : fd;
	*part = (struct part){.fd = fd};
	if (fstat(fd, &part->st) < 0 || (first && first->st.st_ino == part->st.st_ino &&
						first->st.st_dev == part->st.st_dev)) {
		close(fd);
		return 0;
	}
	part->high = part->st.st_size;
	scan->count++;
	return 0;
}

static int open_live(const char *state_dir)
{
	const struct follow_file live = {.name = JOURNAL_NAME};

	return follow_files_open(state_dir, &live);
}

/* The one that is written is opened first: one that is renamed meanwhile is met all the same, and what is written from then on
 * is not read. */
static int open_parts(struct cdr_scan *scan, const char *state_dir, uint64_t since_us)
{
	const time_t since = (time_t)(since_us / US_PER_S);
	struct follow_files files = {.list = NULL};
	struct part live;
	size_t had;
	int live_fd = open_live(state_dir);
	int err = live_fd < 0 && live_fd != -ENOENT
			  ? live_fd
			  : follow_files_list(&files, state_dir);

	if (!err)
		scan->parts = calloc(files.count + 1, sizeof(*scan->parts));
	if (!err && !scan->parts)
		err = -ENOMEM;
	if (err) {
		if (live_fd >= 0)
			close(live_fd);
		goto out;
	}
	err = add_part(scan, live_fd, NULL);
	had = scan->count;
	live = scan->parts[0];
	scan->count = 0;
	for (size_t i = 0; !err && i < files.count; i++)
		if (!files.list[i].live && files.list[i].written.tv_sec >= since)
			err = add_part(scan, follow_files_open(state_dir, &files.list[i]),
				had ? &live : NULL);
	if (had)
		scan->parts[scan->count++] = live;
	scan->counts.unread = files.unread > 0 && files.unread >= since;
out:
	follow_files_free(&files);
	return err;
}

int cdr_scan_new(struct cdr_scan **ret, const char *state_dir, uint64_t since_us,
	struct err_text *text)
{
	struct cdr_scan *scan = calloc(1, sizeof(*scan));
	int err;

	if (!scan)
		return err_set(text, -ENOMEM, "out of memory");
	clock_text(since_us, scan->since);
	err = open_parts(scan, state_dir, since_us);
	if (err) {
		cdr_scan_free(scan);
		return err_set(text, err, "cannot read the call records in %s: %s",
			state_dir, err_str(err));
	}
	*ret = scan;
	return 0;
}

void cdr_scan_free(struct cdr_scan *scan)
{
	if (!scan)
		return;
	for (size_t i = 0; i < scan->count; i++)
		close(scan->parts[i].fd);
	free(scan->parts);
	free(scan);
}

/* What is in the part from AT on, as far as one step reads. Negative: it cannot be read. */
static int read_at(struct cdr_scan *scan, off_t at, struct span *ret)
{
	const struct part *part = &scan->parts[scan->part];
	size_t len = sizeof(scan->bytes);
	ssize_t n;

	if (part->high - at < (off_t)len)
		len = (size_t)(part->high - at);
	n = pread(part->fd, scan->bytes, len, at);
	if (n < 0)
		return -errno;
	*ret = (struct span){scan->bytes, (size_t)n};
	return 0;
}

/* Takes a whole line off the front of *REST; what has no line end is none. */
static bool take_line(struct span *rest, struct span *ret)
{
	if (!rest->p || !memchr(rest->p, '\n', rest->len))
		return false;
	return span_next(rest, '\n', ret);
}

static bool is_wanted(const struct cdr_scan *scan, const struct cdr *cdr)
{
	size_t len = strlen(scan->since);
	int order =
		memcmp(cdr->end.p, scan->since, cdr->end.len < len ? cdr->end.len : len);

	return order > 0 || (order == 0 && cdr->end.len >= len);
}

/* Looks at the first record behind the middle. One that cannot be read there ends it early, which
 * costs time alone. */
static int halve(struct cdr_scan *scan)
{
	struct part *part = &scan->parts[scan->part];
	off_t middle = part->low + (part->high - part->low) / 2;
	struct span rest, line;
	struct cdr cdr;
	int err;

	part->found = part->high - part->low <= (off_t)CDR_SCAN_BYTES;
	if (part->found)
		goto out;
	err = read_at(scan, middle, &rest);
	if (err)
		return err;
	if (take_line(&rest, &line) && take_line(&rest, &line))
		err = cdr_read(&cdr, line);
	else
		err = ERR_FORMAT;
	if (err && err != -ENOMSG) {
		part->found = true;
		goto out;
	}
	if (is_wanted(scan, &cdr))
		part->high = middle;
	else
		part->low = middle + (line.p - scan->bytes);
out:
	if (part->found)
		part->high = part->st.st_size;
	return -EAGAIN;
}

static void give(struct cdr_scan *scan, struct span line, cdr_scan_h *h, void *arg)
{
	struct cdr cdr;
	int err = cdr_read(&cdr, line);

	if (err == -ENOMSG)
		return;
	if (err) {
		scan->counts.unreadable++;
		return;
	}
	if (!is_wanted(scan, &cdr))
		return;
	if (scan->counts.records++ == 0)
		span_copy(cdr.end, scan->counts.first, sizeof(scan->counts.first));
	h(arg, &cdr);
}

int cdr_scan_step(struct cdr_scan *scan, cdr_scan_h *h, void *arg)
{
	struct part *part = scan->parts + scan->part;
	struct span rest, line;
	int err;

	if (scan->part == scan->count)
		return 0;
	if (part->low >= part->high) {
		scan->part++;
		return -EAGAIN;
	}
	if (!part->found)
		return halve(scan);
	err = read_at(scan, part->low, &rest);
	if (err)
		return err;
	/* The file was cut meanwhile. */
	if (rest.len == 0)
		part->high = part->low;
	while (take_line(&rest, &line)) {
		part->low += (off_t)line.len + 1;
		give(scan, line, h, arg);
	}
	/* Nothing but the start of an endless line, or of one that is not whole yet. */
	if (rest.p == scan->bytes && rest.len > 0) {
		part->low += (off_t)rest.len;
		scan->counts.unreadable++;
	}
	return -EAGAIN;
}

const struct cdr_scan_counts *cdr_scan_counts(const struct cdr_scan *scan)
{
	return &scan->counts;
}
