/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What galette-slow may still do once it has opened everything: no capability,
 * another user, no_new_privs, and few system calls. What is not allowed fails
 * with EPERM, and the caller goes on.
 */
#ifndef SLOWPATH_CONTAIN_H
#define SLOWPATH_CONTAIN_H

/*
 * The supervisor, which runs no NF: it may fork pipes, wait for them, send
 * signals, and use the descriptors it has. 0, or a negative errno after printing
 * an error; the process is then to end.
 */
int contain_supervisor(void);

/*
 * A pipe, a child of the supervisor: it may send and wait on its sockets, run
 * BPF programs that it has descriptors of, sleep, allocate memory, and end.
 */
int contain_pipe(void);

#endif
