/* OpenSSL's message digests (EVP): what Digests/ hashes with. */
#include <openssl/evp.h>
#include <openssl/err.h>
