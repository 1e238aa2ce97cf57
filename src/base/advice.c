#include "base/advice.h"

#include <stdatomic.h>
#include <stdbool.h>

static atomic_bool is_in_use;

const char *advice_start_over(void)
{
	return atomic_load(&is_in_use) ? "leave the target alone, as it may be in use" :
					 "drop what was copied on the target and start from scratch";
}

void advice_target_in_use(void)
{
	atomic_store(&is_in_use, true);
}
