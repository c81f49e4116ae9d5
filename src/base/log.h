/*
 * The log: one event, one line, `level module key=value ...`, to stderr or the journal. The words
 * before the = are those of tandemd(8), each with one meaning.
 *
 * Error: an operator must act. Warning: a call suffered. Info: one line per edge of a
 * call's life. Debug: per message. No keys ever; numbers of callers masked, unless
 * log_set_numbers() says otherwise. Any thread; never in the packet path. Levels, stamps and numbers
 * are settings of the whole process.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum log_level { LOG_LEVEL_ERROR, LOG_LEVEL_WARNING, LOG_LEVEL_INFO, LOG_LEVEL_DEBUG };

/* The level of all modules that have none of their own. */
void log_set_level(enum log_level level);
enum log_level log_get_level(void);
/* The finest level that any module has: what is above it is written nowhere. One load, for whoever would
 * make a text for the log. */
enum log_level log_finest_level(void);

/* Modules with a level of their own, since the start. */
#define LOG_MODULES_MAX 32
#define LOG_MODULE_SIZE 24

/*
 * MODULE has this level, whatever the others have; LOG_LEVEL_INHERITED: that of the others again. One
 * thread sets levels. 0; ERR_LIMIT: there are too many, or the name is too long.
 */
#define LOG_LEVEL_INHERITED (-1)
int log_set_module_level(const char *module, int level);
/* Calls H with each module that has one now. */
void log_each_module_level(
	void (*h)(void *arg, const char *module, enum log_level level), void *arg);
/* "error", "warning", "info", "debug". 0, or ERR_FORMAT for another word. */
int log_level_parse(const char *word, enum log_level *ret);
const char *log_level_name(enum log_level level);

/* Lines on stderr begin with their time, RFC 3339 in UTC with milliseconds, unless stderr is the
 * journal, which has its own. Before threads. */
void log_set_stamps(bool stamps);
/* Whether log_number() and log_said() leave numbers as they are. Not at first. */
void log_set_numbers(bool whole);

/* Takes lines instead of stderr; NULL restores stderr. Set before threads. */
typedef void log_sink_h(void *arg, enum log_level level, const char *line);
void log_set_sink(log_sink_h *sink, void *arg);
/* Whether stderr is the journal's (systemd.exec(5), JOURNAL_STREAM). */
bool log_stderr_is_journal(void);

/*
 * A second listener: gets each line at LEVEL or above when it is written, and also those that the log's own
 * level hides. From the thread that writes it; it must not log, and must be quick. Without one a line costs
 * no more than before. NULL: none; when that returns the old one is not called any more. Any thread.
 */
typedef void log_tap_h(void *arg, enum log_level level, const char *line, size_t len);
void log_set_tap(log_tap_h *tap, enum log_level level, void *arg);

/*
 * Writes one line. MODULE is the file's noun. Control and non-ASCII bytes of the finished
 * line are escaped as \xNN, so that no input can begin a second line. Text that came from
 * a peer goes through log_text() so that it cannot forge further keys either.
 */
void log_write(enum log_level level, const char *module, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/*
 * From log_gather() to log_release() the calling thread's lines at info wait, up to 4096 bytes of them
 * (PIPE_BUF), and leave in one write(2). A line of any other level leaves at once, and those before
 * it with it. One thread at a time gathers; of others each line leaves by itself, as it does
 * where a sink takes the lines.
 */
void log_gather(void);
void log_release(void);
/* Lines that wait leave before the process dies of a fault of its own. Once, at start. */
void log_release_at_crash(void);

#define log_error(module, ...) log_write(LOG_LEVEL_ERROR, module, __VA_ARGS__)
#define log_warning(module, ...) log_write(LOG_LEVEL_WARNING, module, __VA_ARGS__)
#define log_info(module, ...) log_write(LOG_LEVEL_INFO, module, __VA_ARGS__)
#define log_debug(module, ...)                                                           \
	do {                                                                             \
		if (log_finest_level() >= LOG_LEVEL_DEBUG)                               \
			log_write(LOG_LEVEL_DEBUG, module, __VA_ARGS__);                 \
	} while (0)

#define LOG_TEXT_SIZE 200

/*
 * A peer's TEXT of LEN bytes as a double-quoted word with quotes, backslashes and control
 * bytes escaped, cut at LOG_TEXT_SIZE with "...". Returns BUF.
 */
const char *log_text(char buf[static LOG_TEXT_SIZE], const char *text, size_t len);
/* A user part as a double-quoted word: of a number of LOG_NUMBER_TAIL digits and more all but the last
 * ones are '*', and all of anything else, but "anonymous". Returns BUF. */
#define LOG_NUMBER_TAIL 3
const char *log_number(char buf[static LOG_TEXT_SIZE], const char *user, size_t len);
/* As log_text(), and numbers within the text, seven digits and more, are masked likewise. */
const char *log_said(char buf[static LOG_TEXT_SIZE], const char *text, size_t len);
