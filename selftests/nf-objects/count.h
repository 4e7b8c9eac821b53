/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The body of count and its variants, which differ in their map, `seen`. */
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
		__sync_fetch_and_add((__u32 *)value, 1);
	else
		map_put_new(&seen, &key, &one);
	return NEXT;
}
