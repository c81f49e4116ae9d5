#include "base/log.h"

#include "base/err.h"
#include "base/log_escape.h"
#include "base/log_words.h"

#include <errno.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

/* The longest line before escaping, and after (every byte may become four). */
#define LINE_SIZE 2048
#define ESCAPED_SIZE (4 * LINE_SIZE)
#define MODULE_MAX 32
/* The time or the journal's priority before it, the line's end, and a NUL. */
#define STAMP_SIZE sizeof("2026-11-30T20:35:37.000Z ")
#define MARKS_SIZE (STAMP_SIZE + 8)

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
static atomic_int finest_level = LOG_LEVEL_INFO;

/* Modules are added and stay, so that a reader needs no lock: a row is whole before it is counted. */
static struct {
	atomic_uint count;
	struct {
		char name[LOG_MODULE_SIZE];
		atomic_int level; /* or LOG_LEVEL_INHERITED */
	} rows[LOG_MODULES_MAX];
} modules;

/* RO after start */
static log_sink_h *current_sink;
static void *current_sink_arg;
static bool stamps_wanted;

static void find_finest(void)
{
	int finest = atomic_load(&current_level);
	const unsigned count = atomic_load(&modules.count);

	for (unsigned i = 0; i < count; i++) {
		int level = atomic_load(&modules.rows[i].level);

		if (level > finest)
			finest = level;
	}
	atomic_store(&finest_level, finest);
}

void log_set_level(enum log_level level)
{
	atomic_store(&current_level, (int)level);
	find_finest();
}

enum log_level log_finest_level(void)
{
	return (enum log_level)atomic_load_explicit(&finest_level, memory_order_relaxed);
}

/* The row of MODULE; COUNT of them where there is none. */
static unsigned find_module(const char *module)
{
	const unsigned count = atomic_load_explicit(&modules.count, memory_order_acquire);
	unsigned i = 0;

	while (i < count && strcmp(modules.rows[i].name, module) != 0)
		i++;
	return i;
}

int log_set_module_level(const char *module, int level)
{
	const unsigned at = find_module(module);

	if (at == LOG_MODULES_MAX || strlen(module) >= LOG_MODULE_SIZE)
		return ERR_LIMIT;
	if (at == atomic_load(&modules.count)) {
		strcpy(modules.rows[at].name, module);
		atomic_store(&modules.rows[at].level, level);
		atomic_store_explicit(&modules.count, at + 1, memory_order_release);
	} else {
		atomic_store(&modules.rows[at].level, level);
	}
	find_finest();
	return 0;
}

void log_each_module_level(
	void (*h)(void *arg, const char *module, enum log_level level), void *arg)
{
	const unsigned count = atomic_load(&modules.count);

	for (unsigned i = 0; i < count; i++) {
		const int level = atomic_load(&modules.rows[i].level);

		if (level != LOG_LEVEL_INHERITED)
			h(arg, modules.rows[i].name, (enum log_level)level);
	}
}

/* Whether a line of LEVEL of MODULE is written. */
static bool is_written(enum log_level level, const char *module)
{
	const unsigned count = atomic_load_explicit(&modules.count, memory_order_relaxed);
	unsigned at;
	int own = LOG_LEVEL_INHERITED;

	if (level > log_finest_level() && count == 0)
		return false;
	at = count > 0 ? find_module(module) : 0;
	if (at < count)
		own = atomic_load_explicit(&modules.rows[at].level, memory_order_relaxed);
	return own == LOG_LEVEL_INHERITED ? level <= log_get_level() : (int)level <= own;
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

void log_set_stamps(bool stamps)
{
	stamps_wanted = stamps;
}

_Static_assert(LOG_WORDS_SIZE + MODULE_MAX + 16 <= LINE_SIZE, "such a line fits");

/* The level is -1 while nobody listens, and can be read without the lock. */
static struct {
	pthread_mutex_t lock;
	atomic_int level;
	log_tap_h *h; /* LOCK: lock */
	void *arg;    /* LOCK: lock */
} tap = {.lock = PTHREAD_MUTEX_INITIALIZER, .level = -1};

void log_set_tap(log_tap_h *h, enum log_level level, void *arg)
{
	pthread_mutex_lock(&tap.lock);
	tap.h = h;
	tap.arg = arg;
	atomic_store_explicit(&tap.level, h ? (int)level : -1, memory_order_relaxed);
	pthread_mutex_unlock(&tap.lock);
}

static bool is_tapped(enum log_level level)
{
	return (int)level <= atomic_load_explicit(&tap.level, memory_order_relaxed);
}

static void write_tap(enum log_level level, const char *line, size_t len)
{
	pthread_mutex_lock(&tap.lock);
	if (tap.h)
		tap.h(tap.arg, level, line, len);
	pthread_mutex_unlock(&tap.lock);
}

static bool stderr_is_journal; /* RO after find_journal() */
static pthread_once_t journal_once = PTHREAD_ONCE_INIT;

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

bool log_stderr_is_journal(void)
{
	pthread_once(&journal_once, find_journal);
	return stderr_is_journal;
}

/* Lines that wait for the end of a turn. One thread at a time has them: the one that took them. */
static struct {
	atomic_bool taken;
	size_t len;
	/* Of a pipe, too, all of it is written as one. */
	char lines[PIPE_BUF];
} gathered;

static _Thread_local bool gathers;

/* A log that cannot be written has nobody to be reported to. */
static void write_out(const char *lines, size_t len)
{
	ssize_t written;

	do
		written = write(STDERR_FILENO, lines, len);
	while (written < 0 && errno == EINTR);
}

static void write_gathered(void)
{
	const size_t len = gathered.len;

	gathered.len = 0;
	if (len > 0)
		write_out(gathered.lines, len);
}

void log_gather(void)
{
	if (!gathers)
		gathers = !atomic_exchange(&gathered.taken, true);
}

void log_release(void)
{
	if (!gathers)
		return;
	write_gathered();
	gathers = false;
	atomic_store(&gathered.taken, false);
}

/* What comes after it is the signal's own action. */
static void write_at_crash(int number)
{
	(void)number;
	write_gathered();
}

void log_release_at_crash(void)
{
	static const int signals[] = {SIGABRT, SIGBUS, SIGFPE, SIGILL, SIGSEGV};
	const struct sigaction ours = {.sa_handler = write_at_crash,
		.sa_flags = (int)(SA_RESETHAND | SA_NODEFER)};

	for (size_t i = 0; i < sizeof(signals) / sizeof(signals[0]); i++) {
		struct sigaction old;

		/* A sanitizer has its own, which says more. */
		if (sigaction(signals[i], NULL, &old) == 0 && old.sa_handler == SIG_DFL)
			sigaction(signals[i], &ours, NULL);
	}
}

/* Writes DIGITS digits of VALUE to OUT; returns what is behind them. */
static char *put_digits(char *out, unsigned value, unsigned digits)
{
	for (unsigned i = digits; i > 0; i--, value /= 10)
		out[i - 1] = (char)('0' + value % 10);
	return out + digits;
}

/* The time as it stands before a line, at OUT, STAMP_SIZE bytes; returns what is behind it. Most
 * lines have the second of the one before them. */
static char *put_stamp(char *out)
{
	static _Thread_local struct {
		time_t second;
		char text[sizeof("2026-11-30T20:35:37")];
	} last;
	struct timespec now;
	struct tm tm;

	clock_gettime(CLOCK_REALTIME, &now);
	if (now.tv_sec != last.second || last.text[0] == '\0') {
		gmtime_r(&now.tv_sec, &tm);
		strftime(last.text, sizeof(last.text), "%Y-%m-%dT%H:%M:%S", &tm);
		last.second = now.tv_sec;
	}
	out = stpcpy(out, last.text);
	*out++ = '.';
	out = put_digits(out, (unsigned)(now.tv_nsec / 1000000), 3);
	return stpcpy(out, "Z ");
}

/* A line of LEN bytes as it leaves, at OUT; returns its length there. */
static size_t put_line(char *out, enum log_level level, const char *line, size_t len)
{
	char *end = out;

	if (log_stderr_is_journal())
		end = stpcpy(end, levels[level].journal);
	else if (stamps_wanted)
		end = put_stamp(end);
	end = mempcpy(end, line, len);
	*end++ = '\n';
	return (size_t)(end - out);
}

/* SIZE bytes behind the lines that wait, or NULL where a line is longer than all of the room. */
static char *gathered_room(size_t size)
{
	if (size > sizeof(gathered.lines) - gathered.len)
		write_gathered();
	return size <= sizeof(gathered.lines) ? gathered.lines + gathered.len : NULL;
}

static void write_stderr(enum log_level level, const char *line, size_t len)
{
	const size_t size = len + MARKS_SIZE;
	char *room = gathers ? gathered_room(size) : NULL;
	char alone[ESCAPED_SIZE + MARKS_SIZE];

	if (!room) {
		write_out(alone, put_line(alone, level, line, len));
		return;
	}
	gathered.len += put_line(room, level, line, len);
	if (level != LOG_LEVEL_INFO)
		write_gathered();
}

/* LINE of LEN bytes without what no terminal may see: itself, or a copy in ESCAPED. Its length is
 * *RET_LEN. */
static const char *escape(
	const char *line, size_t len, char escaped[static ESCAPED_SIZE], size_t *ret_len)
{
	size_t at = 0, out = 0;

	while (at < len && log_is_printable(line[at]))
		at++;
	*ret_len = len;
	if (at == len) /* as nearly all are */
		return line;
	memcpy(escaped, line, at);
	for (out = at; at < len; at++)
		out += log_escape_byte(escaped + out, line[at]);
	escaped[out] = '\0';
	*ret_len = out;
	return escaped;
}

/* The level and the module, as a line begins; returns what is behind them. */
static char *put_head(
	char line[static LINE_SIZE], enum log_level level, const char *module)
{
	char *end = stpcpy(line, levels[level].name);
	const size_t len = strnlen(module, MODULE_MAX);

	*end++ = ' ';
	end = mempcpy(end, module, len);
	*end++ = ' ';
	return end;
}

/* LINE of LEN bytes, a NUL behind them, leaves. */
static void put(enum log_level level, const char *module, const char *line, size_t len)
{
	char escaped[ESCAPED_SIZE];
	const char *text = escape(line, len, escaped, &len);

	if (is_tapped(level))
		write_tap(level, text, len);
	if (!is_written(level, module))
		return;
	if (current_sink)
		current_sink(current_sink_arg, level, text);
	else
		write_stderr(level, text, len);
}

void log_write(enum log_level level, const char *module, const char *format, ...)
{
	char line[LINE_SIZE];
	int saved_errno = errno;
	va_list args;
	char *end;

	if (!is_written(level, module) && !is_tapped(level))
		return;
	end = put_head(line, level, module);
	va_start(args, format);
	vsnprintf(end, (size_t)(line + sizeof(line) - end), format, args);
	va_end(args);
	put(level, module, line, strlen(line));
	errno = saved_errno; /* so that a caller may log before it returns -errno */
}

void log_words(enum log_level level, const char *module, const struct log_words *words)
{
	char line[LINE_SIZE];
	int saved_errno = errno;
	char *end;

	if (!is_written(level, module) && !is_tapped(level))
		return;
	end = put_head(line, level, module);
	end = mempcpy(end, words->text, words->len);
	*end = '\0';
	put(level, module, line, (size_t)(end - line));
	errno = saved_errno;
}
