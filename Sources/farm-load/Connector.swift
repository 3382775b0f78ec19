import Farm
import NIOCore
import NIOHTTP1
import NIOPosix
import Platform

/// NIO has a type of this name, too.
typealias ServerAddress = Platform.SocketAddress

/// A request of the scheduler.
struct Question: Sendable {
  var call: FarmCall
  var token: String
  var body: [UInt8]
}

/// Asks one question after the other over one connection; runs on the connection's event loop.
protocol Asking: Sendable {
  /// What to ask next; nil: nothing more.
  func next() -> Question?
  /// The answer to the question that was asked last.
  func took(status: UInt, body: ByteBuffer, nanoseconds: Int64)
}

/// Makes connections to the scheduler.
struct Connector: Sendable {
  private let scheduler: ServerAddress
  private let group: MultiThreadedEventLoopGroup

  init(_ scheduler: ServerAddress, _ group: MultiThreadedEventLoopGroup) {
    self.scheduler = scheduler
    self.group = group
  }

  /// Returns when the connection has ended, after the last question or by the scheduler.
  func ask(_ asking: some Asking) async throws {
    let channel = try await ClientBootstrap(group: group)
      .channelOption(.tcpOption(.tcp_nodelay), value: 1)
      .channelInitializer { [scheduler] channel in
        channel.eventLoop.makeCompletedFuture {
          try channel.pipeline.syncOperations.addHTTPClientHandlers()
          try channel.pipeline.syncOperations.addHandler(
            QuestionHandler(asking, host: scheduler.description))
        }
      }
      .connect(host: scheduler.host.description, port: Int(scheduler.port)).get()
    try await channel.closeFuture.get()
  }
}

private final class QuestionHandler<Source: Asking>: ChannelInboundHandler {
  typealias InboundIn = HTTPClientResponsePart
  typealias OutboundOut = HTTPClientRequestPart

  private let asking: Source
  private let host: String
  private var started: Int64 = 0
  private var status: UInt = 0
  private var body = ByteBuffer()

  init(_ asking: Source, host: String) {
    self.asking = asking
    self.host = host
  }

  func channelActive(context: ChannelHandlerContext) { ask(context) }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    switch unwrapInboundIn(data) {
    case .head(let head):
      status = UInt(head.status.code)
      body.clear()
    case .body(var piece): body.writeBuffer(&piece)
    case .end:
      asking.took(status: status, body: body, nanoseconds: Clock.monotonic - started)
      ask(context)
    }
  }

  func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }

  private func ask(_ context: ChannelHandlerContext) {
    guard let question = asking.next() else {
      context.close(promise: nil)
      return
    }
    var head = HTTPRequestHead(
      version: .http1_1, method: .init(rawValue: question.call.method), uri: question.call.path)
    head.headers = [
      "host": host, "authorization": Authorization.header(bearer: question.token),
      "content-type": "application/octet-stream", "content-length": String(question.body.count),
    ]
    started = Clock.monotonic
    context.write(wrapOutboundOut(.head(head)), promise: nil)
    context.write(
      wrapOutboundOut(.body(.byteBuffer(ByteBuffer(bytes: question.body)))), promise: nil)
    context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
  }
}
