/*
 * What is read of a bundle, and what is read to make one. The first byte says what the others are: an archive, the files that an
 * archive is made of, a message or a record in which numbers are hidden, a block of a capture. What is read is within its input
 * and bounded.
 */
#include "audit/datagram.h"
#include "audit/hide.h"
#include "audit/pcapng.h"
#include "audit/sealed_files.h"
#include "evidence/tar.h"
#include "fuzz.h"
#include "verify/bundle.h"

#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

/* Of the bundles in the corpus. */
#define KEY                                                                              \
	"med1.example.test/"                                                             \
	"records+47abca8e+ASURHOr5ScsOvBn3Fy79v8h7FK0jgqMZ98bN5QiuT8Aj"

static void fault_h(void *arg, const struct bundle_fault *fault)
{
	unsigned *count = arg;

	MUST(fault->kind[0] && fault->text[0]);
	MUST(++*count <= BUNDLE_FAULTS_MAX);
}

static void check(int fd)
{
	struct bundle_result result = {0};
	struct err_text text = {""};
	struct bundle_params params;
	unsigned count = 0;
	struct note_key key;
	char path[64];

	MUST(note_key_read(&key, span_of(KEY)) == 0);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	params = (struct bundle_params){
		.path = path, .key = &key, .h = fault_h, .arg = &count};
	if (bundle_check(&result, &params, &text) == 0)
		MUST(result.faults >= count);
	json_decref(result.manifest);
}

static void put(int fd, const void *data, size_t len)
{
	MUST(write(fd, data, len) == (ssize_t)len);
}

static void read_archive(const uint8_t *data, size_t size)
{
	const int fd = memfd_create("archive", MFD_CLOEXEC);

	MUST(fd >= 0);
	if (size > 0)
		put(fd, data, size);
	check(fd);
	close(fd);
}

/* Each file: which name it has, its length in two bytes, its bytes. */
static void read_files(const uint8_t *data, size_t size)
{
	static const char *const names[] = {"SHA256SUMS", "export.json", "export.proof",
		"manifest.json", "call.json", "call.proof", "files.json", "files.proof",
		"call.pcapng", "call.pcapng.blocks", "README", "checkpoint", "handover.1",
		"call.masked.json", "../x", "call.pcapng.age"};
	static const uint8_t zeros[2 * TAR_BLOCK];
	const int fd = memfd_create("files", MFD_CLOEXEC);
	uint8_t head[TAR_BLOCK];
	char path[TAR_PATH_SIZE];
	size_t len;

	MUST(fd >= 0);
	while (size >= 3) {
		snprintf(path, sizeof(path), "b/%s",
			names[data[0] % (sizeof(names) / sizeof(names[0]))]);
		len = (size_t)data[1] | (size_t)data[2] << 8;
		data += 3;
		size -= 3;
		if (len > size)
			len = size;
		MUST(tar_head(head, path, len) == 0);
		put(fd, head, sizeof(head));
		put(fd, data, len);
		put(fd, zeros, tar_padding(len));
		data += len;
		size -= len;
	}
	put(fd, zeros, sizeof(zeros));
	check(fd);
	close(fd);
}

/* No number is left. */
static void hide(const uint8_t *data, size_t size)
{
	char *text = malloc(size > 0 ? size : 1);
	unsigned digits = 0;

	if (!text)
		return;
	memcpy(text, data, size);
	(void)hide_message(text, size);
	for (size_t i = 0; i < size; i++) {
		digits = text[i] >= '0' && text[i] <= '9' ? digits + 1 : 0;
		MUST(digits < 7);
	}
	memcpy(text, data, size);
	(void)hide_record(text, size);
	free(text);
}

static void read_block(const uint8_t *data, size_t size)
{
	uint8_t *block = malloc(size > 0 ? size : 1);
	struct pcapng_view view;
	size_t at, len;

	if (!block)
		return;
	memcpy(block, data, size);
	if (size >= PCAPNG_BLOCK_HEAD && pcapng_open(block, size, &view)) {
		MUST(view.at <= size && view.len <= size - view.at);
		at = datagram_open(block + view.at, view.len, &len);
		if (at) {
			MUST(at + len == view.len);
			(void)hide_message((char *)block + view.at + at, len);
			datagram_close(block + view.at);
		}
	}
	free(block);
}

static void read_record(const uint8_t *data, size_t size)
{
	const struct span line = {(const char *)data, size};
	struct sealed_file file;
	struct span list;

	(void)sealed_files_are_of(line, "5f3c-00002a");
	(void)sealed_files_day(line);
	list = sealed_files_list(line);
	while (list.p && sealed_files_next(&list, &file)) {
		MUST(file.name.p >= line.p &&
			file.name.p + file.name.len <= line.p + size);
		MUST(list.p + list.len <= line.p + size);
	}
	hide(data, size);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size == 0)
		return 0;
	switch (data[0]) {
	case 'A':
		read_archive(data + 1, size - 1);
		break;
	case 'F':
		read_files(data + 1, size - 1);
		break;
	case 'M':
		hide(data + 1, size - 1);
		break;
	case 'B':
		read_block(data + 1, size - 1);
		break;
	case 'R':
		read_record(data + 1, size - 1);
		break;
	default:
		break;
	}
	return 0;
}
