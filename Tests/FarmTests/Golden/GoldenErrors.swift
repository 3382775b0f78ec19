// Error responses of Mozilla's sccache-dist 0.16.0 as they passed between its unmodified programs
// on loopback, captured by a recording proxy; keys and tokens are those of a farm that was thrown
// away. Server and Date are left out. Generated once, not to be edited.

extension Golden {
  static let errors: [String: String] = [
    "scheduler-alloc_job-bad-utf8-400": #"""
    HTTP/1.1 400 Bad Request
    Content-Type: application/json; charset=utf-8

    {"description":"error while parsing the bincode body","cause":{"description":"string i\#
    s not valid utf8: invalid utf-8 sequence of 1 bytes from index 0","cause":null}}
    """#,
    "scheduler-alloc_job-huge-length-panic-500": #"""
    HTTP/1.1 500 Internal Server Error
    Content-Type: text/html; charset=utf-8

    <h1>Internal Server Error</h1><p>An internal error has occurred on the server.</p>
    """#,
    "scheduler-alloc_job-no-bearer-401": #"""
    HTTP/1.1 401 Unauthorized
    WWW-Authenticate: Bearer error="no_bearer_auth"


    """#,
    "scheduler-alloc_job-no-content-type-400": #"""
    HTTP/1.1 400 Bad Request
    Content-Type: application/json; charset=utf-8

    {"description":"the request didn't have a binary content type","cause":null}
    """#,
    "scheduler-alloc_job-truncated-400": #"""
    HTTP/1.1 400 Bad Request
    Content-Type: application/json; charset=utf-8

    {"description":"error while parsing the bincode body","cause":{"description":"io error\#
    : failed to fill whole buffer","cause":null}}
    """#,
    "scheduler-alloc_job-wrong-token-401": #"""
    HTTP/1.1 401 Unauthorized
    WWW-Authenticate: Bearer error="bearer_auth_failed"

    Fixed token mismatch
    """#,
    "scheduler-heartbeat-bad-token-401": #"""
    HTTP/1.1 401 Unauthorized
    WWW-Authenticate: Bearer error="invalid_bearer_token"


    """#,
    "scheduler-heartbeat-bad-x-real-ip-400": #"""
    HTTP/1.1 400 Bad Request


    """#,
    "scheduler-heartbeat-wrong-address-401": #"""
    HTTP/1.1 401 Unauthorized
    WWW-Authenticate: Bearer error="invalid_bearer_token_mismatched_address"


    """#,
    "scheduler-job_state-bad-transition-500": #"""
    HTTP/1.1 500 Internal Server Error
    Content-Type: application/json; charset=utf-8

    {"description":"Invalid job state transition from ready to complete","cause":null}
    """#,
    "scheduler-job_state-unknown-job-500": #"""
    HTTP/1.1 500 Internal Server Error
    Content-Type: application/json; charset=utf-8

    {"description":"Unknown job","cause":null}
    """#,
    "scheduler-server_certificate-unknown-500": #"""
    HTTP/1.1 500 Internal Server Error
    Content-Type: application/json; charset=utf-8

    {"description":"server cert not available","cause":null}
    """#,
    "scheduler-unknown-path-404": #"""
    HTTP/1.1 404 Not Found


    """#,
    "server-assign_job-duplicate-panic-500": #"""
    HTTP/1.1 500 Internal Server Error
    Content-Type: text/html; charset=utf-8

    <h1>Internal Server Error</h1><p>An internal error has occurred on the server.</p>
    """#,
    "server-run_job-after-completion-500": #"""
    HTTP/1.1 500 Internal Server Error
    Content-Type: application/json; charset=utf-8

    {"description":"Updating job state failed","cause":{"description":"POST to scheduler j\#
    ob_state failed","cause":{"description":"Error 500 (Headers={\"server\": \"tiny-http (\#
    Rust)\", \"date\": \"Mon, 23 Nov 2026 20:21:17 GMT\", \"content-type\": \"application/\#
    json; charset=utf-8\", \"content-length\": \"42\"}): {\"description\":\"Unknown job\",\#
    \"cause\":null}","cause":null}}}
    """#,
    "server-run_job-bad-header-500": #"""
    HTTP/1.1 500 Internal Server Error
    Content-Type: application/json; charset=utf-8

    {"description":"failed to deserialize run job request","cause":{"description":"io erro\#
    r: failed to fill whole buffer","cause":null}}
    """#,
    "server-run_job-bad-jwt-401": #"""
    HTTP/1.1 401 Unauthorized
    WWW-Authenticate: Bearer error="invalid_jwt"

    {"description":"JWT decode failed: InvalidToken","cause":null}
    """#,
    "server-run_job-bad-signature-401": #"""
    HTTP/1.1 401 Unauthorized
    WWW-Authenticate: Bearer error="invalid_jwt"

    {"description":"JWT decode failed: InvalidSignature","cause":null}
    """#,
    "server-run_job-bad-tar-500": #"""
    HTTP/1.1 500 Internal Server Error
    Content-Type: application/json; charset=utf-8

    {"description":"run build failed","cause":{"description":"Compilation execution failed\#
    ","cause":{"description":"Failed to unpack inputs to overlay","cause":{"description":"\#
    failed to iterate over archive","cause":{"description":"numeric field was not a number\#
    : AAAAAAAA when getting cksum for AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\#
    AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA","cause":null}}}}}
    """#,
    "server-run_job-empty-body-500": #"""
    HTTP/1.1 500 Internal Server Error
    Content-Type: application/json; charset=utf-8

    {"description":"failed to read run job input length","cause":{"description":"failed to\#
     fill whole buffer","cause":null}}
    """#,
    "server-run_job-no-auth-401": #"""
    HTTP/1.1 401 Unauthorized
    WWW-Authenticate: Bearer error="invalid_jwt"

    {"description":"no Authorization header","cause":null}
    """#,
    "server-run_job-token-of-another-job-401": #"""
    HTTP/1.1 401 Unauthorized
    WWW-Authenticate: Bearer error="invalid_jwt"

    {"description":"mismatched claims","cause":null}
    """#,
  ]
}
