/// The kernel of one SHA-512 message in BMI2 and AVX: the same code as in scalar.c, but
/// a tenth faster with instructions that do not overwrite an operand. (The other two
/// algorithms gain nothing.) Compiled for every x86-64, called if `cdl_find` selects it.
#include "kernels.h"

#if defined(__x86_64__)

#define ISA bmi2
#define ISA_ID CDL_ISA_SCALAR
#define VECTOR_CODE __attribute__((target("bmi2,avx")))

#include "vector_one.h"

#include "sha512.h"

#endif
