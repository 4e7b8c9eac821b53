/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Processes by their numbers, which the kernel gives to others in time. */
#ifndef PROCESS_H
#define PROCESS_H

#include <stdbool.h>
#include <linux/types.h>

#include <galette/abi.h>

/* Start time of a process: field 22 of /proc/PID/stat; 0: there is none. */
__u64 process_start(int pid);

/*
 * A pidfd of galette-slow, if the process of its record is still that one, which
 * is never root's; -1: it is not. The record is a copy: who writes it is another.
 */
int process_open(const struct galette_helper *record);

/* Whether a process has ended, waited for up to ms; -1: for ever. */
bool process_ended(int pidfd, int ms);

/* Send a signal to that process, and never to another that has its number now. */
int process_signal(int pidfd, int signal);

#endif
