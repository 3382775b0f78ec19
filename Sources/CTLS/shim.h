#pragma once
/* TLS for a client (OpenSSL). Much of its interface is macros, which Swift can't call. */
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <string.h>

/* A context for clients, or null. Authorities: those of the file (PEM), or the system's for null.
   Returns null when the file can't be used, too. */
static inline SSL_CTX *ctls_new_context(const char *authorities, int verifies) {
  SSL_CTX *context = SSL_CTX_new(TLS_client_method());
  if (!context) return 0;
  SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
  /* What was not taken may be offered again from another place in memory; a peer that closes without
     saying so ends a connection like any other. */
  SSL_CTX_set_mode(context, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
                                SSL_MODE_AUTO_RETRY);
  SSL_CTX_set_options(context, SSL_OP_IGNORE_UNEXPECTED_EOF);
  SSL_CTX_set_verify(context, verifies ? SSL_VERIFY_PEER : SSL_VERIFY_NONE, 0);
  int done = !verifies ? 1
             : authorities ? SSL_CTX_load_verify_locations(context, authorities, 0)
                           : SSL_CTX_set_default_verify_paths(context);
  if (done == 1) return context;
  SSL_CTX_free(context);
  ERR_clear_error();
  return 0;
}

/* A session on a connected socket, which stays the caller's. The certificate must have been made for
   the name, or for the address when is_address is set. */
static inline SSL *ctls_new_session(SSL_CTX *context, int socket, const char *name, int is_address) {
  SSL *session = SSL_new(context);
  if (!session) return 0;
  X509_VERIFY_PARAM *rules = SSL_get0_param(session);
  int done = is_address ? X509_VERIFY_PARAM_set1_ip_asc(rules, name)
                        : X509_VERIFY_PARAM_set1_host(rules, name, 0) == 1 &&
                              SSL_set_tlsext_host_name(session, name) == 1;
  X509_VERIFY_PARAM_set_hostflags(rules, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
  if (done == 1 && SSL_set_fd(session, socket) == 1) return session;
  SSL_free(session);
  ERR_clear_error();
  return 0;
}

/* What went wrong last, as one line. */
static inline void ctls_reason(const SSL *session, char *text, size_t room) {
  long code = session ? SSL_get_verify_result(session) : X509_V_OK;
  const char *reason = code != X509_V_OK ? X509_verify_cert_error_string(code)
                                         : ERR_reason_error_string(ERR_peek_last_error());
  strncpy(text, reason ? reason : "the connection broke off", room - 1);
  text[room - 1] = 0;
  ERR_clear_error();
}
