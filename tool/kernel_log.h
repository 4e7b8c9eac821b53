/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What libbpf and the verifier say while they work: shown as it comes under
 * -v, else kept back so that a failure can quote its cause in one line.
 */
#ifndef KERNEL_LOG_H
#define KERNEL_LOG_H

/* Take over libbpf's output. Once, before any use of libbpf. */
void kernel_log_init(void);

void kernel_log_clear(void);

/* libbpf's last complaint since then, without its prefix; if none, what the caller has. */
const char *kernel_log_last(const char *otherwise);

/* The line of a verifier's log that says what is wrong; NULL: it says nothing. In static memory. */
const char *kernel_log_verdict(const char *log);

#endif
