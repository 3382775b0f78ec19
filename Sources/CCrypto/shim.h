#pragma once
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/bio.h>
#include <openssl/ec.h>
#include <openssl/param_build.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509v3.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* A certificate made by ccrypto_self_signed; the memory is the caller's until it is freed. */
struct ccrypto_certificate {
  uint8_t *certificate, *key;
  size_t certificate_length, key_length;
  uint8_t digest[32];
};

static inline void ccrypto_free_certificate(struct ccrypto_certificate *it) {
  free(it->certificate);
  if (it->key) OPENSSL_cleanse(it->key, it->key_length);
  free(it->key);
  memset(it, 0, sizeof *it);
}

/* The bytes of a memory BIO, copied. BIO_get_mem_data is a macro. */
static inline uint8_t *ccrypto_bio_bytes(BIO *bio, size_t *length) {
  char *start = 0;
  long count = BIO_get_mem_data(bio, &start);
  uint8_t *copy = count > 0 ? malloc((size_t)count) : 0;
  if (copy) memcpy(copy, start, (size_t)count);
  *length = copy ? (size_t)count : 0;
  return copy;
}

static inline int ccrypto_add_extension(X509 *certificate, int kind, const char *value) {
  X509V3_CTX context;
  X509V3_set_ctx_nodb(&context);
  X509V3_set_ctx(&context, certificate, certificate, 0, 0, 0);
  X509_EXTENSION *extension = X509V3_EXT_conf_nid(0, &context, kind, value);
  if (!extension) return 0;
  int added = X509_add_ext(certificate, extension, -1);
  X509_EXTENSION_free(extension);
  return added;
}

static inline int ccrypto_fill_certificate(X509 *certificate, EVP_PKEY *key, const char *name,
                                           const char *alternative, const char *unit,
                                           uint64_t serial, int days) {
  X509_NAME *subject = X509_get_subject_name(certificate);
  return X509_set_version(certificate, 2) == 1 &&
         ASN1_INTEGER_set_uint64(X509_get_serialNumber(certificate), serial >> 1 | 1) == 1 &&
         /* A clock elsewhere that is off by hours (a time zone taken for another) shall not matter. */
         X509_gmtime_adj(X509_getm_notBefore(certificate), -86400) &&
         X509_gmtime_adj(X509_getm_notAfter(certificate), (long)days * 86400) &&
         X509_set_pubkey(certificate, key) == 1 &&
         X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_UTF8, (const uint8_t *)name, -1, -1,
                                    0) == 1 &&
         X509_NAME_add_entry_by_txt(subject, "OU", MBSTRING_UTF8, (const uint8_t *)unit, -1, -1,
                                    0) == 1 &&
         X509_set_issuer_name(certificate, subject) == 1 &&
         ccrypto_add_extension(certificate, NID_subject_alt_name, alternative) &&
         ccrypto_add_extension(certificate, NID_ext_key_usage, "serverAuth") &&
         X509_sign(certificate, key, EVP_sha256()) > 0;
}

/* Makes a P-256 key and a certificate signed with it. Returns null, or the step that failed. */
static inline const char *ccrypto_self_signed(const char *name, const char *alternative,
                                              const char *unit, uint64_t serial, int days,
                                              struct ccrypto_certificate *out) {
  memset(out, 0, sizeof *out);
  EVP_PKEY *key = EVP_EC_gen("P-256");
  X509 *certificate = X509_new();
  BIO *first = BIO_new(BIO_s_mem()), *second = BIO_new(BIO_s_mem());
  const char *failure = 0;
  unsigned length = 0;
  if (!key) failure = "making a key";
  else if (!certificate || !first || !second) failure = "taking memory";
  else if (!ccrypto_fill_certificate(certificate, key, name, alternative, unit, serial, days))
    failure = "filling and signing it";
  else if (X509_digest(certificate, EVP_sha256(), out->digest, &length) != 1)
    failure = "its digest";
  else if (PEM_write_bio_X509(first, certificate) != 1 ||
           PEM_write_bio_PKCS8PrivateKey(second, key, 0, 0, 0, 0, 0) != 1)
    failure = "writing it down";
  else {
    out->certificate = ccrypto_bio_bytes(first, &out->certificate_length);
    out->key = ccrypto_bio_bytes(second, &out->key_length);
    if (!out->certificate || !out->key) failure = "taking memory";
  }
  BIO_free(first);
  BIO_free(second);
  X509_free(certificate);
  EVP_PKEY_free(key);
  if (failure) ccrypto_free_certificate(out);
  return failure;
}

/* 1 and the SHA-256 of the first certificate's DER, or 0. */
static inline int ccrypto_digest_of_pem(const void *pem, int length, uint8_t *digest) {
  BIO *bio = BIO_new_mem_buf(pem, length);
  X509 *certificate = bio ? PEM_read_bio_X509(bio, 0, 0, 0) : 0;
  unsigned count = 0;
  int done = certificate && X509_digest(certificate, EVP_sha256(), digest, &count) == 1;
  X509_free(certificate);
  BIO_free(bio);
  return done;
}
#include <openssl/hmac.h>

/* 1 when the signature of the message verifies with the RSA key (RFC 8017, PKCS #1 v1.5 or PSS with a
   salt as long as the digest). The numbers are big-endian. */
static inline int ccrypto_rsa_verifies(const uint8_t *n, size_t n_length, const uint8_t *e,
                                       size_t e_length, const char *digest, int is_pss,
                                       const uint8_t *message, size_t length,
                                       const uint8_t *signature, size_t signature_length) {
  BIGNUM *modulus = BN_bin2bn(n, (int)n_length, 0), *exponent = BN_bin2bn(e, (int)e_length, 0);
  OSSL_PARAM_BLD *builder = OSSL_PARAM_BLD_new();
  OSSL_PARAM *parameters = 0;
  EVP_PKEY_CTX *making = EVP_PKEY_CTX_new_from_name(0, "RSA", 0);
  EVP_PKEY *key = 0;
  EVP_MD_CTX *context = EVP_MD_CTX_new();
  EVP_PKEY_CTX *options = 0;
  int verifies = 0;
  if (modulus && exponent && builder && making && context &&
      OSSL_PARAM_BLD_push_BN(builder, "n", modulus) == 1 &&
      OSSL_PARAM_BLD_push_BN(builder, "e", exponent) == 1 &&
      (parameters = OSSL_PARAM_BLD_to_param(builder)) && EVP_PKEY_fromdata_init(making) == 1 &&
      EVP_PKEY_fromdata(making, &key, EVP_PKEY_PUBLIC_KEY, parameters) == 1 &&
      EVP_DigestVerifyInit_ex(context, &options, digest, 0, 0, key, 0) == 1 &&
      EVP_PKEY_CTX_set_rsa_padding(options, is_pss ? RSA_PKCS1_PSS_PADDING : RSA_PKCS1_PADDING) ==
          1 &&
      (!is_pss || EVP_PKEY_CTX_set_rsa_pss_saltlen(options, RSA_PSS_SALTLEN_DIGEST) == 1))
    verifies = EVP_DigestVerify(context, signature, signature_length, message, length) == 1;
  EVP_MD_CTX_free(context);
  EVP_PKEY_free(key);
  EVP_PKEY_CTX_free(making);
  OSSL_PARAM_free(parameters);
  OSSL_PARAM_BLD_free(builder);
  BN_free(modulus);
  BN_free(exponent);
  return verifies;
}

/* A password is never asked for: the terminal is not ours. */
static inline int ccrypto_no_password(char *buffer, int size, int writing, void *context) {
  (void)buffer, (void)size, (void)writing, (void)context;
  return -1;
}

/* The length of an RSA signature (PKCS #1 v1.5, SHA-256) with the private key in a PEM text, or 0: the
   text holds no such key, or there is no room. */
static inline size_t ccrypto_rsa_sign(const uint8_t *pem, size_t pem_length, const uint8_t *message,
                                      size_t length, uint8_t *signature, size_t room) {
  BIO *bio = BIO_new_mem_buf(pem, (int)pem_length);
  EVP_PKEY *key = bio ? PEM_read_bio_PrivateKey(bio, 0, ccrypto_no_password, 0) : 0;
  EVP_MD_CTX *context = EVP_MD_CTX_new();
  size_t written = room;
  if (!key || !context || !EVP_PKEY_is_a(key, "RSA") || (size_t)EVP_PKEY_get_size(key) > room ||
      EVP_DigestSignInit(context, 0, EVP_sha256(), 0, key) != 1 ||
      EVP_DigestSign(context, signature, &written, message, length) != 1)
    written = 0;
  EVP_MD_CTX_free(context);
  EVP_PKEY_free(key);
  BIO_free(bio);
  return written;
}
