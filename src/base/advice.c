#include "base/advice.h"

#include <stdatomic.h>

static atomic_bool is_in_use, is_on_way_back, is_of_parts;

const char *advice_start_over(void)
{
	if (atomic_load(&is_on_way_back))
		return "leave both servers alone: the way back ends here";
	return atomic_load(&is_in_use) ? "leave the target alone, as it may be in use" :
					 "drop what was copied on the target and start from scratch";
}

bool advice_may_recopy(void)
{
	return !atomic_load(&is_on_way_back) && !atomic_load(&is_in_use) &&
	       !atomic_load(&is_of_parts);
}

void advice_target_in_use(void)
{
	atomic_store(&is_in_use, true);
}

void advice_on_way_back(void)
{
	atomic_store(&is_on_way_back, true);
}

void advice_of_parts(void)
{
	atomic_store(&is_of_parts, true);
}
