/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The body of count and its variants, which differ in their map, `seen`. */
#ifndef COUNT_OF
#define COUNT_OF(value) (value)
#endif

enum count_action {
	NEXT
};

NF(count, enum count_action)
{
	typeof(*seen.key) key = { 0 };
	typeof(*seen.value) one = { 0 };
	typeof(*seen.value) *value = map_view(&seen, &key);

	*(__u32 *)&one = 1;
	if (value)
		atomic_add(COUNT_OF(value), 1);
	else
		map_put_new(&seen, &key, &one);
	return NEXT;
}
