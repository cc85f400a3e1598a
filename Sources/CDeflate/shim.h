/* libdeflate: compresses whole buffers, two to three times as fast as zlib. */
#include <libdeflate.h>
