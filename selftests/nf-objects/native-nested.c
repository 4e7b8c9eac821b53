/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
// world: native
/* Files where none is read, and where some are: in what has no name. */
#include <galette/nf.h>

enum native_nested {
	DONE
};

struct pair {
	nf_file files[2];
};

NF_CONFIG(struct {
	struct pair pair;
	struct {
		__u32 limit;
		nf_file unnamed;
	};
});

NF(native_nested, enum native_nested)
{
	return config.limit ? DONE : DONE;
}
