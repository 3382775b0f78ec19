package import Platform

/// An answer that is no 200. Mozilla's client fails the COMPILATION on every 4xx and goes local on a 5xx
/// (protocol reference, section 10): 4xx is for what will not go away by itself, never for a job that
/// expired, a server that was restarted or a full disk.
package struct ErrorResponse: Error, Sendable, Equatable {
  package var status: Int
  /// `WWW-Authenticate`, if the response has it.
  package var challenge: String?
  /// None when the body is empty or bare text, or the server's refusal of a token.
  package var contentType: String?
  package var body: [UInt8]

  init(status: Int, challenge: String? = nil, contentType: String? = nil, body: [UInt8] = []) {
    self.status = status
    self.challenge = challenge
    self.contentType = contentType
    self.body = body
  }

  /// An error with its causes, the outermost first, as JSON. With a challenge the content type is left
  /// out, as Mozilla's server does.
  package static func described(
    _ status: Int, _ descriptions: [String], challenge: String? = nil
  ) -> ErrorResponse {
    let chain = descriptions.reversed().reduce(JSONValue.null) { cause, description in
      .object([("description", .text(description)), ("cause", cause)])
    }
    return ErrorResponse(
      status: status, challenge: challenge,
      contentType: challenge == nil ? "application/json; charset=utf-8" : nil, body: chain.bytes)
  }

  /// The reason phrase of the status line.
  package var reasonPhrase: String {
    switch status {
    case 400: "Bad Request"
    case 401: "Unauthorized"
    case 404: "Not Found"
    case 500: "Internal Server Error"
    case 503: "Service Unavailable"
    default: "Error"
    }
  }
}

// Whatever is asked.
extension ErrorResponse {
  /// No such path, another method, or an id or address in the path that is none.
  package static let notFound = ErrorResponse(status: 404)

  /// Something of ours failed and there is nothing to say about it.
  package static let internalError = ErrorResponse(
    status: 500, contentType: "text/html; charset=utf-8",
    body: Array(
      "<h1>Internal Server Error</h1><p>An internal error has occurred on the server.</p>".utf8))

  /// A body that should be bincode was announced as something else.
  package static let noBinaryContentType = described(
    400, ["the request didn't have a binary content type"])

  /// A body that is no message.
  package static func malformedBody(_ fault: MalformedMessage) -> ErrorResponse {
    described(400, ["error while parsing the bincode body", fault.wireText])
  }
}

// The scheduler's.
extension ErrorResponse {
  /// alloc_job without a token.
  package static let noBearer = ErrorResponse(
    status: 401, challenge: "Bearer error=\"no_bearer_auth\"")

  /// Why a client's token is refused; each kind of authentication has one text.
  package enum Refusal: String, Sendable {
    case sharedToken = "Fixed token mismatch"
    case webToken = "JWT could not be validated"
    case proxyToken = "Validation with token forwarding failed"
  }

  /// alloc_job with a token that is refused.
  package static func bearerRefused(_ refusal: Refusal) -> ErrorResponse {
    ErrorResponse(
      status: 401, challenge: "Bearer error=\"bearer_auth_failed\"",
      body: Array(refusal.rawValue.utf8))
  }

  /// cancel_job with a token that is not the job's, or for a job that is not known (any more).
  package static let jobTokenRefused = ErrorResponse(
    status: 401, challenge: "Bearer error=\"invalid_bearer_token\"",
    body: Array("the token is not this job's, or the job is not known".utf8))

  /// A server's call without a good token.
  package static let serverTokenRefused = ErrorResponse(
    status: 401, challenge: "Bearer error=\"invalid_bearer_token\"")

  /// A server's call with a good token from another address than the token says.
  package static let serverAddressDiffers = ErrorResponse(
    status: 401, challenge: "Bearer error=\"invalid_bearer_token_mismatched_address\"")

  /// A proxy's `X-Real-IP` that is no address.
  package static let badRealAddress = ErrorResponse(status: 400)

  /// server_certificate of a server that is not there.
  package static let noCertificate = described(500, ["server cert not available"])

  /// alloc_job when no server took the job. The causes, outermost first.
  package static func assignFailed(_ causes: [String]) -> ErrorResponse {
    described(500, ["assign job failed, job un-assigned from the server"] + causes)
  }

  /// heartbeat_server that cannot be: no CPUs, say.
  package static func heartbeatRefused(_ reason: String) -> ErrorResponse {
    described(500, [reason])
  }

  /// job_state of a job that is not known.
  package static let unknownJob = described(500, ["Unknown job"])

  /// job_state from another server than the job's.
  package static func foreignJob(_ job: JobID, server: SocketAddress) -> ErrorResponse {
    described(500, ["Job id \(job) is not registered on server \(server)"])
  }

  /// job_state that leads backwards or leaves a state out.
  package static func badTransition(from old: JobState, to new: JobState) -> ErrorResponse {
    described(500, ["Invalid job state transition from \(old.name) to \(new.name)"])
  }
}

// A server's.
extension ErrorResponse {
  private static let badToken = "Bearer error=\"invalid_jwt\""

  /// No `Authorization`, or not a bearer token.
  package static let noAuthorization = described(
    401, ["no Authorization header"], challenge: badToken)

  /// A job token that is refused. Transient for Mozilla's client, which gets it after a restart of the
  /// server and then fails the compilation: see `tokenOutdated`.
  package static func tokenRefused(_ fault: TokenFault) -> ErrorResponse {
    let text =
      fault == .otherClaims ? "mismatched claims" : "JWT decode failed: \(fault.wireText)"
    return described(401, [text], challenge: badToken)
  }

  /// The same for the clients that would fail a compilation over it.
  package static func tokenOutdated(_ fault: TokenFault) -> ErrorResponse {
    described(500, ["the job's token is not valid (any more)", fault.wireText])
  }

  /// The scheduler did not take a job_state. The causes, outermost first.
  package static func stateUpdateFailed(_ causes: [String]) -> ErrorResponse {
    described(500, ["Updating job state failed"] + causes)
  }

  /// run_job's body cannot be split.
  package static func badRunJob(_ fault: RunJobFault) -> ErrorResponse {
    switch fault {
    case .noLength:
      described(500, ["failed to read run job input length", "failed to fill whole buffer"])
    case .malformedHeader(let fault):
      described(500, ["failed to deserialize run job request", fault.wireText])
    case .headerTooLarge(let count, let limit):
      described(
        500,
        [
          "failed to deserialize run job request",
          "a header of \(count) bytes is more than the \(limit) that are taken",
        ])
    }
  }

  /// run_job in a form that this server does not take.
  package static let unknownJobForm = described(
    400, ["\(JobForm.header): this server takes no such form of a job"])

  /// The job could not be run. The causes, outermost first.
  package static func buildFailed(_ causes: [String]) -> ErrorResponse {
    described(500, ["run build failed"] + causes)
  }
}
