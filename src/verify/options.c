#ifdef HAVE_CONFIG_H
#include "tandem-config.h"
#endif

#include "verify/options.h"

#include <getopt.h>
#include <stdio.h>
#include <string.h>

#ifndef PACKAGE_VERSION
#define PACKAGE_VERSION "unknown"
#endif

int options_usage(const char *why)
{
	if (why)
		fprintf(stderr, "tandem-verify: %s\n", why);
	fprintf(stderr,
		"usage: tandem-verify log --key KEY [--from N] [--to N] [--older "
		"FILE]...\n"
		"                         [--witness KEY]... [--quorum N] [--live]\n"
		"                         [--json | --quiet] STATE-DIR\n"
		"       tandem-verify log --key KEY --tiles DIR [options] FILE...\n"
		"       tandem-verify proof --key KEY [--handover FILE]... [--record "
		"FILE]\n"
		"                           [--witness KEY]... [--quorum N]\n"
		"                           [--json | --quiet] FILE\n"
		"       tandem-verify bundle --key KEY [--tsa-ca FILE] [--witness "
		"KEY]... [--quorum N]\n"
		"                            [--json | --quiet] DIR|FILE.tar\n"
		"       tandem-verify report --key KEY [--handover FILE]... [--json | "
		"--quiet] DIR\n");
	return USAGE;
}

static const struct option long_options[] = {
	{"key", required_argument, NULL, 'k'},
	{"from", required_argument, NULL, 'f'},
	{"to", required_argument, NULL, 't'},
	{"older", required_argument, NULL, 'o'},
	{"tiles", required_argument, NULL, 'd'},
	{"record", required_argument, NULL, 'r'},
	{"handover", required_argument, NULL, 'H'},
	{"witness", required_argument, NULL, 'w'},
	{"quorum", required_argument, NULL, 'Q'},
	{"tsa-ca", required_argument, NULL, 'T'},
	{"live", no_argument, NULL, 'l'},
	{"json", no_argument, NULL, 'j'},
	{"quiet", no_argument, NULL, 'q'},
	{"help", no_argument, NULL, 'h'},
	{"version", no_argument, NULL, 'V'},
	{NULL, 0, NULL, 0},
};

static bool take_option(struct options *options, int option)
{
	switch (option) {
	case 'k':
		options->key = optarg;
		return true;
	case 'f':
		return span_uint(span_of(optarg), INT64_MAX, &options->from) == 0;
	case 't':
		/* The last one that is wanted. */
		if (span_uint(span_of(optarg), INT64_MAX, &options->to) != 0)
			return false;
		options->to++;
		return true;
	case 'o':
		if (options->older_count == VERIFY_OLDER_MAX)
			return false;
		options->older[options->older_count++] = optarg;
		return true;
	case 'd':
		options->tiles = optarg;
		return true;
	case 'r':
		options->record = optarg;
		return true;
	case 'H':
		if (options->handover_count == HANDOVERS_MAX)
			return false;
		options->handovers[options->handover_count++] = optarg;
		return true;
	case 'w':
		if (options->witness_count == VERIFY_WITNESSES_MAX)
			return false;
		options->witnesses[options->witness_count++] = optarg;
		return true;
	case 'Q':
		return span_uint(span_of(optarg), VERIFY_WITNESSES_MAX,
			       &options->quorum) == 0 &&
		       options->quorum > 0;
	case 'T':
		options->tsa_ca = optarg;
		return true;
	case 'l':
		options->live = true;
		return true;
	case 'j':
		options->json = true;
		return true;
	case 'q':
		options->quiet = true;
		return true;
	default:
		return false;
	}
}

bool options_read(struct options *ret, int argc, char **argv, int *ret_code)
{
	struct options options = {.to = UINT64_MAX};
	int option;

	*ret_code = GOOD;
	while ((option = getopt_long(argc, argv, "jqh", long_options, NULL)) != -1) {
		if (option == 'h') {
			options_usage(NULL);
			return false;
		}
		if (option == 'V') {
			printf("tandem-verify %s\n", PACKAGE_VERSION);
			return false;
		}
		if (!take_option(&options, option)) {
			*ret_code = options_usage(NULL);
			return false;
		}
		if (!strchr(options.given, option))
			options.given[strlen(options.given)] = (char)option;
	}
	if (!argv[optind]) {
		*ret_code = options_usage(NULL);
		return false;
	}
	options.command = argv[optind];
	options.args = argv + optind + 1;
	options.arg_count = argc - optind - 1;
	*ret = options;
	return true;
}
