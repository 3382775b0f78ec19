import HummingbirdCore
import HTTPTypes
import HummingbirdTLS
package import Logging
import NIOCore
import NIOPosix
import NIOSSL
import ServiceLifecycle
import Synchronization

/// A request as it stands when its head has arrived.
package struct HTTPRequestHead: Sendable {
  package var method: String
  /// Percent-encoded as it came, without the query.
  package var path: String
  /// Whom the kernel says we talk to: an address without its port. Nil: not over IP.
  package var peer: String?
  /// Its port: what tells two connections of one machine apart. Nil: not over IP.
  package var peerPort: Int?
  private let fields: HTTPFields

  fileprivate init(_ request: Request, _ channel: any Channel) {
    method = request.method.rawValue
    path = request.uri.path
    peer = channel.remoteAddress?.ipAddress
    peerPort = channel.remoteAddress?.port
    fields = request.headers
  }

  /// The first value of a header, by its name in any case.
  package func header(_ name: String) -> String? {
    HTTPField.Name(name).flatMap { fields[$0] }
  }
}

/// Why a request's body can't be had.
package enum HTTPBodyFailure: Error, Sendable, Equatable {
  case tooLarge(limit: Int)
  /// Nothing came for too long, or it all took too long.
  case timedOut
  /// The client went away.
  case closed
}

/// What a server says.
package struct HTTPReply: Sendable {
  package var status: Int
  package var headers: [(name: String, value: String)]
  package var body: [UInt8]

  package init(status: Int, headers: [(name: String, value: String)] = [], body: [UInt8] = []) {
    self.status = status
    self.headers = headers
    self.body = body
  }
}

/// A request's body, read in pieces within limits.
package struct HTTPBody: Sendable {
  private let body: RequestBody
  private let close: @Sendable () -> Void
  private let deadlines: HTTPServerLimits
  /// Nothing of it is left on the connection.
  fileprivate let isComplete: Flag

  fileprivate init(_ body: RequestBody, _ channel: any Channel, _ limits: HTTPServerLimits) {
    self.body = body
    close = { channel.close(promise: nil) }
    deadlines = limits
    isComplete = Flag()
  }

  /// Hands over each piece as it comes.
  package func read(
    limit: Int, seconds: Int, _ take: @Sendable ([UInt8]) async throws -> Void
  ) async throws {
    let watch = BodyWatch(seconds: seconds, silence: deadlines.bodySilenceSeconds, close)
    defer { watch.end() }
    var total = 0
    do {
      for try await piece in body {
        watch.sawBytes()
        total += piece.readableBytes
        guard total <= limit else { throw HTTPBodyFailure.tooLarge(limit: limit) }
        try await take(Array(piece.readableBytesView))
      }
    } catch {
      if watch.hasExpired { throw HTTPBodyFailure.timedOut }
      throw error
    }
    if watch.hasExpired { throw HTTPBodyFailure.timedOut }
    isComplete.set()
  }

  /// The whole body in memory.
  package func collect(limit: Int, seconds: Int = 30) async throws -> [UInt8] {
    let bytes = Mutex<[UInt8]>([])
    try await read(limit: limit, seconds: seconds) { piece in
      bytes.withLock { $0.append(contentsOf: piece) }
    }
    return bytes.withLock { $0 }
  }
}

/// What this task prefers to run on, which tasks that are no children of it don't inherit.
private func presentExecutor() -> (any TaskExecutor)? {
  withUnsafeCurrentTask { $0?.unownedTaskExecutor?.asTaskExecutor() }
}

/// Closes a connection whose body does not come on: a reader that waits can't be woken otherwise.
private final class BodyWatch: Sendable {
  private struct State {
    var lastBytes = ContinuousClock.now
    var hasExpired = false
  }
  private let state = Mutex(State())
  private let task = Mutex<Task<Void, Never>?>(nil)

  init(seconds: Int, silence: Int, _ close: @escaping @Sendable () -> Void) {
    let end = ContinuousClock.now + .seconds(seconds)
    let silence = Duration.seconds(silence)
    let task = Task(executorPreference: presentExecutor()) { [weak self] in
      while !Task.isCancelled {
        guard let last = self?.state.withLock({ $0.lastBytes }) else { return }
        let next = min(end, last + silence)
        if ContinuousClock.now >= next {
          self?.state.withLock { $0.hasExpired = true }
          close()
          return
        }
        try? await Task.sleep(until: next, clock: .continuous)
      }
    }
    self.task.withLock { $0 = task }
  }

  var hasExpired: Bool { state.withLock { $0.hasExpired } }
  func sawBytes() { state.withLock { $0.lastBytes = .now } }
  func end() { task.withLock { $0?.cancel() } }
}

/// Bounds of a server towards whoever connects.
package struct HTTPServerLimits: Sendable {
  /// Connections at once; more wait in the kernel's queue.
  package var connections = 20_000
  /// Seconds a connection may be open without a request on it.
  package var idleSeconds = 30
  /// Seconds between two pieces of a body.
  package var bodySilenceSeconds = 30
  /// Seconds that answers may take when the server ends.
  package var farewellSeconds = 10
  package init() {}
}

/// A certificate and its key, PEM.
package struct HTTPServerIdentity: Sendable {
  package var certificates: [UInt8]
  package var key: [UInt8]

  package init(certificates: [UInt8], key: [UInt8]) {
    self.certificates = certificates
    self.key = key
  }

  fileprivate func configuration() throws -> TLSConfiguration {
    var configuration = TLSConfiguration.makeServerConfiguration(
      certificateChain: try NIOSSLCertificate.fromPEMBytes(certificates).map { .certificate($0) },
      privateKey: .privateKey(try NIOSSLPrivateKey(bytes: key, format: .pem)))
    configuration.minimumTLSVersion = .tlsv12
    configuration.applicationProtocols = ["http/1.1"]
    // A client that keeps its connection for later doesn't answer when it is closed.
    configuration.shutdownTimeout = .seconds(1)
    return configuration
  }
}

/// Answers requests. `isWanted` turns false when the client goes away before the reply.
package typealias HTTPHandler =
  @Sendable (
    _ head: HTTPRequestHead, _ body: HTTPBody, _ isWanted: @escaping @Sendable () -> Bool
  ) async -> HTTPReply

/// An HTTP/1.1 server on Hummingbird's core.
package struct HTTPServer: Sendable {
  private let host: String
  private let port: Int
  private let identity: HTTPServerIdentity?
  private let limits: HTTPServerLimits
  private let logger: Logger
  private let handler: HTTPHandler

  /// - Parameters:
  ///   - host: a literal address.
  ///   - identity: TLS is spoken when it is given.
  package init(
    host: String, port: Int, identity: HTTPServerIdentity? = nil,
    limits: HTTPServerLimits = HTTPServerLimits(), logger: Logger, handler: @escaping HTTPHandler
  ) {
    self.host = host
    self.port = port
    self.identity = identity
    self.limits = limits
    self.logger = logger
    self.handler = handler
  }

  /// Serves until the task is cancelled; what is being answered then has a moment to be answered, after
  /// which its `isWanted` turns false.
  ///
  /// - Parameter ready: gets the port, which matters when 0 was asked for.
  package func run(ready: @escaping @Sendable (Int) -> Void = { _ in }) async throws {
    let plain = HTTPServerBuilder.http1(
      configuration: .init(
        additionalChannelHandlers: [PeerWatch()],
        idleTimeout: .seconds(Int64(limits.idleSeconds))))
    let builder =
      if let identity {
        try HTTPServerBuilder.tls(plain, tlsConfiguration: identity.configuration())
      } else { plain }
    let service = try builder.buildServer(
      configuration: .init(
        address: .hostname(host, port: port), backlog: 4096,
        availableConnectionsDelegate: MaximumAvailableConnections(limits.connections)),
      eventLoopGroup: MultiThreadedEventLoopGroup.singleton, logger: logger,
      responder: { [self] request, writer, channel in
        try await respond(request, writer, channel)
      },
      onServerRunning: { channel in ready(channel.localAddress?.port ?? 0) })
    var configuration = ServiceGroupConfiguration(
      services: [.init(service: service)], gracefulShutdownSignals: [], logger: logger)
    configuration.maximumGracefulShutdownDuration = .seconds(limits.farewellSeconds)
    let group = ServiceGroup(configuration: configuration)
    // A task of its own, since a cancelled one would drop connections that were accepted and not yet
    // looked at: for NIO that is a fatal error.
    let serving = Task(executorPreference: presentExecutor()) { try await group.run() }
    try await withTaskCancellationHandler {
      try await serving.value
    } onCancel: {
      Task { await group.triggerGracefulShutdown() }
    }
  }

  private func respond(
    _ request: Request, _ writer: consuming ResponseWriter, _ channel: any Channel
  ) async throws {
    let isGone = try await PeerWatch.flag(of: channel)
    let body = HTTPBody(request.body, channel, limits)
    let reply = await handler(HTTPRequestHead(request, channel), body) {
      !isGone.isSet && channel.isActive
    }
    var fields = HTTPFields()
    for (name, value) in reply.headers {
      if let name = HTTPField.Name(name) { fields.append(HTTPField(name: name, value: value)) }
    }
    fields[.contentLength] = String(reply.body.count)
    let isLast = Self.hasBody(request) && !body.isComplete.isSet
    if isLast { fields[.connection] = "close" }
    try await writer.write(
      response: HTTPResponse(
        status: .init(code: reply.status), headerFields: fields),
      body: ResponseBody(byteBuffer: ByteBuffer(bytes: reply.body)))
    // A body that nobody wants is read no longer than the client needs to see the reply: closed at
    // once, the connection would be reset, and the reply lost.
    if isLast {
      channel.eventLoop.scheduleTask(in: Self.lastSeconds) { channel.close(promise: nil) }
    }
  }

  private static let lastSeconds = TimeAmount.seconds(1)

  private static func hasBody(_ request: Request) -> Bool {
    request.headers[.transferEncoding] != nil || request.headers[.contentLength] ?? "0" != "0"
  }
}

/// Notices that the client closes its side while a request is answered. The connection itself stays as
/// it is, ready for the next request: whoever waits for the end of the input instead (Hummingbird's
/// `consumeWithInboundCloseHandler`) uses it up.
private final class PeerWatch: ChannelInboundHandler, RemovableChannelHandler {
  typealias InboundIn = NIOAny

  private let isGone = Flag()

  /// The flag of a connection.
  static func flag(of channel: any Channel) async throws -> Flag {
    try await channel.eventLoop.submit {
      try channel.pipeline.syncOperations.handler(type: PeerWatch.self).isGone
    }.get()
  }

  func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
    if let event = event as? ChannelEvent, event == .inputClosed { isGone.set() }
    context.fireUserInboundEventTriggered(event)
  }

  func channelInactive(context: ChannelHandlerContext) {
    isGone.set()
    context.fireChannelInactive()
  }
}

private final class Flag: Sendable {
  private let value = Atomic(false)
  var isSet: Bool { value.load(ordering: .acquiring) }
  func set() { value.store(true, ordering: .releasing) }
}
