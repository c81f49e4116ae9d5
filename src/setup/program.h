/*
 * tandemd, run by tandemctl for its verdict. tandemctl's only thread.
 */
#pragma once

/* Runs `tandemd -t -c FILE`, that beside this program before one of PATH, with our output. Its exit code, or
 * negative when there is none. */
int program_check(const char *file);
