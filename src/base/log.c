#include "base/log.h"

#include "base/err.h"

#include <errno.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* The longest line before escaping, and after (every byte may become four). */
#define LINE_SIZE 2048
#define ESCAPED_SIZE (4 * LINE_SIZE)

static const struct {
	const char *name;
	const char *journal; /* sd-daemon(3): the priority that the journal takes off */
} levels[] = {
	[LOG_LEVEL_ERROR] = {"error", "<3>"},
	[LOG_LEVEL_WARNING] = {"warning", "<4>"},
	[LOG_LEVEL_INFO] = {"info", "<6>"},
	[LOG_LEVEL_DEBUG] = {"debug", "<7>"},
};

#define LEVEL_COUNT (sizeof(levels) / sizeof(levels[0]))

static atomic_int current_level = LOG_LEVEL_INFO;

/* RO after start */
static log_sink_h *current_sink;
static void *current_sink_arg;

void log_set_level(enum log_level level)
{
	atomic_store_explicit(&current_level, (int)level, memory_order_relaxed);
}

enum log_level log_get_level(void)
{
	return (enum log_level)atomic_load_explicit(&current_level, memory_order_relaxed);
}

int log_level_parse(const char *word, enum log_level *ret)
{
	for (size_t i = 0; i < LEVEL_COUNT; i++) {
		if (strcmp(word, levels[i].name) == 0) {
			*ret = (enum log_level)i;
			return 0;
		}
	}
	return ERR_FORMAT;
}

const char *log_level_name(enum log_level level)
{
	return levels[level].name;
}

void log_set_sink(log_sink_h *sink, void *arg)
{
	current_sink = sink;
	current_sink_arg = arg;
}

static bool stderr_is_journal; /* RO after find_journal() */

/* systemd.exec(5): the variable may be inherited while stderr goes elsewhere, so it names
 * the device and inode that stderr must have. */
static void find_journal(void)
{
	const char *stream = getenv("JOURNAL_STREAM");
	unsigned long long device, inode;
	struct stat st;

	stderr_is_journal = stream && sscanf(stream, "%llu:%llu", &device, &inode) == 2 &&
			    fstat(STDERR_FILENO, &st) == 0 && st.st_dev == device &&
			    st.st_ino == inode;
}

static bool is_printable(char c)
{
	return c >= ' ' && c <= '~';
}

/* Writes C to OUT (four bytes of room) as it is or as \xNN; returns the length. */
static size_t escape_byte(char *out, char c)
{
	static const char digits[] = "0123456789abcdef";
	unsigned char byte = (unsigned char)c;

	if (is_printable(c)) {
		out[0] = c;
		return 1;
	}
	out[0] = '\\';
	out[1] = 'x';
	out[2] = digits[byte >> 4];
	out[3] = digits[byte & 15];
	return 4;
}

/* One write(2) a line: threads do not mix theirs, and nothing is lost in a buffer when
 * the process dies. A log that cannot be written has nobody to be reported to. */
static void write_stderr(enum log_level level, char *line, size_t len)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	char out[ESCAPED_SIZE + 8];
	size_t out_len = 0;
	ssize_t written;

	pthread_once(&once, find_journal);
	if (stderr_is_journal) {
		out_len = strlen(levels[level].journal);
		memcpy(out, levels[level].journal, out_len);
	}
	memcpy(out + out_len, line, len);
	out_len += len;
	out[out_len++] = '\n';
	do
		written = write(STDERR_FILENO, out, out_len);
	while (written < 0 && errno == EINTR);
}

void log_write(enum log_level level, const char *module, const char *format, ...)
{
	char line[LINE_SIZE], escaped[ESCAPED_SIZE];
	size_t used, len = 0;
	int saved_errno = errno;
	va_list args;

	if (level > log_get_level())
		return;
	snprintf(line, sizeof(line), "%s %s ", levels[level].name, module);
	used = strlen(line);
	va_start(args, format);
	vsnprintf(line + used, sizeof(line) - used, format, args);
	va_end(args);
	for (const char *p = line; *p != '\0'; p++)
		len += escape_byte(escaped + len, *p);
	escaped[len] = '\0';
	if (current_sink)
		current_sink(current_sink_arg, level, escaped);
	else
		write_stderr(level, escaped, len);
	errno = saved_errno; /* so that a caller may log before it returns -errno */
}

const char *log_text(char buf[static LOG_TEXT_SIZE], const char *text, size_t len)
{
	static const char cut[] = "...\"";
	size_t out = 0;

	buf[out++] = '"';
	for (size_t i = 0; i < len; i++) {
		char piece[4];
		size_t piece_len;

		if (text[i] == '"' || text[i] == '\\') {
			piece[0] = '\\';
			piece[1] = text[i];
			piece_len = 2;
		} else {
			piece_len = escape_byte(piece, text[i]);
		}
		/* Room for the mark stays until the end, so that it never splits an escape. */
		if (out + piece_len + sizeof(cut) > LOG_TEXT_SIZE) {
			memcpy(buf + out, cut, sizeof(cut));
			return buf;
		}
		memcpy(buf + out, piece, piece_len);
		out += piece_len;
	}
	buf[out++] = '"';
	buf[out] = '\0';
	return buf;
}

bool log_limit_pass(struct log_limit *limit, uint64_t now_ms, unsigned *ret_hidden)
{
	uint64_t second = now_ms / 1000;

	if (second != limit->second) {
		limit->second = second;
		limit->written = 0;
	}
	if (limit->written == LOG_LINES_A_SECOND) {
		limit->hidden++;
		return false;
	}
	limit->written++;
	*ret_hidden = limit->hidden;
	limit->hidden = 0;
	return true;
}
