/*
 * What tandemctl does by itself, without a server, in the columns of admin/verb_list.h. Its help is made of
 * both. A handler gets the words behind noun and verb, prints what it has to say, and returns what tandemctl
 * exits with: 0, 1 when it failed, 2 when it was called wrongly. RET_RELOAD: the server is to be asked to
 * take the files into use.
 */
#pragma once

#include <stdbool.h>

typedef int verb_local_h(char *const *words, bool *ret_reload);

/* Options count as words; what there may be is each handler's to say. */
#define VERB_WORDS_MAX 200

/* clang-format off */
#define VERB_LOCAL_LIST(X)                                                               \
	X("setup", "", 0, VERB_WORDS_MAX, true, "setup [OPTION...]",                     \
		"make a first configuration: asks, or takes options (--help)",           \
		setup_run)                                                               \
	X("cert", "request", 0, VERB_WORDS_MAX, true, "cert request [OPTION...]",        \
		"make keys, and the requests that an authority answers", cert_request_run) \
	X("cert", "lab", 0, VERB_WORDS_MAX, true, "cert lab [OPTION...]",                \
		"a small authority of your own: certificates of all sides",              \
		cert_lab_run)                                                            \
	X("cert", "install", 0, VERB_WORDS_MAX, true, "cert install FILE... [OPTION...]", \
		"take in what an authority answered", cert_install_run)
/* clang-format on */

verb_local_h setup_run, cert_request_run, cert_lab_run, cert_install_run;
