/*
 * `tandemctl trunk tls`: the one command that changes a file. It does so with the rights of whoever calls it,
 * so that the server, which the network reaches, needs none to write its configuration.
 */
#pragma once

#include "admin/api.h"

/*
 * Writes what ARGS, {ID, "on", "observe" or "off", NULL}, say into the file that the server names for that
 * trunk, and has the server reload. What it answers is the caller's in *RET_ANSWER; unless its code is
 * API_OK the file is put back byte for byte, and its error says so. API_OK when there is an answer; else as
 * client_ask(), and API_DENIED where the file may not be changed.
 */
enum api_code switch_tls(const char *socket_path, char *const *args, json_t **ret_answer,
	struct err_text *text);
