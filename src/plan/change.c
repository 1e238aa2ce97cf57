#include "plan/change.h"

#include "base/mem.h"

enum { KEPT_BUFFER_BYTES = 1 << 20 };

void change_begin(struct buf *text)
{
	static const struct change nothing;

	buf_clear(text);
	buf_add(text, &nothing, sizeof(nothing));
}

struct change *change_end(struct buf *text, size_t key_length, size_t head_length,
			  size_t order_length, uint64_t invalid_enums)
{
	size_t length = text->length;
	size_t image_length =
		length - sizeof(struct change) - key_length - head_length - order_length;
	void *memory = length < KEPT_BUFFER_BYTES ? mem_memdup(text->data, length) :
						    mem_resize(buf_take(text), length, 1);
	struct change *change = memory;

	*change = (struct change){ .key_length = key_length,
				   .head_length = head_length,
				   .image_length = image_length,
				   .order_length = order_length,
				   .is_delete = image_length == 0,
				   .invalid_enums = invalid_enums };
	return change;
}
