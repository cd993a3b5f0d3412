/* The least that a plugin can do with a record of the file: be called, and read its price. */
#include <stdint.h>
#include <string.h>

int64_t floor_tick(const unsigned char *record)
{
	int64_t price;

	memcpy(&price, record + 8, sizeof price);
	return price;
}
