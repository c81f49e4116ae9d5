/*
 * Heads of files in an archive (POSIX ustar), in the one form that we write: so an archive can have nothing in it that is not
 * looked at. Pure; any thread.
 */
#pragma once

#include "base/span.h"

#define TAR_BLOCK 512
/* Room for "FOLDER/NAME" with its NUL. */
#define TAR_PATH_SIZE 101
#define TAR_SIZE_MAX ((uint64_t)8 << 30)

/* 0; ERR_LIMIT: PATH or SIZE does not fit. */
int tar_head(uint8_t out[static TAR_BLOCK], const char *path, uint64_t size);
/* 0; -ENOENT: HEAD is zeros, with which an archive ends; ERR_FORMAT: it is not as tar_head() makes it. */
int tar_read(const uint8_t head[static TAR_BLOCK], char ret_path[static TAR_PATH_SIZE],
	uint64_t *ret_size);
/* Zeros behind a file of SIZE. */
size_t tar_padding(uint64_t size);
