/*
 * Looks for secrets where none may be.
 *
 *   sweep SECRETS FILE...
 *
 * SECRETS has one in each line, in hex, 12 bytes at least. Each FILE, a core or a log, is searched
 * for its bytes, for the same backward (as a number lies in memory), in hex, and in base64.
 * Prints "FILE: N" for each file, N the number of different secrets in it. Exit 0: none in
 * any; 1: some; 2: it could not look.
 */
#include <err.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include <fcntl.h>
#include <unistd.h>

#define SECRET_MIN 12
#define SECRET_MAX 64
#define FORM_MAX (2 * SECRET_MAX)
#define BUCKETS 65536

struct form {
	struct form *next; /* in its bucket */
	unsigned secret;   /* the line in SECRETS */
	size_t len;
	uint8_t bytes[FORM_MAX];
};

static struct form *buckets[BUCKETS];
static unsigned secret_count;
static bool *found; /* by secret, in the present file */

static unsigned bucket_of(const uint8_t *bytes)
{
	uint32_t word;

	memcpy(&word, bytes, sizeof(word));
	return (word * UINT32_C(2654435761)) >> 16;
}

static void add_form(const uint8_t *bytes, size_t len)
{
	struct form *form = calloc(1, sizeof(*form));
	unsigned bucket = bucket_of(bytes);

	if (!form)
		err(2, "sweep");
	form->secret = secret_count;
	form->len = len;
	memcpy(form->bytes, bytes, len);
	form->next = buckets[bucket];
	buckets[bucket] = form;
}

/* Only whole groups of three bytes: the rest depends on what follows. */
static size_t base64(const uint8_t *bytes, size_t len, uint8_t *out)
{
	static const char digits[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	size_t used = 0;

	for (size_t i = 0; i + 3 <= len; i += 3) {
		uint32_t group = (uint32_t)bytes[i] << 16 | (uint32_t)bytes[i + 1] << 8 |
				 bytes[i + 2];

		for (unsigned shift = 24; shift > 0; shift -= 6)
			out[used++] = (uint8_t)digits[group >> (shift - 6) & 63];
	}
	return used;
}

static void add_hex(const uint8_t *bytes, size_t len, const char *digits)
{
	uint8_t out[FORM_MAX];

	for (size_t i = 0; i < len; i++) {
		out[2 * i] = (uint8_t)digits[bytes[i] >> 4];
		out[2 * i + 1] = (uint8_t)digits[bytes[i] & 15];
	}
	add_form(out, 2 * len);
}

static void add_secret(const uint8_t *bytes, size_t len)
{
	uint8_t out[FORM_MAX];

	add_form(bytes, len);
	add_hex(bytes, len, "0123456789abcdef");
	add_hex(bytes, len, "0123456789ABCDEF");
	add_form(out, base64(bytes, len, out));
	for (size_t i = 0; i < len; i++)
		out[i] = bytes[len - 1 - i];
	add_form(out, len);
	secret_count++;
}

static void read_secrets(const char *name)
{
	FILE *in = fopen(name, "re");
	char line[2 * SECRET_MAX + 2];
	uint8_t bytes[SECRET_MAX];

	if (!in)
		err(2, "%s", name);
	while (fgets(line, sizeof(line), in)) {
		size_t len = strspn(line, "0123456789abcdefABCDEF");

		if (len % 2 || len / 2 < SECRET_MIN || line[len] != '\n')
			errx(2, "%s:%u: expected %d to %d bytes in hex", name,
				secret_count + 1, SECRET_MIN, SECRET_MAX);
		for (size_t i = 0; i < len; i += 2) {
			char digits[] = {line[i], line[i + 1], '\0'};

			bytes[i / 2] = (uint8_t)strtoul(digits, NULL, 16);
		}
		add_secret(bytes, len / 2);
	}
	fclose(in);
	if (secret_count == 0)
		errx(2, "%s: no secret", name);
}

/* The number of different secrets in DATA. */
static unsigned search(const uint8_t *data, size_t len)
{
	unsigned count = 0;

	memset(found, 0, secret_count * sizeof(*found));
	for (size_t i = 0; i + SECRET_MIN <= len; i++) {
		for (struct form *form = buckets[bucket_of(data + i)]; form;
			form = form->next) {
			if (found[form->secret] || form->len > len - i ||
				memcmp(form->bytes, data + i, form->len) != 0)
				continue;
			found[form->secret] = true;
			count++;
		}
	}
	return count;
}

static unsigned sweep_file(const char *name)
{
	int fd = open(name, O_RDONLY | O_CLOEXEC);
	struct stat info;
	unsigned count;
	void *data;

	if (fd < 0 || fstat(fd, &info) < 0)
		err(2, "%s", name);
	if (info.st_size == 0) {
		close(fd);
		return 0;
	}
	data = mmap(NULL, (size_t)info.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	if (data == MAP_FAILED)
		err(2, "%s", name);
	count = search(data, (size_t)info.st_size);
	munmap(data, (size_t)info.st_size);
	close(fd);
	return count;
}

int main(int argc, char **argv)
{
	bool any = false;

	if (argc < 3) {
		fprintf(stderr, "usage: sweep SECRETS FILE...\n");
		return 2;
	}
	read_secrets(argv[1]);
	found = calloc(secret_count, sizeof(*found));
	if (!found)
		err(2, "sweep");
	for (int i = 2; i < argc; i++) {
		unsigned count = sweep_file(argv[i]);

		printf("%s: %u\n", argv[i], count);
		any = any || count > 0;
	}
	free(found);
	return any;
}
