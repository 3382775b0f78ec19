import Farm
import NIOCore
import NIOHTTP1
import NIOPosix
import NIOSSL
import Platform
import Synchronization
import Transport

/// Build servers that take every job: listeners with TLS that answer assign_job.
struct IdleServers: Sendable {
  let addresses: [ServerAddress]
  private let counter: Counter

  /// Jobs that were announced.
  var assignments: Int { counter.value.load(ordering: .relaxed) }

  fileprivate final class Counter: Sendable {
    let value = Atomic(0)
  }

  init(
    count: Int, _ certificate: SelfSignedCertificate, _ group: MultiThreadedEventLoopGroup
  ) async throws {
    var configuration = TLSConfiguration.makeServerConfiguration(
      certificateChain: try NIOSSLCertificate.fromPEMBytes(certificate.certificatePEM)
        .map { .certificate($0) },
      privateKey: .privateKey(try NIOSSLPrivateKey(bytes: certificate.keyPEM, format: .pem)))
    configuration.applicationProtocols = ["http/1.1"]
    let context = try NIOSSLContext(configuration: configuration)
    let counter = Counter()
    let bootstrap = ServerBootstrap(group: group)
      .serverChannelOption(.backlog, value: 256)
      .childChannelInitializer { channel in
        channel.eventLoop.makeCompletedFuture {
          let pipeline = channel.pipeline.syncOperations
          try pipeline.addHandler(NIOSSLServerHandler(context: context))
          try pipeline.configureHTTPServerPipeline()
          try pipeline.addHandler(AssignHandler(counter))
        }
      }
      .childChannelOption(.tcpOption(.tcp_nodelay), value: 1)
    var addresses: [ServerAddress] = []
    for _ in 0..<count {
      let channel = try await bootstrap.bind(host: "127.0.0.1", port: 0).get()
      let port = UInt16(clamping: channel.localAddress?.port ?? 0)
      addresses.append(ServerAddress(host: .v4(0x7f00_0001), port: port))
    }
    self.addresses = addresses
    self.counter = counter
  }
}

private final class AssignHandler: ChannelInboundHandler {
  typealias InboundIn = HTTPServerRequestPart
  typealias OutboundOut = HTTPServerResponsePart

  private let counter: IdleServers.Counter
  private static let answer = ByteBuffer(bytes: AssignmentAnswer(needsToolchain: false).body)

  init(_ counter: IdleServers.Counter) { self.counter = counter }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    guard case .end = unwrapInboundIn(data) else { return }
    counter.value.add(1, ordering: .relaxed)
    let head = HTTPResponseHead(
      version: .http1_1, status: .ok,
      headers: [
        "content-type": "application/octet-stream",
        "content-length": String(Self.answer.readableBytes),
      ])
    context.write(wrapOutboundOut(.head(head)), promise: nil)
    context.write(wrapOutboundOut(.body(.byteBuffer(Self.answer))), promise: nil)
    context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
  }

  func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }
}
