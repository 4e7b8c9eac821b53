/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Of hop.c: the same NFs joined by libxdp's dispatcher, which calls them by freplace. */
#ifndef DISPATCHER_H
#define DISPATCHER_H

#include <errno.h>
#include <net/if.h>
#include <stdio.h>
#include <unistd.h>

#include <xdp/libxdp.h>

enum {
	DISPATCHER_MAX = 10 /* programs; libxdp's xdp-dispatcher.c */
};

static int dispatcher_say_nothing(enum libxdp_print_level level, const char *fmt, va_list args)
{
	return 0;
}

/* All but the last pass the packet on. A negative errno as libxdp gives it, or 0. */
static int dispatcher_open(const char *object, int length, struct xdp_program **programs)
{
	for (int i = 0; i < length; i++) {
		DECLARE_LIBXDP_OPTS(xdp_program_opts, opts, .open_filename = object,
				    .prog_name = i + 1 < length ? "dispatched" : "fused_1");
		long err;

		programs[i] = xdp_program__create(&opts);
		err = libxdp_get_error(programs[i]);
		if (err) {
			programs[i] = NULL;
			return (int)err;
		}
		xdp_program__set_chain_call_enabled(programs[i], XDP_PASS, true);
	}
	return 0;
}

static int dispatcher_main(int ifindex)
{
	struct xdp_multiprog *all = xdp_multiprog__get_from_ifindex(ifindex);
	int fd = libxdp_get_error(all) ? -ENOENT
		 : xdp_multiprog__is_legacy(all)
			 ? -EOPNOTSUPP
			 : dup(xdp_program__fd(xdp_multiprog__main_prog(all)));

	if (!libxdp_get_error(all))
		xdp_multiprog__close(all);
	return fd;
}

/*
 * Attach `length` times the NF of an object to an interface. The dispatcher's
 * descriptor; or a negative errno: -EOPNOTSUPP: without freplace.
 */
static int dispatcher_load(const char *object, int length, const char *interface)
{
	struct xdp_program *programs[DISPATCHER_MAX] = {};
	int ifindex = (int)if_nametoindex(interface), err;

	libxdp_set_print(dispatcher_say_nothing);
	err = length > DISPATCHER_MAX ? -E2BIG : dispatcher_open(object, length, programs);
	if (!err)
		err = xdp_program__attach_multi(programs, length, ifindex, XDP_MODE_NATIVE, 0);
	for (int i = 0; i < DISPATCHER_MAX; i++)
		xdp_program__close(programs[i]);
	return err ? err : dispatcher_main(ifindex);
}

#endif
