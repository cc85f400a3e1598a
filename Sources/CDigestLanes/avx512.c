/// The kernels in AVX-512: compiled for every x86-64, called if `cdl_find` selects them.
#include "kernels.h"

#if defined(__x86_64__)

#define ISA avx512
#define ISA_ID CDL_ISA_AVX512

#include "vector_avx512.h"

#include "sha256.h"

#include "sha512.h"

#include "blake2b.h"

#endif
