/*
 * What an answer of DNS is that is of no use, in words that say where to look. Loop thread.
 */
#pragma once

struct ub_result;

/*
 * Why RESULT, of a query that ended with libunbound's ERR, is of no use; NULL: it is an answer. An empty one is of
 * use: there is nothing. The text is static, or lives until the next call of err_str().
 */
const char *resolve_fault(int err, const struct ub_result *result);
