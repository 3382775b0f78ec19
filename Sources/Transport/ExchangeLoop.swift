import CCurl
import Platform

/// Drives one exchange on the thread that calls, and beside it the questions for signs of life.
struct ExchangeLoop {
  enum End {
    case finished(CURLcode)
    case unwanted
    case silent
  }

  private let handle: CurlHandle
  private var vigil: Vigil?
  private let isWanted: () -> Bool
  private let isLate: (_ waited: Int64) -> Bool
  /// Between two questions whether it still is wanted, in nanoseconds.
  private static let turn: Int64 = 250_000_000

  /// - Parameter isLate: the answer should have begun after so many nanoseconds of waiting.
  init(
    _ handle: CurlHandle, _ check: HTTPLifeCheck?, signs: SignsOfLife,
    isWanted: @escaping () -> Bool, isLate: @escaping (_ waited: Int64) -> Bool
  ) {
    self.isLate = isLate
    self.handle = handle
    vigil = check.map { Vigil($0, beside: handle, signs: signs) }
    self.isWanted = isWanted
  }

  consuming func run() -> End {
    guard curl_multi_add_handle(handle.loop, handle.transfer) == CURLM_OK else {
      return .finished(CURLE_FAILED_INIT)
    }
    defer { curl_multi_remove_handle(handle.loop, handle.transfer) }
    // Also at the beginning: what nobody wants any more is not begun.
    var sinceAsked = Self.turn
    var total: Int64 = 0
    while true {
      var running: Int32 = 0
      guard curl_multi_perform(handle.loop, &running) == CURLM_OK else {
        return .finished(CURLE_RECV_ERROR)
      }
      if let code = finishedTransfer() { return .finished(code) }
      if isLate(total) { return .finished(CURLE_OPERATION_TIMEDOUT) }
      vigil?.look()
      if vigil?.isOver == true { return .silent }
      if sinceAsked >= Self.turn {
        guard isWanted() else { return .unwanted }
        sinceAsked = 0
      }
      let waited = wait(atMost: min(Self.turn, vigil?.next ?? Self.turn))
      sinceAsked += waited
      total += waited
      vigil?.pass(waited)
    }
  }

  private mutating func finishedTransfer() -> CURLcode? {
    var left: Int32 = 0
    while let message = curl_multi_info_read(handle.loop, &left) {
      guard message.pointee.msg == CURLMSG_DONE else { continue }
      let code = message.pointee.data.result
      if message.pointee.easy_handle == handle.transfer { return code }
      vigil?.ended(code)
    }
    return nil
  }

  /// Until something comes. What is told is the time that was waited for the peer: not what this machine
  /// took, when it was busy elsewhere or stood still itself, to go on afterwards.
  private func wait(atMost limit: Int64) -> Int64 {
    let start = Clock.monotonic
    curl_multi_poll(handle.loop, nil, 0, Int32(max(1, limit / 1_000_000)), nil)
    return min(Clock.monotonic - start, limit)
  }
}
