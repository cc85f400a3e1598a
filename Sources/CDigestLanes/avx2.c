/// The kernels in AVX2: compiled for every x86-64, called if `cdl_find` selects them.
#include "kernels.h"

#if defined(__x86_64__)

#define ISA avx2
#define ISA_ID CDL_ISA_AVX2

#include "vector_avx2.h"

#include "sha256.h"

#include "sha512.h"

#include "blake2b.h"

#endif
