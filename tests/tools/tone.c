/*
 * Says whether a recording is one clean tone, as a phone in a test heard it.
 *
 *   tone FILE.wav HERTZ [MIN_SECONDS [MIN_SNR_DB MAX_GAP_S]]
 *
 * FILE is WAV, PCM of 16 bits, one channel. Prints a line: the dominant frequency, its
 * level, how far it stands above the rest, how long it lasted and the longest gap within.
 * Exit 0 when it is HERTZ to 2 %, loud enough, clean, long enough and without long gaps;
 * 1 with the reason when not, 2 when FILE cannot be read.
 */
#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FRAME_S 0.02         /* gaps are counted in these */
#define WINDOW_S 0.2         /* frequency and level are the median of these */
#define TOLERANCE 0.02       /* of the frequency */
#define MIN_LEVEL_DB (-40.0) /* dBFS, of the tone */
#define MIN_SNR_DB 15.0      /* G.711 alone leaves about 35 */
#define SILENCE_DB (-55.0)   /* a frame below this is no sound */
#define MAX_GAP_S 0.25       /* a busy machine delays packets, a fault drops more */
#define MAX_WINDOWS 512

struct sound {
	int16_t *samples;
	size_t count;
	double rate;
};

struct measure {
	double hertz;
	double level_db;
	double snr_db;
	double seconds; /* from the first frame with sound to the last */
	double gap_s;
};

static uint32_t get32(const uint8_t *bytes)
{
	return bytes[0] | (uint32_t)bytes[1] << 8 | (uint32_t)bytes[2] << 16 |
	       (uint32_t)bytes[3] << 24;
}

static uint32_t get16(const uint8_t *bytes)
{
	return bytes[0] | (uint32_t)bytes[1] << 8;
}

/* The whole of FILE, or NULL. */
static uint8_t *read_file(const char *path, size_t *ret_len)
{
	FILE *file = fopen(path, "rb");
	uint8_t *bytes = NULL;
	long len;

	if (!file)
		return NULL;
	if (fseek(file, 0, SEEK_END) == 0 && (len = ftell(file)) > 0) {
		rewind(file);
		bytes = malloc((size_t)len);
		*ret_len = bytes ? fread(bytes, 1, (size_t)len, file) : 0;
	}
	fclose(file);
	return bytes;
}

/* Fills SOUND from a WAV file in BYTES. A recorder that was cut off leaves a wrong length
 * of the data: what is there counts. */
static bool parse_wav(const uint8_t *bytes, size_t len, struct sound *sound)
{
	size_t at = 12;

	if (len < 12 || memcmp(bytes, "RIFF", 4) != 0 ||
		memcmp(bytes + 8, "WAVE", 4) != 0)
		return false;
	while (at + 8 <= len) {
		size_t size = get32(bytes + at + 4);
		bool data = memcmp(bytes + at, "data", 4) == 0;

		if (size > len - at - 8 || (data && size == 0))
			size = len - at - 8;
		if (memcmp(bytes + at, "fmt ", 4) == 0 && size >= 16) {
			if (get16(bytes + at + 10) != 1 || get16(bytes + at + 22) != 16)
				return false;
			sound->rate = get32(bytes + at + 12);
		} else if (data) {
			sound->count = size / 2;
			sound->samples = calloc(sound->count + 1, sizeof(int16_t));
			for (size_t i = 0; sound->samples && i < sound->count; i++)
				sound->samples[i] =
					(int16_t)get16(bytes + at + 8 + 2 * i);
			return sound->samples && sound->rate >= 4000;
		}
		at += 8 + size + (size & 1);
	}
	return false;
}

static double to_db(double power)
{
	return power > 1e-12 ? 10 * log10(power) : -120;
}

/* Mean square of COUNT samples; a full-scale square wave has 1. */
static double power_of(const int16_t *samples, size_t count)
{
	double sum = 0;

	for (size_t i = 0; i < count; i++)
		sum += (double)samples[i] * samples[i];
	return count > 0 ? sum / (double)count / (32768.0 * 32768.0) : 0;
}

/* The power of the part of SAMPLES at HERTZ (Goertzel). */
static double power_at(const int16_t *samples, size_t count, double hertz, double rate)
{
	double turn = 2 * M_PI * hertz / rate;
	double twice = 2 * cos(turn);
	double s0, s1 = 0, s2 = 0;

	for (size_t i = 0; i < count; i++) {
		s0 = samples[i] / 32768.0 + twice * s1 - s2;
		s2 = s1;
		s1 = s0;
	}
	return 2 * (s1 * s1 + s2 * s2 - twice * s1 * s2) /
	       ((double)count * (double)count);
}

/* The frequency that dominates SAMPLES, and its power. */
static double find_peak(
	const int16_t *samples, size_t count, double rate, double *ret_power)
{
	double best = 0, best_power = 0, centre, power;

	/* A window of 0.2 s tells 5 Hz apart. */
	for (double hertz = 100; hertz < 0.48 * rate; hertz += 2.5) {
		power = power_at(samples, count, hertz, rate);
		if (power > best_power) {
			best_power = power;
			best = hertz;
		}
	}
	centre = best;
	for (double hertz = centre - 2.5; hertz <= centre + 2.5; hertz += 0.1) {
		power = power_at(samples, count, hertz, rate);
		if (power > best_power) {
			best_power = power;
			best = hertz;
		}
	}
	*ret_power = best_power;
	return best;
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static double median(double *values, size_t count)
{
	qsort(values, count, sizeof(*values), compare);
	return count > 0 ? values[count / 2] : 0;
}

/* Where sound begins and ends, and the longest silence between. */
static void find_sound(const struct sound *sound, size_t *ret_first, size_t *ret_end,
	struct measure *measure)
{
	size_t frame = (size_t)(sound->rate * FRAME_S);
	size_t first = sound->count, end = 0, gap = 0, longest = 0;

	for (size_t at = 0; at + frame <= sound->count; at += frame) {
		if (to_db(power_of(sound->samples + at, frame)) < SILENCE_DB) {
			gap++;
			continue;
		}
		if (end == 0)
			first = at;
		else if (gap > longest)
			longest = gap;
		gap = 0;
		end = at + frame;
	}
	*ret_first = first;
	*ret_end = end;
	measure->seconds = end > first ? (double)(end - first) / sound->rate : 0;
	measure->gap_s = (double)longest * FRAME_S;
}

static void measure_sound(const struct sound *sound, struct measure *measure)
{
	double hertz[MAX_WINDOWS], level[MAX_WINDOWS], snr[MAX_WINDOWS], tone, all;
	size_t window = (size_t)(sound->rate * WINDOW_S);
	size_t first, end, margin, count = 0;

	find_sound(sound, &first, &end, measure);
	/* The middle: phones begin and end with a step. */
	margin = end > first ? (end - first) / 10 : 0;
	for (size_t at = first + margin; at + window + margin <= end; at += window) {
		if (count == MAX_WINDOWS)
			break;
		all = power_of(sound->samples + at, window);
		hertz[count] = find_peak(sound->samples + at, window, sound->rate, &tone);
		level[count] = to_db(tone);
		snr[count] = to_db(tone) - to_db(all > tone ? all - tone : 0);
		count++;
	}
	measure->hertz = median(hertz, count);
	measure->level_db = count > 0 ? median(level, count) : -120;
	measure->snr_db = median(snr, count);
}

/* What is wrong with it, or NULL. */
static const char *judge(const struct measure *measure, const struct measure *wanted)
{
	if (measure->seconds <= 0)
		return "silence";
	if (measure->seconds < wanted->seconds)
		return "too short";
	if (fabs(measure->hertz - wanted->hertz) > wanted->hertz * TOLERANCE)
		return "another frequency";
	if (measure->level_db < wanted->level_db)
		return "too quiet";
	if (measure->snr_db < wanted->snr_db)
		return "not clean";
	if (measure->gap_s > wanted->gap_s)
		return "gaps";
	return NULL;
}

int main(int argc, char **argv)
{
	struct sound sound = {0};
	struct measure measure = {0};
	struct measure wanted = {.seconds = 1,
		.level_db = MIN_LEVEL_DB,
		.snr_db = MIN_SNR_DB,
		.gap_s = MAX_GAP_S};
	const char *fault;
	uint8_t *bytes;
	size_t len = 0;

	if (argc < 3 || argc == 5 || argc > 6) {
		fprintf(stderr,
			"usage: %s FILE.wav HERTZ [MIN_SECONDS [MIN_SNR_DB MAX_GAP_S]]\n",
			argv[0]);
		return 2;
	}
	wanted.hertz = strtod(argv[2], NULL);
	if (argc > 3)
		wanted.seconds = strtod(argv[3], NULL);
	if (argc > 5) {
		wanted.snr_db = strtod(argv[4], NULL);
		wanted.gap_s = strtod(argv[5], NULL);
	}
	bytes = read_file(argv[1], &len);
	if (!bytes || !parse_wav(bytes, len, &sound)) {
		printf("%s: no recording\n", argv[1]);
		free(bytes);
		return 2;
	}
	measure_sound(&sound, &measure);
	fault = judge(&measure, &wanted);
	printf("%.1f Hz (expected %.0f), %.1f dBFS, %.0f dB above the rest, %.1f s, "
	       "longest gap %.0f ms: %s\n",
		measure.hertz, wanted.hertz, measure.level_db, measure.snr_db,
		measure.seconds, measure.gap_s * 1000, fault ? fault : "good");
	free(sound.samples);
	free(bytes);
	return fault ? 1 : 0;
}
