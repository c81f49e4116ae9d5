/*
 * What the service manager is told (sd_notify(3)), where there is one that asks (NOTIFY_SOCKET) and Tandem was built
 * with libsystemd; else these do nothing. Loop thread.
 */
#pragma once

#include <stdint.h>

void notify_ready(const char *status);
/* A reload begins; notify_ready() follows, whatever became of it. */
void notify_reloading(void);
/* The end begins, and may take until WITHIN_US from now. */
void notify_stopping(uint64_t within_us);
void notify_status(const char *status);
/* We are alive. To be said more often than every notify_watchdog_us(). */
void notify_alive(void);
/* 0: nobody watches. */
uint64_t notify_watchdog_us(void);
